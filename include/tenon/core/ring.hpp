#pragma once
// A first-in-first-out queue on a circle that doubles when it is full, up to a limit. It shrinks only when
// asked, so a queue that has seen its busiest moment allocates no more. Queues of links and rooms are rings.

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/core/swap.hpp"

namespace tenon {

template <class T>
class Ring {
  public:
    static constexpr std::size_t most = std::size_t(1) << 31; // whatever the limit

    explicit Ring(std::size_t limit = most)
        : limit_(static_cast<std::uint32_t>(limit < most ? limit : most)) {}
    Ring(Ring&& other) noexcept : limit_(other.limit_) { swap(other); }
    Ring& operator=(Ring&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Ring() {
        clear();
        ::operator delete(items_);
    }

    // The place of the new last item, or nullptr: at the limit, or out of memory. It holds until the ring
    // grows or shrinks.
    T* push_back(T item) {
        void* place = new_place();
        return place == nullptr ? nullptr : new (place) T(std::move(item));
    }
    // The arguments must not be items of this ring, which may move first.
    template <class... Args>
    T* emplace_back(Args&&... args) {
        void* place = new_place();
        if (place == nullptr) return nullptr;
        if constexpr (std::is_constructible_v<T, Args...>)
            return new (place) T(std::forward<Args>(args)...);
        else
            return new (place) T{std::forward<Args>(args)...};
    }
    void pop_front() {
        TENON_ASSERT(size_ != 0, "pop_front() of an empty ring");
        items_[head_].~T();
        head_ = (head_ + 1) & (capacity_ - 1);
        --size_;
    }
    void pop_back() {
        TENON_ASSERT(size_ != 0, "pop_back() of an empty ring");
        items_[(head_ + --size_) & (capacity_ - 1)].~T();
    }
    void clear() {
        for (std::size_t i = 0; i < size_; ++i) items_[(head_ + i) & (capacity_ - 1)].~T();
        size_ = head_ = 0;
    }
    // Room for `count` items in all; false, and all as it was, above the limit or out of memory.
    bool reserve(std::size_t count) {
        if (count <= capacity_) return true;
        return count <= limit_ && move_to(fitting(count));
    }
    // Gives back what the items don't need.
    void shrink() {
        if (size_ == 0) {
            ::operator delete(items_);
            items_ = nullptr;
            capacity_ = head_ = 0;
        } else if (fitting(size_) < capacity_) {
            move_to(fitting(size_));
        }
    }

    T& front() { return (*this)[0]; }
    const T& front() const { return (*this)[0]; }
    T& back() { return (*this)[size_ - 1]; }
    const T& back() const { return (*this)[size_ - 1]; }
    T& operator[](std::size_t i) {
        TENON_ASSERT(i < size_, "a ring has no such item");
        return items_[(head_ + i) & (capacity_ - 1)];
    }
    const T& operator[](std::size_t i) const {
        TENON_ASSERT(i < size_, "a ring has no such item");
        return items_[(head_ + i) & (capacity_ - 1)];
    }
    // Where the next item would go, if nothing has to move for it.
    const T* next_place() const { return items_ + ((head_ + size_) & (capacity_ - 1)); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t capacity() const { return capacity_; }
    std::size_t limit() const { return limit_; }

  private:
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "tenon: a Ring's items can't be that aligned");

    static std::size_t fitting(std::size_t count) {
        std::size_t capacity = 8;
        while (capacity < count) capacity *= 2;
        return capacity;
    }
    // Behind the last item, which it then is; nullptr at the limit, or out of memory.
    void* new_place() {
        if (size_ >= limit_ || (size_ == capacity_ && !move_to(fitting(std::size_t(size_) + 1))))
            return nullptr;
        return items_ + ((head_ + size_++) & (capacity_ - 1));
    }
    void swap(Ring& other) {
        swap_values(items_, other.items_);
        swap_values(capacity_, other.capacity_);
        swap_values(head_, other.head_);
        swap_values(size_, other.size_);
        swap_values(limit_, other.limit_);
    }
    TENON_COLD bool move_to(std::size_t capacity) {
        if (capacity > most || capacity > SIZE_MAX / sizeof(T)) return false;
        T* items = static_cast<T*>(::operator new(capacity * sizeof(T), std::nothrow));
        if (items == nullptr) return false;
        for (std::size_t i = 0; i < size_; ++i) {
            T& item = (*this)[i];
            new (items + i) T(std::move(item));
            item.~T();
        }
        ::operator delete(items_);
        items_ = items;
        capacity_ = static_cast<std::uint32_t>(capacity);
        head_ = 0;
        return true;
    }

    T* items_ = nullptr;
    // Narrow, since a server has thousands of rings and meets each of them in memory.
    std::uint32_t capacity_ = 0, head_ = 0, size_ = 0, limit_;
};

} // namespace tenon
