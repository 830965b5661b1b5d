#pragma once
// Steady: the caller's clock made fit to live by. Timers of a room stand still when a clock is set back, and
// all run out at once when it leaps; so what no clock does by itself is taken for time that did not pass.
// GameRoom turns its caller's time into steady time at the door.

#include "tenon/core/time.hpp"

namespace tenon::clock {

class Steady {
  public:
    // More at once is no stall of a program that is still expected back.
    static constexpr Duration leap = seconds(60);
    static constexpr Duration back = seconds(1);

    // A turn begins. Where nothing is at stake (`idle`) any step forwards is believed.
    void advance(Instant now, bool idle = false) {
        const Duration step = now - last_;
        if (started_ && (step < -back || (step > leap && !idle))) {
            shift_ -= step;
            ++leaps_;
        }
        started_ = true;
        last_ = now;
    }
    Instant at(Instant now) const { return now + shift_; }
    // What the caller's clock shows at a moment of steady time.
    Instant shown(Instant steady) const { return steady < Instant::never() ? steady - shift_ : steady; }
    unsigned leaps() const { return leaps_; }

  private:
    Instant last_{};
    Duration shift_{};
    unsigned leaps_ = 0;
    bool started_ = false;
};

} // namespace tenon::clock
