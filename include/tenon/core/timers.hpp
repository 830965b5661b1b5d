#pragma once
// Deadlines of many things, each known by a small number. Moving one later is what traffic does to a timeout,
// thousands of times for each that is reached; so that costs next to nothing, and who asks for the earliest
// looks at what has moved since. A room keeps the deadlines of its links here.

#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

class Timers {
  public:
    // Sets the deadline of `id`, whatever it was before; Instant::never() is no deadline. False, and nothing
    // changes, when there was no memory for it. The memory goes with the largest id.
    bool set(std::uint32_t id, Instant due) {
        due = min(due, Instant::never());
        if (id >= dues_.size()) {
            if (due == Instant::never()) return true;
            if (!reserve(std::size_t(id) + 1)) return false;
            while (dues_.size() <= id) dues_.push_back(Instant::never());
            while (blocks_.size() * fan < dues_.size()) blocks_.push_back({});
            while (groups_.size() * fan < blocks_.size()) groups_.push_back({});
        }
        const Instant before = replaced(dues_[id], due);
        blocks_[id / fan].moved(before, due);
        groups_[id / fan / fan].moved(before, due);
        return true;
    }
    void cancel(std::uint32_t id) { set(id, Instant::never()); }
    // An id whose deadline has come, the earliest first, and of those that are equal the smallest; it has
    // none then. False when nobody's has.
    bool pop_due(Instant now, std::uint32_t& id) {
        const Instant earliest = next();
        if (earliest > now || earliest == Instant::never()) return false;
        std::size_t at = 0;
        while (groups_[at].least != earliest || !groups_[at].sure) ++at;
        at *= fan;
        while (blocks_[at].least != earliest || !blocks_[at].sure) ++at;
        at *= fan;
        while (dues_[at] != earliest) ++at;
        cancel(id = static_cast<std::uint32_t>(at));
        return true;
    }
    // Fetches what set() will look at first.
    TENON_INLINE void prefetch(std::uint32_t id) const {
        if (id < dues_.size()) tenon::prefetch(&dues_[id]);
    }
    // No allocation from here on while ids are below `count`.
    bool reserve(std::size_t count) {
        return dues_.reserve(count) && blocks_.reserve(above(count)) && groups_.reserve(above(above(count)));
    }

    // The earliest deadline, and never when there is none.
    Instant next() const {
        Instant least = Instant::never();
        for (std::size_t i = 0; i < groups_.size(); ++i)
            if (groups_[i].least < least) least = min(least, settle_group(i));
        return least;
    }
    Instant due(std::uint32_t id) const { return id < dues_.size() ? dues_[id] : Instant::never(); }

  private:
    static constexpr std::size_t fan = 64;
    static constexpr std::size_t above(std::size_t count) { return (count + fan - 1) / fan; }

    // The earliest of some deadlines when it is sure, else no later than that.
    struct Least {
        Instant least = Instant::never();
        bool sure = true;

        void moved(Instant before, Instant due) {
            if (due <= least)
                least = due, sure = true;
            else if (before <= least)
                sure = false;
        }
    };

    // Make sure of it, and give it. What is no earlier than what was found need not be looked at.
    Instant settle_group(std::size_t group) const {
        Least& known = groups_[group];
        if (known.sure) return known.least;
        Instant least = Instant::never();
        const std::size_t end = last(group, blocks_.size());
        for (std::size_t i = group * fan; i < end; ++i)
            if (blocks_[i].least < least) least = min(least, settle_block(i));
        known = {least, true};
        return least;
    }
    Instant settle_block(std::size_t block) const {
        Least& known = blocks_[block];
        if (known.sure) return known.least;
        Instant least = Instant::never();
        const std::size_t end = last(block, dues_.size());
        for (std::size_t i = block * fan; i < end; ++i) least = min(least, dues_[i]);
        known = {least, true};
        return least;
    }
    static std::size_t last(std::size_t parent, std::size_t size) {
        return (parent + 1) * fan < size ? (parent + 1) * fan : size;
    }

    Ring<Instant> dues_;
    // Of each 64 deadlines the earliest, and of each 64 of those. Who asks makes sure of what it needs.
    mutable Ring<Least> blocks_, groups_;
};

} // namespace tenon
