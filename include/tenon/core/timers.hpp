#pragma once
// Deadlines of many things, each known by a small number: an indexed heap. Moving a deadline later, which is
// what traffic does to a timeout, only notes it, and the heap finds out when the old one reaches its top. A
// room keeps the deadlines of its links here.

#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

class Timers {
  public:
    // Sets the deadline of `id`, whatever it was before; Instant::never() is no deadline. False, and nothing
    // changes, when there was no memory for it. The memory goes with the largest id.
    bool set(std::uint32_t id, Instant due) {
        if (due >= Instant::never()) return cancel(id), true;
        if (!reserve(std::size_t(id) + 1)) return false;
        while (entries_.size() <= id) entries_.push_back({});
        Entry& entry = entries_[id];
        entry.due = due;
        if (entry.place == absent) {
            heap_.push_back({due, id});
            rise(heap_.size() - 1);
        } else if (due < heap_[entry.place].due) {
            heap_[entry.place].due = due;
            rise(entry.place);
        } else if (entry.place == 0) {
            settle();
        }
        return true;
    }
    void cancel(std::uint32_t id) {
        if (id >= entries_.size()) return;
        entries_[id].due = Instant::never();
        if (entries_[id].place == 0) settle();
    }
    // An id whose deadline has come, the earliest first; it has none then. False when nobody's has.
    bool pop_due(Instant now, std::uint32_t& id) {
        if (heap_.empty() || heap_.front().due > now) return false;
        id = heap_.front().id;
        cancel(id);
        return true;
    }
    // Fetches what set() will look at first.
    TENON_INLINE void prefetch(std::uint32_t id) const {
        if (id < entries_.size()) tenon::prefetch(&entries_[id]);
    }
    // No allocation from here on while ids are below `count`.
    bool reserve(std::size_t count) { return entries_.reserve(count) && heap_.reserve(count); }

    // The earliest deadline, and never when there is none.
    Instant next() const { return heap_.empty() ? Instant::never() : heap_.front().due; }
    Instant due(std::uint32_t id) const { return id < entries_.size() ? entries_[id].due : Instant::never(); }

  private:
    static constexpr std::uint32_t absent = 0xFFFF'FFFF;
    struct Entry {
        Instant due = Instant::never();
        std::uint32_t place = absent; // in the heap
    };
    // Its deadline is never after the entry's, and at the top it is the entry's.
    struct Node {
        Instant due{};
        std::uint32_t id = 0;
    };

    void put(std::size_t at, Node node) {
        heap_[at] = node;
        entries_[node.id].place = static_cast<std::uint32_t>(at);
    }
    void rise(std::size_t at) {
        const Node node = heap_[at];
        for (; at != 0 && node.due < heap_[(at - 1) / 2].due; at = (at - 1) / 2) put(at, heap_[(at - 1) / 2]);
        put(at, node);
    }
    void sink(std::size_t at) {
        const Node node = heap_[at];
        for (;;) {
            std::size_t child = at * 2 + 1;
            if (child >= heap_.size()) break;
            if (child + 1 < heap_.size() && heap_[child + 1].due < heap_[child].due) ++child;
            if (node.due <= heap_[child].due) break;
            put(at, heap_[child]);
            at = child;
        }
        put(at, node);
    }
    // Each turn takes back one delay or one cancelling, so that what was put off is paid once.
    void settle() {
        while (!heap_.empty()) {
            Node& top = heap_.front();
            Entry& entry = entries_[top.id];
            if (entry.due == top.due) return;
            if (entry.due < Instant::never()) {
                top.due = entry.due;
            } else {
                entry.place = absent;
                top = heap_.back();
                heap_.pop_back();
                if (heap_.empty()) return;
            }
            sink(0);
        }
    }

    Ring<Entry> entries_;
    Ring<Node> heap_;
};

} // namespace tenon
