#pragma once
// What one client has been told, slot by slot: only of what it sees or may still know, in the order of the
// slots, so that its cost follows what the client sees and not the world. SnapshotSender keeps one.

#include <cstddef>
#include <cstdint>

#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/snapshot.hpp"

namespace tenon {

struct ToldSlot {
    SlotMemory memory;
    std::uint64_t acked = 0, sent = 0; // ticks and one more; 0: never
    std::uint64_t healed = 0;          // since before this snapshot
    float due = 0, weight = 1, urgency = 1;
    std::uint16_t slot = 0, generation = 0; // of whom it saw last
    std::uint16_t every = 1;
    std::uint8_t again = 0; // so often it is told once more before it has to be acknowledged
    bool in_sight = false;
    bool told = false; // the client may know something of it

    void forget() {
        memory = {};
        acked = sent = healed = 0;
        due = 0;
        told = false;
    }
};

class ToldSlots {
  public:
    explicit ToldSlots(std::size_t slots_max) : room_(slots_max), slots_(new ToldSlot[slots_max]) {}
    ToldSlots(const ToldSlots&) = delete;
    ToldSlots& operator=(const ToldSlots&) = delete;
    ~ToldSlots() { delete[] slots_; }

    std::size_t size() const { return size_; }
    std::size_t room() const { return room_; }
    ToldSlot& operator[](std::size_t i) { return slots_[i]; }
    const ToldSlot& operator[](std::size_t i) const { return slots_[i]; }

    ToldSlot* find(std::size_t slot) {
        const std::size_t at = place_of(slot);
        return at < size_ && slots_[at].slot == slot ? &slots_[at] : nullptr;
    }
    // Nothing when there is no room.
    ToldSlot* insert(std::size_t slot) {
        if (ToldSlot* known = find(slot)) return known;
        if (size_ == room_) return nullptr;
        const std::size_t at = place_of(slot);
        for (std::size_t i = size_++; i > at; --i) slots_[i] = slots_[i - 1];
        slots_[at] = {};
        slots_[at].slot = static_cast<std::uint16_t>(slot);
        return &slots_[at];
    }
    // What is in sight from now on. Forgets what is not and of which the client knows nothing, and takes in
    // what is new while there is room; true when there was room for all.
    bool look(const InSight* seen, std::size_t count) {
        std::size_t kept = 0, added = 0, at = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            for (; at < count && seen[at].slot < slots_[i].slot; ++at) ++added;
            const bool is_seen = at < count && seen[at].slot == slots_[i].slot;
            slots_[i].in_sight = is_seen;
            if (is_seen) note(slots_[i], seen[at++]);
            if (is_idle(slots_[i])) continue;
            if (kept != i) slots_[kept] = slots_[i];
            ++kept;
        }
        added += count - at;
        size_ = kept;
        if (added == 0) return true;
        const bool fits = kept + added <= room_;
        if (!fits) added = room_ - kept;
        if (added != 0) merge(seen, added);
        return fits;
    }

  private:
    static bool is_idle(const ToldSlot& it) { return !it.in_sight && !it.told && it.weight == 1; }
    static void note(ToldSlot& it, const InSight& seen) {
        if (it.generation != seen.generation && it.generation != 0) it.weight = 1; // it was another's
        it.generation = seen.generation;
        it.every = seen.every;
        it.urgency = seen.weight;
    }
    // The first place whose slot is not lower.
    std::size_t place_of(std::size_t slot) const {
        std::size_t low = 0, high = size_;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (slots_[middle].slot < slot)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
    // Takes the first `added` new ones in, from the back, so that each is moved once.
    void merge(const InSight* seen, std::size_t added) {
        std::size_t last = 0;
        for (std::size_t i = 0, left = added; left != 0; ++last) {
            while (i < size_ && slots_[i].slot < seen[last].slot) ++i;
            left -= i == size_ || slots_[i].slot != seen[last].slot;
        }
        std::size_t from = size_, to = size_ + added;
        size_ = to;
        while (last-- > 0) {
            while (from > 0 && slots_[from - 1].slot > seen[last].slot) slots_[--to] = slots_[--from];
            if (from > 0 && slots_[from - 1].slot == seen[last].slot) continue;
            ToldSlot& it = slots_[--to] = {};
            it.slot = seen[last].slot;
            it.in_sight = true;
            note(it, seen[last]);
        }
    }

    std::size_t room_, size_ = 0;
    ToldSlot* slots_;
};

} // namespace tenon
