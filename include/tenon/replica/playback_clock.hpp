#pragma once
// Which tick a client shows: so far behind the newest that what comes next is nearly always here in time,
// measured by how the snapshots arrive. It never goes back: where the delay has to grow it runs slower for a
// while, and a little faster where it may shrink. Playback asks it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"

namespace tenon {

struct PlaybackOptions {
    Duration tick = milliseconds(50);       // from one tick of the world to the next
    Duration delay_least = milliseconds(0); // behind the fastest snapshots
    Duration delay_most = milliseconds(500);
    Duration extrapolation = milliseconds(250); // what was last seen to move goes on for so long
    Duration fade = milliseconds(100);          // differences that came to light go in this time
    double snap = 10;                           // and those of this many units or more at once
};

struct PlaybackFigures {
    Duration delay{};       // of what is shown behind the fastest way that a snapshot took lately
    Duration aim{};         // what the delay should be now
    double rate = 1;        // how fast it plays
    double interval = 0;    // ticks from one snapshot to the next
    std::uint64_t late = 0; // snapshots that came after their time, so that something was shown without them
};

class PlaybackClock {
  public:
    explicit PlaybackClock(const PlaybackOptions& options = {})
        : tick_(options.tick.seconds() > 0 ? options.tick.seconds() : 1e-3),
          least_(options.delay_least.seconds() / tick_),
          most_(options.delay_most.seconds() / tick_),
          reach_(options.extrapolation.seconds() / tick_) {}

    // A snapshot of this tick has come. `gap_of_things`: for how many ticks nothing was known of most that it
    // tells of, where that is longer than since the last snapshot.
    void heard(Instant now, std::uint64_t tick, double gap_of_things = 0) {
        if (!known_) return begin(now, tick);
        if (tick <= newest_) return;
        const double shown = raw_at(now), at = local(now);
        const double behind = at - place(tick);
        double gap = static_cast<double>(tick - newest_);
        if (interval_ == 0) interval_ = gap;
        if (gap > gap_most * interval_) gap = gap_most * interval_; // nothing was due for a while
        interval_ += (gap - interval_) / 16;
        late_ += shown > place(newest_);
        if (gap_of_things > gap) gap = gap_of_things;
        // Later than anybody waits, again and again: the authority stood still, or the way is another one.
        strange_ = behind - least_behind_ > most_ ? strange_ + 1 : 0;
        if (strange_ == strange_most) count_ = 0;
        // What was guessed at first has done its work.
        if (count_ == guessed) needed_[0] = needed_[1], fastest_[0] = fastest_[1];
        // Whoever shows what lies between the one before and this one needs this one.
        needed_[count_ % window] = behind + gap;
        fastest_[count_ % window] = behind;
        ++count_;
        newest_ = tick;
        aim();
        steer(at, shown);
    }

    bool known() const { return known_; }
    // In ticks of the world; grows with `now`.
    double at(Instant now) const { return raw_at(now) + static_cast<double>(first_); }
    // Ticks from one snapshot to the next, about.
    double interval() const { return interval_; }
    double reach() const { return reach_; }
    PlaybackFigures figures(Instant now) const {
        PlaybackFigures figures;
        if (!known_) return figures;
        figures.delay = seconds((local(now) - raw_at(now) - least_behind_) * tick_);
        figures.aim = seconds((behind_ - least_behind_) * tick_);
        figures.rate = is_there(now) ? 1 : rate_;
        figures.interval = interval_;
        figures.late = late_;
        return figures;
    }

  private:
    static constexpr std::size_t window = 128; // snapshots: the slowest of them is not waited for
    static constexpr std::size_t guessed = 24;
    static constexpr unsigned strange_most = 3;
    static constexpr double gap_most = 4;      // intervals
    static constexpr double first_delay = 0.1; // seconds, until more is known
    static constexpr double slower_most = 0.25, slower_least = 0.02, faster_most = 0.05, faster_least = 0.005;
    static constexpr double margin = 0.1; // intervals
    static constexpr double leap = 1;     // seconds behind which nothing is caught up with

    void begin(Instant now, std::uint64_t tick) {
        known_ = true;
        began_ = now;
        first_ = newest_ = tick;
        needed_[0] = first_delay / tick_;
        fastest_[0] = 0;
        count_ = 1;
        aim();
        from_ = 0;
        shown_from_ = -behind_;
        rate_ = 1;
    }
    double local(Instant now) const { return (now - began_).seconds() / tick_; }
    double place(std::uint64_t tick) const { return static_cast<double>(tick - first_); }

    // How far behind local time is aimed for. Of a full window the slowest is left out: one snapshot in a
    // hundred may be missed.
    void aim() {
        const std::size_t kept = count_ < window ? count_ : window;
        double slowest = needed_[0], second = -1e300, fastest = fastest_[0];
        for (std::size_t i = 1; i < kept; ++i) {
            const double needed = needed_[i];
            if (needed > slowest)
                second = slowest, slowest = needed;
            else if (needed > second)
                second = needed;
            if (fastest_[i] < fastest) fastest = fastest_[i];
        }
        least_behind_ = fastest;
        const double delay = (kept < 100 ? slowest : second) - fastest + margin * interval_;
        behind_ = least_behind_ + (delay < least_ ? least_ : delay > most_ ? most_ : delay);
    }
    void steer(double at, double shown) {
        from_ = at;
        shown_from_ = shown;
        const double ahead = (shown - (at - behind_)) * tick_; // seconds
        if (ahead < -leap) {
            const double aimed = at - behind_, last = place(newest_); // and never beyond what is known
            if (aimed < last || shown < last) shown_from_ = aimed < last ? aimed : last;
            rate_ = 1;
        } else if (ahead > 0) {
            rate_ = 1 - between(ahead * 2, slower_least, slower_most);
        } else {
            rate_ = 1 + between(-ahead / 2, faster_least, faster_most);
        }
    }
    static double between(double value, double low, double high) {
        return value < low ? low : value > high ? high : value;
    }
    double raw_at(Instant now) const {
        const double at = local(now), aimed = at - behind_;
        double shown = shown_from_ + (at - from_) * rate_;
        if (rate_ < 1 ? shown < aimed : shown > aimed) shown = aimed;
        // Where nothing has come for long nothing moves any more, and the clock waits with it.
        const double last = place(newest_) + reach_;
        if (shown > last) shown = last > shown_from_ ? last : shown_from_;
        return shown;
    }
    bool is_there(Instant now) const {
        const double aimed = local(now) - behind_, shown = raw_at(now);
        return shown - aimed < 1e-6 && aimed - shown < 1e-6;
    }
    double tick_, least_, most_, reach_; // seconds; ticks
    bool known_ = false;
    Instant began_{};
    std::uint64_t first_ = 0, newest_ = 0, late_ = 0;
    double needed_[window] = {}, fastest_[window] = {}; // how far behind local time
    std::size_t count_ = 0;
    unsigned strange_ = 0;
    double interval_ = 0, behind_ = 0, least_behind_ = 0;
    double from_ = 0, shown_from_ = 0, rate_ = 1;
};

} // namespace tenon
