#pragma once
// What is not taken from a bus: counted by the name of why, and limited to so much a second. Whoever hears
// words of strangers has one of each.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"

namespace tenon::bus {

// How often something from the bus was refused, by the name of why.
class Refusals {
  public:
    Error count(Error why) {
        ++of_[static_cast<std::size_t>(why)];
        return why;
    }
    void count(const Result<>& result) {
        if (!result) count(result.error());
    }
    std::uint64_t of(Error why) const { return of_[static_cast<std::size_t>(why)]; }
    std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t one : of_) sum += one;
        return sum;
    }

  private:
    std::array<std::uint64_t, error_count> of_{};
};

// So many of something a second, and a moment's more at once.
class Allowance {
  public:
    Allowance(double a_second, double at_once) : a_second_(a_second), at_once_(at_once), left_(at_once) {}
    bool take(Instant now, double count = 1) {
        if (now > at_) left_ += (now - at_).seconds() * a_second_;
        if (left_ > at_once_) left_ = at_once_;
        at_ = now > at_ ? now : at_;
        if (left_ < count) return false;
        left_ -= count;
        return true;
    }

  private:
    double a_second_, at_once_, left_;
    Instant at_{};
};

} // namespace tenon::bus
