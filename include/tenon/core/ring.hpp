#pragma once
// A first-in-first-out queue on a circle that doubles when it is full, up to a limit. It never shrinks, so a queue that has
// seen its busiest moment allocates no more.

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace tenon {

template <class T>
class Ring {
  public:
    explicit Ring(std::size_t limit = static_cast<std::size_t>(-1) / 2) : limit_(limit) {}
    Ring(Ring&& other) noexcept : limit_(other.limit_) { swap(other); }
    Ring& operator=(Ring&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Ring() {
        clear();
        ::operator delete(items_);
    }

    // The place of the new last item, or nullptr: at the limit, or out of memory.
    T* push_back(T item) {
        if (size_ == capacity_ && !grow()) return nullptr;
        T* place = new (items_ + ((head_ + size_) & (capacity_ - 1))) T(std::move(item));
        ++size_;
        return place;
    }
    void pop_front() {
        items_[head_].~T();
        head_ = (head_ + 1) & (capacity_ - 1);
        --size_;
    }
    void pop_back() { items_[(head_ + --size_) & (capacity_ - 1)].~T(); }
    void clear() {
        if constexpr (std::is_trivially_destructible_v<T>)
            size_ = 0;
        else
            while (size_ != 0) pop_front();
        head_ = 0;
    }

    T& front() { return items_[head_]; }
    const T& front() const { return items_[head_]; }
    T& back() { return (*this)[size_ - 1]; }
    const T& back() const { return (*this)[size_ - 1]; }
    T& operator[](std::size_t i) { return items_[(head_ + i) & (capacity_ - 1)]; }
    const T& operator[](std::size_t i) const { return items_[(head_ + i) & (capacity_ - 1)]; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t capacity() const { return capacity_; }
    std::size_t limit() const { return limit_; }

  private:
    void swap(Ring& other) {
        std::swap(items_, other.items_);
        std::swap(capacity_, other.capacity_);
        std::swap(head_, other.head_);
        std::swap(size_, other.size_);
        std::swap(limit_, other.limit_);
    }
    bool grow() {
        if (size_ >= limit_) return false;
        const std::size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
        T* items = static_cast<T*>(::operator new(capacity * sizeof(T), std::nothrow));
        if (items == nullptr) return false;
        for (std::size_t i = 0; i < size_; ++i) {
            T& item = (*this)[i];
            new (items + i) T(std::move(item));
            item.~T();
        }
        ::operator delete(items_);
        items_ = items;
        capacity_ = capacity;
        head_ = 0;
        return true;
    }

    T* items_ = nullptr;
    std::size_t capacity_ = 0, head_ = 0, size_ = 0, limit_;
};

} // namespace tenon
