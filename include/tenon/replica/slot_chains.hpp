#pragma once
// Slots by a key, each with at most one: who is in a cell of a Grid, who is in a room, who is whose. Moving
// one costs the same however many there are, and nothing is allocated after the beginning.

#include <cstddef>
#include <cstdint>

namespace tenon {

class SlotChains {
  public:
    explicit SlotChains(std::size_t slots) : slots_(slots), links_(new Link[slots]) {
        while (heads_count_ < slots) heads_count_ *= 2;
        heads_ = new std::uint32_t[heads_count_];
        for (std::size_t i = 0; i < heads_count_; ++i) heads_[i] = nowhere;
    }
    SlotChains(const SlotChains&) = delete;
    SlotChains& operator=(const SlotChains&) = delete;
    ~SlotChains() {
        delete[] links_;
        delete[] heads_;
    }

    std::size_t slots() const { return slots_; }
    bool has(std::size_t slot) const { return slot < slots_ && links_[slot].is_in; }
    std::uint64_t key(std::size_t slot) const { return links_[slot].key; }

    void put(std::size_t slot, std::uint64_t key) {
        if (slot >= slots_) return;
        Link& link = links_[slot];
        if (link.is_in && link.key == key) return;
        remove(slot);
        std::uint32_t& head = heads_[bucket(key)];
        link = {key, head, nowhere, true};
        if (head != nowhere) links_[head].before = static_cast<std::uint32_t>(slot);
        head = static_cast<std::uint32_t>(slot);
    }
    bool remove(std::size_t slot) {
        if (!has(slot)) return false;
        Link& link = links_[slot];
        (link.before == nowhere ? heads_[bucket(link.key)] : links_[link.before].next) = link.next;
        if (link.next != nowhere) links_[link.next].before = link.before;
        link.is_in = false;
        return true;
    }
    // f(slot) for each with that key.
    template <class F>
    void each(std::uint64_t key, F&& f) const {
        for (std::uint32_t at = heads_[bucket(key)]; at != nowhere; at = links_[at].next)
            if (links_[at].key == key) f(std::size_t(at));
    }

  private:
    static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;
    struct Link {
        std::uint64_t key = 0;
        std::uint32_t next = nowhere, before = nowhere;
        bool is_in = false;
    };
    std::size_t bucket(std::uint64_t key) const {
        key *= 0x9E37'79B9'7F4A'7C15u;
        return static_cast<std::size_t>(key ^ key >> 32) & (heads_count_ - 1);
    }

    std::size_t slots_, heads_count_ = 64;
    Link* links_;
    std::uint32_t* heads_;
};

} // namespace tenon
