#pragma once
// CommonTime: the room's time on a peer that does not make it. What the link says of the other clock comes
// from single round trips, good to a few milliseconds and old by some seconds; a line through what was heard
// over two minutes gives the offset of now and how fast it drifts. GameRoom feeds it at every turn.

#include "tenon/core/time.hpp"

namespace tenon::clock {

class CommonTime {
  public:
    void clear() { *this = CommonTime(); }

    // `offset`: the room's time less ours, as an answer, or the best of the last answers, has it.
    void hear(Instant now, Duration offset) {
        if (!known_ || abs(offset - base_ - seconds(fit_)) > another) start(now, offset);
        const double passed = (now - heard_).seconds();
        if (passed < least_passed) return;
        heard_ = now;
        const double elapsed = (now - began_).seconds();
        take((offset - base_).seconds(), passed, elapsed);
        follow(passed, elapsed);
    }

    bool known() const { return known_; }
    Duration ahead(Instant now) const {
        return base_ + seconds(shown_ + slope_ * limit((now - heard_).seconds(), 1));
    }
    Instant at(Instant now) const { return now + ahead(now); }
    // Seconds that the room's clock gains on ours in a second.
    double drift() const { return slope_; }

  private:
    static constexpr Duration another = milliseconds(100); // so far away lies another clock
    static constexpr double least_passed = 0.02;
    static constexpr double memory = 120;       // seconds
    static constexpr double doubt = 6400;       // how much it takes to believe in a drift
    static constexpr double drift_max = 500e-6; // no quartz is worse
    static constexpr double age = 8; // seconds: the best of the link's answers is so old, by and large
    static constexpr double slew = 0.005, slew_at_first = 0.05; // so that time never stands still nor leaps

    static double limit(double value, double most) {
        return value < -most ? -most : value > most ? most : value;
    }
    void start(Instant now, Duration offset) {
        clear();
        known_ = true;
        base_ = offset;
        began_ = heard_ = now;
    }
    // Sums of a line's least squares, with time counted back from now, and what is old counting less.
    void take(double y, double passed, double elapsed) {
        const double w = limit(passed, 1);
        const double remember = elapsed < 2 ? 2 : elapsed < memory ? elapsed : memory;
        xx_ += passed * (passed * n_ - 2 * x_);
        xy_ -= passed * y_;
        x_ -= passed * n_;
        const double keep = 1 / (1 + passed / remember);
        n_ = n_ * keep + w;
        x_ *= keep;
        y_ = y_ * keep + w * y;
        xx_ *= keep;
        xy_ *= keep;
        slope_ = limit((xy_ - x_ * y_ / n_) / (xx_ - x_ * x_ / n_ + doubt), drift_max);
        fit_ = (y_ - slope_ * x_) / n_ + slope_ * (elapsed / 2 < age ? elapsed / 2 : age);
    }
    void follow(double passed, double elapsed) {
        shown_ += slope_ * passed;
        shown_ += limit(fit_ - shown_, passed * (elapsed < 5 ? slew_at_first : slew));
    }

    bool known_ = false;
    Instant began_{}, heard_{};
    Duration base_{};
    double n_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0; // seconds from base_
    double fit_ = 0, slope_ = 0, shown_ = 0;
};

} // namespace tenon::clock
