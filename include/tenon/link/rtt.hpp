#pragma once
// The round-trip time of a path, smoothed, and how long an answer may sensibly be waited for (after RFC 9002,
// with the least of the last seconds instead of the least ever: paths change under a player who walks).

#include "tenon/core/time.hpp"

namespace tenon {

class RoundTrip {
  public:
    // `ack_delay` is how long the other side says that it kept the answer back.
    void sample(Instant now, Duration rtt, Duration ack_delay) {
        rtt = max(rtt, microseconds(1));
        latest_ = rtt;
        note_least(now, rtt);
        // What the other side says is believed as far as it doesn't bring the path below its least.
        const Duration path = rtt - ack_delay < minimum() ? max(minimum(), Duration{}) : rtt - ack_delay;
        if (!known_) {
            known_ = true;
            smoothed_ = path;
            variation_ = path / 2;
            return;
        }
        variation_ = (variation_ * 3 + abs(smoothed_ - path)) / 4;
        smoothed_ = (smoothed_ * 7 + path) / 8;
    }

    bool known() const { return known_; }
    Duration latest() const { return latest_; }
    Duration smoothed() const { return smoothed_; }
    Duration variation() const { return variation_; }
    Duration minimum() const { return min(least_[0], least_[1]); }

    // How long after sending the silence means something, when the other side may keep back an answer for
    // `max_ack_delay`.
    Duration resend_timeout(Duration max_ack_delay) const {
        return known_ ? smoothed_ + max(variation_ * 4, milliseconds(1)) + max_ack_delay : milliseconds(250);
    }

  private:
    static constexpr Duration memory = seconds(15); // each of the two halves

    void note_least(Instant now, Duration rtt) {
        if (!known_ || now - since_ >= memory) {
            least_[1] = known_ ? least_[0] : rtt;
            least_[0] = rtt;
            since_ = now;
        }
        least_[0] = min(least_[0], rtt);
    }

    Duration latest_{}, smoothed_{}, variation_{};
    Duration least_[2] = {}; // of this half of the memory, and of the one before
    Instant since_{};
    bool known_ = false;
};

} // namespace tenon
