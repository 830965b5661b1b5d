#pragma once
// What is shown of a thing goes on from where it was seen, although it turned out to be elsewhere: the
// difference fades away. Playback has one for each component of an entity, and so has Prediction.


#include "tenon/core/real.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/blend.hpp"

namespace tenon {

template <class T>
class Smoothing {
  public:
    // It is shown here, and from now on it should be there. `fade`: in this time about two thirds of the
    // difference go.
    void begin(Instant now, const T& shown, const T& is, Duration fade) {
        shown_ = shown;
        is_ = is;
        since_ = now;
        fade_ = fade;
        active_ = true;
    }
    void clear() { active_ = false; }
    bool active() const { return active_; }

    T apply(const T& value, Instant now) const {
        if (!active_ || now - since_ >= fade_ * 8) return value;
        const double ages = (now - since_).seconds() / fade_.seconds();
        return nudge(value, shown_, is_, ages > 0 ? real::exp(-ages) : 1);
    }

  private:
    T shown_{}, is_{};
    Instant since_{};
    Duration fade_{};
    bool active_ = false;
};

} // namespace tenon
