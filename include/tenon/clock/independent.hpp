#pragma once
// Independent: each stream is due at its own rate, whatever the frame rate of the game. A touched state may
// be sent ahead of its time, in a short burst. A stream with a rate of zero is event-driven: due when
// touched, and at no other time.

#include "tenon/clock/beat.hpp"
#include "tenon/clock/concept.hpp"
#include "tenon/core/swap.hpp"

namespace tenon::clock {

template <Rates initial = Rates{}>
class Independent {
  public:
    const Rates& rates() const { return rates_; }
    void configure(const Rates& rates) { rates_ = rates; }

    bool input_due(Instant now) {
        const bool touched = replaced(input_touched_, false) && rates_.input_hz <= 0;
        return input_.due(now, period(rates_.input_hz * input_rate_)) || touched;
    }
    bool snapshot_due(Instant now) {
        if (snapshot_.due(now, period(rates_.snapshot_hz))) {
            if (burst_ > 0) --burst_;
            touched_ = false;
            return true;
        }
        if (rates_.snapshot_hz <= 0) settle(now);
        if (!touched_ || burst_ >= rates_.max_burst) return echo_due(now);
        if (burst_++ == 0) returns_at_ = now + burst_return;
        touched_ = false;
        echo_at_ = rates_.snapshot_hz <= 0 ? now + echo_first : Instant::never();
        echo_wait_ = echo_first;
        return true;
    }
    // The state has changed in a way that should not wait for its turn; or there is a command, where these
    // are event-driven.
    void touch() { touched_ = input_touched_ = true; }

    // About 1: inputs come just in time where they run so much faster.
    void set_input_rate(double rate) { input_rate_ = rate; }
    // When an authority takes the commands that come now: with its own next input.
    Instant takes_at(Instant) const { return input_.next(); }
    Duration takes_every() const { return period(rates_.input_hz); }

    Instant next() const {
        Instant next = min(input_.next(), snapshot_.next());
        if (input_touched_ && rates_.input_hz <= 0) next = Instant{};
        if (touched_ && burst_ < rates_.max_burst) next = Instant{};
        if (rates_.snapshot_hz > 0) return next;
        if (touched_ && rates_.max_burst > 0) next = min(next, returns_at_);
        return min(next, echo_at_);
    }

  private:
    // Without regular snapshots, time gives back what a burst took; and since a snapshot may be lost and none
    // follows, the touched state is said again a few times: after 100, 400 and 1600 ms.
    static constexpr Duration burst_return = milliseconds(100), echo_first = milliseconds(100),
                              echo_last = milliseconds(1600);

    void settle(Instant now) {
        if (returns_at_ > now + burst_return) returns_at_ = now; // the clock was set back
        if (echo_at_ < Instant::never() && echo_at_ > now + echo_last) echo_at_ = now;
        if (now < returns_at_) return;
        if (burst_ > 0) --burst_;
        returns_at_ = now + burst_return;
    }
    bool echo_due(Instant now) {
        if (rates_.snapshot_hz > 0 || now < echo_at_) return false;
        echo_wait_ = echo_wait_ * 4;
        echo_at_ = echo_wait_ <= echo_last ? now + echo_wait_ : Instant::never();
        return true;
    }

    Rates rates_ = initial;
    double input_rate_ = 1;
    Beat input_, snapshot_;
    int burst_ = 0; // how many went ahead of their time
    bool touched_ = false, input_touched_ = false;
    Instant returns_at_{}, echo_at_ = Instant::never();
    Duration echo_wait_{};
};

} // namespace tenon::clock
