#pragma once
// A small map with open addressing, for keys that know their hash: addresses, ids. It doubles up to its limit and allocates
// nothing else; a seed of its own keeps strangers from choosing keys that collide.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/random.hpp"

namespace tenon {

template <class Key, class Value>
class HashMap {
  public:
    explicit HashMap(std::size_t limit = std::size_t(1) << 30, std::uint64_t seed = 0) : limit_(limit), seed_(seed) {}
    HashMap(const HashMap&) = delete;
    HashMap& operator=(const HashMap&) = delete;
    ~HashMap() { release(slots_, capacity_); }

    void set_seed(std::uint64_t seed) { seed_ = size_ == 0 ? seed : seed_; }

    Value* find(const Key& key) {
        if (size_ == 0) return nullptr;
        const std::size_t at = locate(key);
        return slots_[at].used ? &slots_[at].value : nullptr;
    }
    const Value* find(const Key& key) const { return const_cast<HashMap*>(this)->find(key); }

    // The value's place, or nullptr at the limit or out of memory. What the key had before is replaced.
    Value* insert(const Key& key, Value value) {
        if ((size_ + 1) * 2 > capacity_ && !grow()) {
            Value* known = find(key);
            if (known != nullptr) *known = value;
            return known;
        }
        Slot& slot = slots_[locate(key)];
        if (!slot.used) {
            if (size_ >= limit_) return nullptr;
            slot.used = true;
            slot.key = key;
            ++size_;
        }
        slot.value = value;
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
            slots_[hole] = slots_[next];
            hole = next;
        }
        slots_[hole] = Slot();
        --size_;
        return true;
    }
    void clear() {
        for (std::size_t i = 0; i < capacity_; ++i) slots_[i] = Slot();
        size_ = 0;
    }

    template <class F>
    void for_each(F&& f) {
        for (std::size_t i = 0; i < capacity_; ++i)
            if (slots_[i].used) f(slots_[i].key, slots_[i].value);
    }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }

  private:
    struct Slot {
        Key key{};
        Value value{};
        bool used = false;
    };

    std::uint64_t mix(const Key& key) const { return splitmix(key.hash() ^ seed_); }
    std::size_t locate(const Key& key) const {
        std::size_t at = mix(key) & (capacity_ - 1);
        while (slots_[at].used && !(slots_[at].key == key)) at = (at + 1) & (capacity_ - 1);
        return at;
    }
    static void release(Slot* slots, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) slots[i].~Slot();
        ::operator delete(slots);
    }
    bool grow() {
        if (size_ >= limit_) return false;
        const std::size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
        auto* slots = static_cast<Slot*>(::operator new(capacity * sizeof(Slot), std::nothrow));
        if (slots == nullptr) return false;
        for (std::size_t i = 0; i < capacity; ++i) new (slots + i) Slot();
        Slot* old = slots_;
        const std::size_t old_capacity = capacity_;
        slots_ = slots;
        capacity_ = capacity;
        for (std::size_t i = 0; i < old_capacity; ++i)
            if (old[i].used) slots_[locate(old[i].key)] = old[i];
        release(old, old_capacity);
        return true;
    }

    Slot* slots_ = nullptr;
    std::size_t capacity_ = 0, size_ = 0, limit_;
    std::uint64_t seed_;
};

} // namespace tenon
