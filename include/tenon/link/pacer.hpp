#pragma once
// Spreads packets over time: a bucket that fills at a rate and from which each packet takes its size. A link
// has two, one for what the path carries and one for the budget that the user set.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"

namespace tenon {

class Pacer {
  public:
    // Bytes a second; 0 stands for no limit.
    void set_rate(std::uint64_t bytes_per_second) { rate_ = static_cast<double>(bytes_per_second); }

    void advance(Instant now) {
        if (now > at_) {
            credit_ += (now - at_).seconds() * rate_;
            // A game ticks every few milliseconds: what it could not send between two ticks it may send at
            // once, and no more than that.
            const double most = rate_ * burst.seconds() + least_burst;
            if (credit_ > most) credit_ = most;
        }
        at_ = max(at_, now);
    }
    // What was sent over the rate (a probe, an answer) is owed, up to a tenth of a second.
    void spent(std::size_t bytes) {
        if (rate_ == 0) return;
        credit_ -= static_cast<double>(bytes);
        const double most_owed = rate_ * 0.1 + least_burst;
        if (credit_ < -most_owed) credit_ = -most_owed;
    }

    bool may_send(std::size_t bytes) const { return rate_ == 0 || credit_ >= static_cast<double>(bytes); }
    // When that many bytes may be sent.
    Instant ready_at(std::size_t bytes) const {
        if (may_send(bytes)) return at_;
        return at_ + seconds((static_cast<double>(bytes) - credit_) / rate_) + nanoseconds(1);
    }

  private:
    static constexpr Duration burst = milliseconds(20);
    static constexpr double least_burst = 3000;

    double rate_ = 0, credit_ = least_burst;
    Instant at_{};
};

} // namespace tenon
