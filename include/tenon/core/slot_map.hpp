#pragma once
// A table of large things that stay where they are, each known by a key that dies with it: the key of
// something erased finds nothing, also when its place was taken again. For links, entities and the like.

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/swap.hpp"

namespace tenon {

struct SlotKey {
    std::uint32_t index = none_index;
    std::uint32_t generation = 0;

    static constexpr std::uint32_t none_index = 0xFFFF'FFFF;
    static constexpr SlotKey none() { return {}; }

    constexpr explicit operator bool() const { return index != none_index; }
    friend constexpr auto operator<=>(SlotKey, SlotKey) = default;
};

// A place that has had `GenerationMax` tenants is left empty for good, rather than let an old key find a new
// tenant.
template <class T, std::uint32_t GenerationMax = 0xFFFF'FFFF>
class SlotMap {
  public:
    using Key = SlotKey;

    explicit SlotMap(std::size_t limit = SlotKey::none_index) : limit_(limit) {}
    SlotMap(SlotMap&& other) noexcept : SlotMap(other.limit_) { swap(other); }
    SlotMap& operator=(SlotMap&& other) noexcept {
        swap(other);
        return *this;
    }
    ~SlotMap() {
        clear();
        for (std::size_t i = 0; i < chunks_.size(); ++i) ::operator delete(chunks_[i]);
    }

    // The key of the new item, or none: at the limit, or out of memory.
    Key insert(T item) { return emplace(std::move(item)); }
    template <class... Args>
    Key emplace(Args&&... args) {
        if (size_ >= limit_ || (free_ == Key::none_index && !grow())) return {};
        const std::uint32_t index = free_;
        Slot& slot = slot_at(index);
        free_ = slot.next_free;
        if constexpr (std::is_constructible_v<T, Args...>)
            new (slot.bytes) T(std::forward<Args>(args)...);
        else
            new (slot.bytes) T{std::forward<Args>(args)...};
        alive_of(index) |= bit_of(index);
        ++size_;
        return {index, slot.generation};
    }
    // False when the key finds nothing. The item is gone from the table before its destructor runs.
    bool erase(Key key) {
        T* item = get(key);
        if (item == nullptr) return false;
        Slot& slot = slot_at(key.index);
        alive_of(key.index) &= ~bit_of(key.index);
        --size_;
        item->~T();
        if (slot.generation++ != GenerationMax) {
            slot.next_free = free_;
            free_ = key.index;
        }
        return true;
    }
    void clear() {
        for (Iterator it = begin(); it != end(); ++it) erase(it.key());
    }

    T* get(Key key) {
        T* item = at(key.index);
        return item != nullptr && slot_at(key.index).generation == key.generation ? item : nullptr;
    }
    const T* get(Key key) const { return const_cast<SlotMap*>(this)->get(key); }
    // What lives at an index now, and its key; nullptr and none when nothing does.
    T* at(std::uint32_t index) { return lives(index) ? slot_at(index).item() : nullptr; }
    const T* at(std::uint32_t index) const { return const_cast<SlotMap*>(this)->at(index); }
    Key key_at(std::uint32_t index) const {
        return lives(index) ? Key{index, const_cast<SlotMap*>(this)->slot_at(index).generation} : Key{};
    }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t limit() const { return limit_; }

    // for (auto [key, item] : map), by index. The loop may erase and insert whatever it likes; what is
    // inserted meanwhile may or may not be met.
    struct Entry {
        Key key;
        T& item;
    };
    class Iterator {
      public:
        Iterator(SlotMap* map, std::uint32_t index) : map_(map), index_(map->next_alive(index)) {}
        Entry operator*() const { return {key(), *map_->slot_at(index_).item()}; }
        Iterator& operator++() {
            index_ = map_->next_alive(index_ + 1);
            return *this;
        }
        bool operator!=(const Iterator& other) const { return index_ != other.index_; }
        Key key() const { return map_->key_at(index_); }

      private:
        SlotMap* map_;
        std::uint32_t index_;
    };
    Iterator begin() { return {this, 0}; }
    Iterator end() { return {this, Key::none_index}; }

  private:
    struct Slot {
        std::uint32_t generation = 0;
        std::uint32_t next_free = Key::none_index;
        alignas(T) std::byte bytes[sizeof(T)];

        T* item() { return std::launder(reinterpret_cast<T*>(bytes)); }
    };
    // Items lie in chunks that never move, of about this many bytes, or of one large item.
    static constexpr std::size_t chunk_bytes = 16384;
    static constexpr std::uint32_t chunk_slots = static_cast<std::uint32_t>(
        sizeof(Slot) * 64 <= chunk_bytes ? 64 : std::bit_floor(chunk_bytes / sizeof(Slot) | 1));
    struct Chunk {
        std::uint64_t alive = 0; // one bit of each slot
        Slot slots[chunk_slots];
    };
    static_assert(alignof(Chunk) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "tenon: a SlotMap's items can't be that aligned");

    Slot& slot_at(std::uint32_t index) { return chunks_[index / chunk_slots]->slots[index % chunk_slots]; }
    std::uint64_t& alive_of(std::uint32_t index) { return chunks_[index / chunk_slots]->alive; }
    static std::uint64_t bit_of(std::uint32_t index) { return std::uint64_t(1) << (index % chunk_slots); }
    bool lives(std::uint32_t index) const {
        return index / chunk_slots < chunks_.size() &&
               (chunks_[index / chunk_slots]->alive & bit_of(index)) != 0;
    }
    std::uint32_t next_alive(std::uint32_t index) const {
        for (std::uint32_t chunk = index / chunk_slots; chunk < chunks_.size(); ++chunk) {
            const std::uint32_t first = chunk * chunk_slots;
            const std::uint64_t alive = chunks_[chunk]->alive & (~std::uint64_t(0) << (index - first));
            if (alive != 0) return first + static_cast<std::uint32_t>(std::countr_zero(alive));
            index = first + chunk_slots;
        }
        return Key::none_index;
    }
    TENON_COLD bool grow() {
        if (chunks_.size() >= Key::none_index / chunk_slots) return false;
        void* memory = ::operator new(sizeof(Chunk), std::nothrow);
        if (memory == nullptr) return false;
        Chunk* chunk = new (memory) Chunk;
        if (chunks_.push_back(chunk) == nullptr) {
            ::operator delete(memory);
            return false;
        }
        const auto first = static_cast<std::uint32_t>((chunks_.size() - 1) * chunk_slots);
        for (std::uint32_t i = chunk_slots; i-- > 0;) {
            chunk->slots[i].generation = 1;
            chunk->slots[i].next_free = free_;
            free_ = first + i;
        }
        return true;
    }
    void swap(SlotMap& other) {
        swap_values(chunks_, other.chunks_);
        swap_values(free_, other.free_);
        swap_values(size_, other.size_);
        swap_values(limit_, other.limit_);
    }

    Ring<Chunk*> chunks_;
    std::uint32_t free_ = Key::none_index;
    std::size_t size_ = 0, limit_;
};

} // namespace tenon
