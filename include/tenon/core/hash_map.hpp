#pragma once
// A map with open addressing for small keys that know their hash: addresses, ids. It doubles up to its limit
// and allocates nothing else; a seed of its own keeps strangers from choosing keys that collide.

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/swap.hpp"

namespace tenon {

// Key has operator== and `std::uint64_t hash() const`. When strangers choose the keys and a key is larger
// than its hash, it should have `std::uint64_t hash(std::uint64_t seed) const` instead, as well mixed as
// splitmix() mixes: of two keys with one unseeded hash no seed can make two.
template <class Key, class Value>
class HashMap {
  public:
    explicit HashMap(std::size_t limit = std::size_t(1) << 30, std::uint64_t seed = 0)
        : limit_(limit), seed_(seed) {}
    HashMap(HashMap&& other) noexcept : HashMap(other.limit_, other.seed_) { swap(other); }
    HashMap& operator=(HashMap&& other) noexcept {
        swap(other);
        return *this;
    }
    ~HashMap() { release(slots_, capacity_); }

    // Only an empty map takes another seed.
    void set_seed(std::uint64_t seed) { seed_ = size_ == 0 ? seed : seed_; }

    // The value's place, or nullptr at the limit or out of memory. What the key had before is replaced.
    // Places hold until the next insert or erase.
    Value* insert(const Key& key, Value value) {
        if ((size_ + 1) * 2 > capacity_) {
            if (Value* known = find(key)) return *known = std::move(value), known;
            if (size_ >= limit_ || !move_to(capacity_ == 0 ? 8 : capacity_ * 2)) return nullptr;
        }
        Slot& slot = slots_[locate(key)];
        if (!slot.used) {
            if (size_ >= limit_) return nullptr;
            slot.used = true;
            slot.key = key;
            ++size_;
        }
        slot.value = std::move(value);
        return &slot.value;
    }
    // Moves what follows back, so that no gravestones gather.
    bool erase(const Key& key) {
        if (size_ == 0) return false;
        std::size_t hole = locate(key);
        if (!slots_[hole].used) return false;
        const std::size_t mask = capacity_ - 1;
        for (std::size_t next = (hole + 1) & mask; slots_[next].used; next = (next + 1) & mask) {
            const std::size_t home = mix(slots_[next].key) & mask;
            if (((next - home) & mask) < ((next - hole) & mask)) continue;
            slots_[hole] = std::move(slots_[next]);
            hole = next;
        }
        slots_[hole] = Slot();
        --size_;
        return true;
    }
    // Erases those of which f(key, value) says so.
    template <class F>
    void erase_if(F&& f) {
        for (std::size_t i = 0; i < capacity_;) {
            // What follows may move into the place of what went, and is looked at as well.
            if (!slots_[i].used || !f(std::as_const(slots_[i].key), slots_[i].value) ||
                !erase(Key(slots_[i].key)))
                ++i;
        }
    }
    void clear() {
        for (std::size_t i = 0; i < capacity_; ++i) slots_[i] = Slot();
        size_ = 0;
    }
    // Room for `count` keys in all; false above the limit or out of memory.
    bool reserve(std::size_t count) {
        if (count > limit_) return false;
        std::size_t capacity = capacity_ == 0 ? 8 : capacity_;
        while (capacity / 2 < count) capacity *= 2;
        return capacity == capacity_ || move_to(capacity);
    }

    // Fetches the place where find() will begin to look. What it gives spares that the hashing.
    TENON_INLINE std::size_t prefetch(const Key& key) const {
        const std::size_t mixed = mix(key);
        if (size_ != 0) tenon::prefetch(slots_ + (mixed & (capacity_ - 1)));
        return mixed;
    }
    Value* find(const Key& key) { return size_ == 0 ? nullptr : find(key, mix(key)); }
    Value* find(const Key& key, std::size_t mixed) {
        if (size_ == 0) return nullptr;
        Slot& slot = slots_[locate(key, mixed)];
        return slot.used ? &slot.value : nullptr;
    }
    const Value* find(const Key& key) const { return const_cast<HashMap*>(this)->find(key); }
    // f(key, value) of each, in no order. f must not insert or erase.
    template <class F>
    void for_each(F&& f) {
        for (std::size_t i = 0; i < capacity_; ++i)
            if (slots_[i].used) f(std::as_const(slots_[i].key), slots_[i].value);
    }
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t i = 0; i < capacity_; ++i)
            if (slots_[i].used) f(std::as_const(slots_[i].key), std::as_const(slots_[i].value));
    }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t capacity() const { return capacity_; }
    std::size_t limit() const { return limit_; }

  private:
    struct Slot {
        Key key{};
        Value value{};
        bool used = false;
    };
    static_assert(alignof(Slot) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "tenon: a HashMap's items can't be that aligned");

    std::size_t mix(const Key& key) const { return static_cast<std::size_t>(seeded_hash(key, seed_)); }
    // Where the key is, or else where it would go. Half of the slots are free, so the search ends.
    std::size_t locate(const Key& key) const { return locate(key, mix(key)); }
    std::size_t locate(const Key& key, std::size_t mixed) const {
        std::size_t at = mixed & (capacity_ - 1);
        while (slots_[at].used && !(slots_[at].key == key)) at = (at + 1) & (capacity_ - 1);
        return at;
    }
    void swap(HashMap& other) {
        swap_values(slots_, other.slots_);
        swap_values(capacity_, other.capacity_);
        swap_values(size_, other.size_);
        swap_values(limit_, other.limit_);
        swap_values(seed_, other.seed_);
    }
    static void release(Slot* slots, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) slots[i].~Slot();
        ::operator delete(slots);
    }
    TENON_COLD bool move_to(std::size_t capacity) {
        if (capacity > SIZE_MAX / sizeof(Slot)) return false;
        auto* slots = static_cast<Slot*>(::operator new(capacity * sizeof(Slot), std::nothrow));
        if (slots == nullptr) return false;
        for (std::size_t i = 0; i < capacity; ++i) new (slots + i) Slot();
        Slot* old = slots_;
        const std::size_t old_capacity = capacity_;
        slots_ = slots;
        capacity_ = capacity;
        for (std::size_t i = 0; i < old_capacity; ++i)
            if (old[i].used) slots_[locate(old[i].key)] = std::move(old[i]);
        release(old, old_capacity);
        return true;
    }

    Slot* slots_ = nullptr;
    std::size_t capacity_ = 0, size_ = 0, limit_;
    std::uint64_t seed_;
};

} // namespace tenon
