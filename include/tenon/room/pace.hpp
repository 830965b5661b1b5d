#pragma once
// Pace: how many of the snapshots one peer is sent while its path is in trouble. Trouble takes some away
// soon; quiet gives them back one step at a time, and each step that was too much makes it wait longer before
// the next, so that at the edge of what a path carries it comes to rest. Streams keeps one for each seat.

#include "tenon/core/time.hpp"
#include "tenon/room/health.hpp"

namespace tenon {

class Pace {
  public:
    // Share of the snapshots, from all down to a tenth.
    double share() const { return shares[level_]; }
    unsigned level() const { return level_; }

    // Looks at how the peer is heard, just before the next snapshot would be sent. `every`: the time since
    // the last one.
    void look(Instant now, const Health& health, Duration every) {
        if (now < looked_at_) restart(now); // the clock was set back
        if (looked_at_.ns != 0 && now - looked_at_ < glance) return;
        looked_at_ = now;
        note_least(now, health.rtt);
        const unsigned lowest = lowest_for(health, every);
        if (lowest > level_)
            worsen(now, health, every);
        else if (is_good(health, every))
            improve(now);
        else
            good_since_ = Instant::never();
        if (lowest <= level_) bad_ = 0;
    }
    // Whether this snapshot is one of those that are sent; `least`: the share that is sent in any case.
    bool take(double least) {
        credit_ += share() > least ? share() : least;
        if (credit_ < 1) return false;
        credit_ = credit_ < 2 ? credit_ - 1 : 0;
        return true;
    }

  private:
    static constexpr double shares[] = {1, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1};
    static constexpr unsigned levels = 7, slower = 2, slow = 4;
    static constexpr Duration glance = milliseconds(200), patience_first = seconds(3),
                              patience_last = seconds(180), memory = seconds(60);
    // Round trips and losses are known late: until a change shows in them, only what gets worse counts.
    static constexpr Duration settled_in = seconds(8);
    static constexpr Duration proof = seconds(60); // a step after which all stayed good for so long was right

    // How low these signs may bring it. Loss alone says little about the load: it costs half of the
    // snapshots, or three quarters when much is lost.
    unsigned lowest_for(const Health& health, Duration every) const {
        if (health.queue_time > every / 4 || health.rtt > least() * 2 + milliseconds(50)) return levels - 1;
        if (health.loss > 0.25) return slow;
        return health.loss > 0.1 ? slower : 0;
    }
    bool is_good(const Health& health, Duration every) const {
        const bool heard = health.loss < (level_ > slower ? 0.15 : 0.05);
        return heard && health.queue_time <= every / 16 && health.rtt <= least() * 3 / 2 + milliseconds(25);
    }

    void worsen(Instant now, const Health& health, Duration every) {
        good_since_ = Instant::never();
        // One sign is none, and what was just changed needs time to show.
        if (++bad_ < 2 || now - changed_at_ < max(seconds(1), health.rtt * 4)) return;
        const bool jammed = health.queue_time > every / 4,
                   worse = health.rtt > rtt_then_ * 5 / 4 + milliseconds(10) ||
                           health.loss > loss_then_ * 1.3 + 0.02;
        if (!jammed && !worse && level_ != 0) {
            if (now - changed_at_ < settled_in) return;
            // What gets better was changed enough.
            if (health.rtt < rtt_then_ && health.loss <= loss_then_) return note_then(health);
        }
        // The step that was given back last was too much: it is tried again later.
        if (raised_) patience_[level_] = min(patience_[level_] * 3, patience_last);
        note_then(health);
        change(now, level_ + 1, false);
    }
    void improve(Instant now) {
        if (good_since_ == Instant::never()) good_since_ = now;
        const Duration good = min(now - good_since_, now - changed_at_);
        if (raised_ && good >= proof) {
            raised_ = false;
            patience_[level_] = patience_first;
        }
        if (level_ != 0 && good >= patience_[level_ - 1]) change(now, level_ - 1, true);
    }
    void note_then(const Health& health) {
        rtt_then_ = health.rtt;
        loss_then_ = health.loss;
    }
    void change(Instant now, unsigned level, bool raised) {
        level_ = level;
        raised_ = raised;
        changed_at_ = now;
        good_since_ = Instant::never();
        bad_ = 0;
    }
    void restart(Instant now) {
        changed_at_ = least_since_ = now;
        good_since_ = Instant::never();
    }

    // The least round trip of the last minute or two of quiet: a longer path is no trouble, a path that got
    // longer is. When as little as possible is sent, what is left is the path's own.
    Duration least() const { return min(least_[0], least_[1]); }
    void note_least(Instant now, Duration rtt) {
        if (rtt.ns <= 0) return;
        if (level_ != 0 && level_ != levels - 1) {
            least_since_ = now;
        } else if (now - least_since_ >= memory) {
            least_[1] = least_[0];
            least_[0] = rtt;
            least_since_ = now;
        }
        least_[0] = min(least_[0], rtt);
    }

    unsigned level_ = 0, bad_ = 0;
    bool raised_ = false;               // the last change was upwards, and has not proved itself yet
    double credit_ = 0, loss_then_ = 0; // at the last change, as the next
    Duration rtt_then_{};
    Instant looked_at_{}, changed_at_{}, good_since_ = Instant::never(), least_since_{};
    Duration patience_[levels] = {patience_first, patience_first, patience_first, patience_first,
                                  patience_first, patience_first, patience_first}; // before each level
    Duration least_[2] = {Duration::max() / 4, Duration::max() / 4};
};

} // namespace tenon
