#pragma once
// CommonTime: the room's time on a peer that does not make it. Each answer about the other clock is good to
// half of what its round trip has above the least; weighed by that, they give the offset of now and how fast
// it drifts (a Kalman filter of two numbers). Table feeds it with every answer that a link has heard.

#include "tenon/core/time.hpp"

namespace tenon::clock {

class CommonTime {
  public:
    void clear() { *this = CommonTime(); }

    // `offset`: the room's time less ours as it was `at`, as one answer has it that took so long.
    void hear(Instant now, Instant at, Duration offset, Duration round_trip) {
        const double trip = round_trip.seconds();
        if (!known_ || abs(offset - ahead_at(at)) > another + round_trip / 2) start(at, offset, trip);
        if (at < at_) return; // an older question, answered later
        const Duration before = shown_ ? ahead(now) : Duration{};
        predict((at - at_).seconds());
        at_ = at;
        correct((offset - base_).seconds() - offset_, trip, doubt(trip));
        if (!shown_) return void(shown_ = true);
        rest_ = (ahead_at(now) - before).seconds();
        rest_since_ = now;
        slew_ = at - began_ < settling ? slew_at_first : slew;
    }

    bool known() const { return known_; }
    Duration ahead(Instant now) const {
        const double done = (now - rest_since_).seconds() * slew_;
        return ahead_at(now) - seconds(rest_ > 0 ? least(0, rest_ - done) : -least(0, -rest_ - done));
    }
    Instant at(Instant now) const { return now + ahead(now); }
    // Seconds that the room's clock gains on ours in a second.
    double drift() const { return drift_; }

  private:
    static constexpr Duration another = milliseconds(100); // so far away lies another clock
    static constexpr double drift_max = 500e-6;            // no quartz is worse
    static constexpr double drift_usual = 70e-6;
    // What the offset and the drift of a quartz wander in a second, squared.
    static constexpr double offset_wander = 1e-10, drift_wander = 5e-14;
    static constexpr Duration settling = seconds(5);
    static constexpr double slew = 0.005, slew_at_first = 0.05; // so that time never stands still nor leaps
    static constexpr unsigned window = 16; // answers; a longer path is believed after two

    static double limit(double value, double most) {
        return value < -most ? -most : value > most ? most : value;
    }
    static double least(double low, double value) { return value < low ? low : value; }
    static double square(double value) { return value * value; }

    void start(Instant at, Duration offset, double trip) {
        clear();
        known_ = true;
        base_ = offset;
        began_ = at_ = at;
        least_[0] = least_[1] = trip;
        p00_ = square(trip / 2);
        p11_ = square(drift_usual);
    }
    Duration ahead_at(Instant when) const {
        return base_ + seconds(offset_ + drift_ * (when - at_).seconds());
    }
    void predict(double passed) {
        offset_ += drift_ * passed;
        p00_ += passed * (2 * p01_ + passed * p11_ + offset_wander);
        p01_ += passed * p11_;
        p11_ += passed * drift_wander;
    }
    // How far off an answer is that took so long: the path is as long as the shortest of the last ones, and
    // what is above it may have been spent on the one way or on the other.
    double doubt(double trip) {
        if (heard_++ % window == 0) {
            least_[1] = least_[0];
            least_[0] = trip;
        }
        if (trip < least_[0]) least_[0] = trip;
        const double excess = trip - (least_[0] < least_[1] ? least_[0] : least_[1]);
        usual_ += (excess - usual_) / (heard_ < 2 * window ? heard_ : 2 * window);
        return (excess + 2 * usual_ + trip / (1 + heard_) + 100e-6) * 0.12;
    }
    void correct(double error, double trip, double doubt) {
        // What we believed can't be: no answer is further off than half its way.
        if (square(error) > square(trip / 2 + 1e-6)) p00_ = least(square(error), p00_);
        const double sum = p00_ + square(doubt), k0 = p00_ / sum, k1 = p01_ / sum;
        offset_ += k0 * error;
        drift_ = limit(drift_ + k1 * error, drift_max);
        p11_ -= k1 * p01_;
        p01_ -= k0 * p01_;
        p00_ -= k0 * p00_;
    }

    bool known_ = false, shown_ = false;
    unsigned heard_ = 0;
    Instant began_{}, at_{}, rest_since_{};
    Duration base_{};
    double offset_ = 0, drift_ = 0;          // at at_; seconds from base_
    double p00_ = 0, p01_ = 0, p11_ = 0;     // how much of that is not known: variances
    double least_[2] = {}, usual_ = 0;       // round trips, and what is above them
    double rest_ = 0, slew_ = slew_at_first; // what is not shown yet
};

} // namespace tenon::clock
