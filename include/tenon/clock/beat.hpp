#pragma once
// Beat: one stream's rhythm. The clock policies ask it at every turn whether it is time. A beat that comes
// late keeps its place, so that the rate holds whatever the frame rate; after a stall what was missed is
// missed.

#include "tenon/core/time.hpp"

namespace tenon::clock {

class Beat {
  public:
    // `every`: the time between two beats; Duration::max() for none.
    bool due(Instant now, Duration every) {
        if (every >= Duration::max()) {
            next_ = Instant::never();
            return false;
        }
        if (next_ > now + every) next_ = now; // the rate was raised, or the clock set back
        if (now < next_) return false;
        // One beat may be owed. More than that is a stall, and nobody wants it all at once.
        next_ = now - next_ < every * 2 ? next_ + every : now + every;
        return true;
    }
    Instant next() const { return next_; }

  private:
    Instant next_{};
};

} // namespace tenon::clock
