#pragma once
// Short texts that travel in what is signed (names, roles, addresses), and the times between which it holds.
// Time is the caller's, in seconds since 1970, as its own clock tells.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/unix_time.hpp"

namespace tenon::secure {

// At most `Max` bytes without control characters, so that it can stand in a line of a file or of a log.
template <std::size_t Max>
class Label {
    static_assert(Max < 256);

  public:
    static constexpr std::size_t max = Max;

    Label() = default;
    // For texts that the program knows to fit; those from outside are set().
    Label(std::string_view text) {
        [[maybe_unused]] const bool fits = bool(set(text));
        TENON_ASSERT(fits, "tenon: this text is too long for what it is to be, or has control characters");
    }
    Label(const char* text) : Label(std::string_view(text)) {}

    Result<> set(std::string_view text) {
        if (text.size() > Max) return Error::over_bound;
        for (const char c : text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return Error::malformed;
        tenon::copy(reinterpret_cast<std::byte*>(text_), bytes_of(text));
        size_ = static_cast<std::uint8_t>(text.size());
        return {};
    }
    std::string_view view() const { return {text_, size_}; }
    bool empty() const { return size_ == 0; }

    friend bool operator==(const Label& a, const Label& b) { return a.view() == b.view(); }
    friend bool operator==(const Label& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const Label& a, const char* b) { return a.view() == b; }

  private:
    char text_[Max] = {};
    std::uint8_t size_ = 0;
};

using Role = Label<24>; // viewer, editor, admin, or a game's own
using Name = Label<48>;

using tenon::UnixTime;

// From the first second to before the last.
struct Validity {
    UnixTime from, until;

    constexpr bool is_sound() const {
        return from.seconds >= 0 && from < until && until.seconds <= UnixTime::max;
    }
    // Clocks may differ by `skew` seconds.
    constexpr Result<> check(UnixTime now, std::int64_t skew = 0) const {
        if (now.seconds < from.seconds - skew) return Error::too_early;
        if (now.seconds >= until.seconds + skew) return Error::expired;
        return {};
    }
    friend constexpr bool operator==(const Validity&, const Validity&) = default;
};

} // namespace tenon::secure
