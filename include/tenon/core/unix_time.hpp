#pragma once
// UnixTime: a date, as seconds since 1970. Nothing in tenon reads the clock that tells it; the caller does.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon {

struct UnixTime {
    std::int64_t seconds = 0;

    static constexpr std::int64_t max = std::int64_t(1) << 48; // past any date, and far from overflowing
    friend constexpr auto operator<=>(UnixTime, UnixTime) = default;
};

// As people read it: 2026-11-22 09:30 UTC. Dates that are not of the years 1970 to 9999 are cut to them.
class DateText {
  public:
    constexpr explicit DateText(UnixTime time) {
        constexpr std::int64_t last = 253'402'300'799;
        const std::int64_t seconds = time.seconds < 0 ? 0 : time.seconds > last ? last : time.seconds;
        const std::int64_t minutes = seconds / 60;
        // Days are counted from a first of March, after which the leap day is a year's last (Hinnant).
        const std::int64_t day = minutes / 1440 + 719'468, era = day / 146'097, in_era = day % 146'097;
        const std::int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36'524 - in_era / 146'096) / 365;
        const std::int64_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        const std::int64_t since_march = (5 * in_year + 2) / 153;
        const std::int64_t month = since_march < 10 ? since_march + 3 : since_march - 9;
        put(0, 4, year_of_era + era * 400 + (month <= 2 ? 1 : 0));
        put(5, 2, month);
        put(8, 2, in_year - (153 * since_march + 2) / 5 + 1);
        put(11, 2, minutes / 60 % 24);
        put(14, 2, minutes % 60);
    }
    constexpr std::string_view view() const { return {text_, 20}; }

  private:
    constexpr void put(std::size_t at, std::size_t digits, std::int64_t value) {
        for (std::size_t i = digits; i-- > 0; value /= 10)
            text_[at + i] = static_cast<char>('0' + value % 10);
    }
    char text_[21] = "0000-00-00 00:00 UTC";
};

} // namespace tenon
