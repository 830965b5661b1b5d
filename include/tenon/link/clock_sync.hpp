#pragma once
// How far the other side's clock is from ours. Questions and answers cross the path both ways; the answer
// with the shortest round trip says most, and is believed until it is old.

#include "tenon/core/time.hpp"

namespace tenon {

class ClockSync {
  public:
    // `told` is the other side's time at the middle of the question's visit there.
    void sample(Instant asked, Instant told, Instant now) {
        if (asked > now) return; // an echo of a question that was never asked
        Sample& place = samples_[next_++ % count];
        place.round_trip = now - asked;
        place.offset = told - Instant{asked.ns + place.round_trip.ns / 2};
        place.set = true;
        const Sample* best = nullptr;
        for (const Sample& sample : samples_)
            if (sample.set && (best == nullptr || sample.round_trip < best->round_trip)) best = &sample;
        offset_ = best->offset;
    }

    bool known() const { return next_ != 0; }
    Duration offset() const { return offset_; } // theirs less ours
    Instant theirs(Instant ours) const { return ours + offset_; }

  private:
    static constexpr unsigned count = 8;
    struct Sample {
        Duration round_trip{}, offset{};
        bool set = false;
    };

    Sample samples_[count];
    Duration offset_{};
    unsigned next_ = 0;
};

} // namespace tenon
