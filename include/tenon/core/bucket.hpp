#pragma once
// Buckets: how much of something is let through, so much a second, and so much at once after a rest. What a
// bucket knows is one moment, until when all that was taken is paid for; time is the caller's.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"

namespace tenon {

struct Allowance {
    std::uint32_t per_second = 0; // 0: as much as comes
    std::uint32_t at_once = 0;    // at least one

    friend constexpr bool operator==(const Allowance&, const Allowance&) = default;
};

// An allowance as buckets count it, so that taking divides nothing.
class Price {
  public:
    Price() = default;
    constexpr explicit Price(const Allowance& allowance)
        : each_(allowance.per_second != 0 ? 1e9 / allowance.per_second : 0),
          slack_{static_cast<std::int64_t>(each_ * (allowance.at_once > 1 ? allowance.at_once - 1.0 : 0.0))} {
    }

    constexpr bool is_limited() const { return each_ > 0; }
    constexpr Duration of(std::size_t count) const {
        return {static_cast<std::int64_t>(each_ * static_cast<double>(count))};
    }
    // For how long what was taken may be unpaid, and one more is there.
    constexpr Duration slack() const { return slack_; }

  private:
    double each_ = 0; // nanoseconds
    Duration slack_{};
};

class Bucket {
  public:
    // Whether one more is there.
    bool has(Instant now, const Price& price) const {
        return !price.is_limited() || paid_at_ - now <= price.slack();
    }
    // Takes it whether it is there or not: who has taken too much waits longer.
    void spend(Instant now, const Price& price, std::size_t count = 1) {
        if (price.is_limited()) paid_at_ = max(paid_at_, now) + price.of(count);
    }
    // What was taken beyond all that is there is held against nobody for longer than this.
    void forgive(Instant now, const Price& price, Duration most) {
        paid_at_ = min(paid_at_, now + price.slack() + most);
    }
    bool take(Instant now, const Price& price) {
        if (!has(now, price)) return false;
        spend(now, price);
        return true;
    }

  private:
    Instant paid_at_{};
};

} // namespace tenon
