#pragma once
// How many bytes may go to one client now, so that in no stretch of time more go than its rate allows and one
// burst. Whoever writes snapshots asks, and says what they took.

#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

class ByteBudget {
  public:
    static constexpr std::uint64_t most = std::uint64_t(1) << 31;

    ByteBudget(std::uint64_t bytes_per_second, std::size_t burst)
        : rate_(static_cast<std::int64_t>(bytes_per_second)),
          full_(static_cast<std::int64_t>(burst) * second),
          credit_(full_) {
        TENON_ASSERT(bytes_per_second <= most && burst <= most, "a budget is at most 2 GB");
    }

    std::size_t available(Instant now) {
        if (now > last_) {
            const std::int64_t elapsed = (now - last_).ns;
            // Compared before it is multiplied, which could overflow.
            if (rate_ != 0 && elapsed > (full_ - credit_) / rate_)
                credit_ = full_;
            else
                credit_ += elapsed * rate_;
            last_ = now;
        }
        return credit_ > 0 ? static_cast<std::size_t>(credit_ / second) : 0;
    }
    void spent(std::size_t bytes) { credit_ -= static_cast<std::int64_t>(bytes) * second; }

  private:
    static constexpr std::int64_t second = 1'000'000'000;

    std::int64_t rate_, full_, credit_; // in bytes and nanoseconds: nothing is rounded
    Instant last_;
};

} // namespace tenon
