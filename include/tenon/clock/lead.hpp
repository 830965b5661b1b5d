#pragma once
// Inputs that arrive just in time. The authority keeps an Arrivals for each client and tells it now and then
// how early the latest of its commands came; the client's Lead makes its input clock a little slower or
// faster, so that they come early enough and no earlier. Streams does so where Rates::lead_ms is set; a game
// with numbered inputs multiplies its Rates::input_hz by rate().

#include <cstdint>

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

// The same where commands are not numbered: each is taken at the next of moments that are evenly apart, and
// what counts is how they lie among these. The widest gap between them shows which one is the latest.
class Phases {
  public:
    // `every`: from one moment to the next; `early`: how long before the next it came.
    void note(Duration early, Duration every) {
        if (every != every_) bits_ = count_ = 0;
        every_ = every;
        const std::int64_t place = early.ns * bins / every.ns;
        bits_ |= 1u << (place < 0 ? 0 : place < bins ? place : bins - 1);
        ++count_;
    }
    unsigned count() const { return count_; }
    // How early the latest came since the last time, negative when it missed its moment. False when they are
    // spread so wide that no moment is better than another.
    bool take(Duration& early) {
        int gap = 0, first = 0;
        for (int begin = 0; begin < bins; ++begin) {
            int length = 0;
            while (length < bins && !has(begin + length)) ++length;
            if (length > gap) gap = length, first = begin + length;
        }
        const int start = first % bins, spread = bins - gap;
        bits_ = count_ = 0;
        early = every_ * (start + spread > bins ? start - bins : start) / bins;
        return gap >= bins / 8 && gap < bins;
    }

  private:
    static constexpr int bins = 32;
    bool has(int place) const { return (bits_ >> (place % bins) & 1) != 0; }

    Duration every_{};
    std::uint32_t bits_ = 0; // a bit for each part of `every` in which one came
    unsigned count_ = 0;
};

// How a guest's inputs come, as the authority sees it.
struct LeadFigures {
    Duration early{}; // the latest of a quarter of a second, before it is taken; negative: too late
    double rate = 1;  // how fast the inputs run now
    bool known = false;
};

// On a client.
class Lead {
  public:
    // `target`: how early the latest of a report shall come.
    explicit Lead(Duration target = milliseconds(5)) : target_(target) {}

    void aim(Duration target) { target_ = target; }

    // How far ahead of the room's time a client's input clock should begin.
    Duration start(Duration rtt, Duration jitter) const { return rtt / 2 + jitter * 2 + target_; }

    // The authority's report has come.
    void hear(Instant now, Duration early) {
        heard_ = now;
        early_ = early;
        const double error = (early - target_).seconds();
        // What jitter does by itself from one report to the next is not worth a change.
        const double beyond = error > calm ? error - calm : error < -calm ? error + calm : 0;
        rate_ = 1 - limit(beyond / horizon);
    }
    // How fast the input clock runs: about 1, and never further from it than by `most`.
    double rate(Instant now) const { return now - heard_ < stale ? rate_ : 1; }

    LeadFigures figures(Instant now) const { return {early_, rate(now), now - heard_ < stale}; }

    static constexpr double most = 0.03;

  private:
    static constexpr double calm = 0.001, horizon = 1; // seconds: an error is worked off over so long
    static constexpr Duration stale = seconds(2);

    static double limit(double by) { return by < -most ? -most : by > most ? most : by; }

    Duration target_, early_{};
    Instant heard_{-Instant::never().ns / 2};
    double rate_ = 1;
};

} // namespace tenon::clock
