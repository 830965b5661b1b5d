#pragma once
// Inputs that arrive just in time. The authority keeps an Arrivals for each client and tells it now and then
// how early the latest of its commands came; the client's Lead makes its input clock a little slower or
// faster, so that they come early enough and no earlier. A game multiplies its Rates::input_hz by rate().

#include "tenon/core/time.hpp"

namespace tenon::clock {

// On the authority: commands of one client, against the moments at which they are needed.
class Arrivals {
  public:
    void note(Instant needed, Instant arrived) {
        const Duration early = needed - arrived;
        if (count_++ == 0 || early < least_) least_ = early;
    }
    unsigned count() const { return count_; }
    // How early the latest came since the last time; negative: too late. Asked a few times a second.
    Duration take() {
        count_ = 0;
        return least_;
    }

  private:
    Duration least_{};
    unsigned count_ = 0;
};

// On a client.
class Lead {
  public:
    // `target`: how early the latest of a report shall come.
    explicit Lead(Duration target = milliseconds(5)) : target_(target) {}

    // How far ahead of the room's time a client's input clock should begin.
    Duration start(Duration rtt, Duration jitter) const { return rtt / 2 + jitter * 2 + target_; }

    // The authority's report has come.
    void hear(Instant now, Duration early) {
        heard_ = now;
        const double error = (early - target_).seconds();
        // What jitter does by itself from one report to the next is not worth a change.
        const double beyond = error > calm ? error - calm : error < -calm ? error + calm : 0;
        rate_ = 1 - limit(beyond / horizon);
    }
    // How fast the input clock runs: about 1, and never further from it than by `most`.
    double rate(Instant now) const { return now - heard_ < stale ? rate_ : 1; }

    static constexpr double most = 0.03;

  private:
    static constexpr double calm = 0.001, horizon = 1; // seconds: an error is worked off over so long
    static constexpr Duration stale = seconds(2);

    static double limit(double by) { return by < -most ? -most : by > most ? most : by; }

    Duration target_;
    Instant heard_{};
    double rate_ = 1;
};

} // namespace tenon::clock
