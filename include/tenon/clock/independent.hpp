#pragma once
// Independent: each stream is due at its own rate, whatever the frame rate of the game. After a stall it does
// not catch up; what was missed is missed. A touched state may be sent ahead of its time, in a short burst.

#include "tenon/clock/concept.hpp"

namespace tenon::clock {

template <Rates initial = Rates{}>
class Independent {
  public:
    const Rates& rates() const { return rates_; }
    void configure(const Rates& rates) { rates_ = rates; }

    bool input_due(Instant now) { return input_.due(now, period(rates_.input_hz)); }
    bool snapshot_due(Instant now) {
        const Duration every = period(rates_.snapshot_hz);
        if (snapshot_.due(now, every)) {
            if (burst_ > 0) --burst_;
            touched_ = false;
            return true;
        }
        if (!touched_ || burst_ >= rates_.max_burst) return false;
        ++burst_;
        touched_ = false;
        return true;
    }
    // The state has changed in a way that should not wait for its turn.
    void touch() { touched_ = true; }

    Instant next() const { return min(input_.next, snapshot_.next); }

  private:
    struct Stream {
        Instant next{};

        bool due(Instant now, Duration every) {
            if (every >= Duration::max()) {
                next = Instant::never();
                return false;
            }
            if (next > now + every) next = now; // the rate was raised, or the clock set back
            if (now < next) return false;
            next += every;
            if (next <= now) next = now + every;
            return true;
        }
    };

    Rates rates_ = initial;
    Stream input_, snapshot_;
    int burst_ = 0;
    bool touched_ = false;
};

static_assert(ClockPolicy<Independent<>>);

} // namespace tenon::clock
