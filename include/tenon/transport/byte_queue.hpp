#pragma once
// ByteQueue: bytes in a row that come in behind and leave in front, in one piece of memory that grows by
// doubling and is kept. Each connection has one for each direction.

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

class ByteQueue {
  public:
    BytesIn front() const { return {bytes_.get() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }

    // All the room behind, which is at least `wanted`; empty where there is no memory.
    BytesOut room(std::size_t wanted) {
        if (capacity_ - end_ < wanted && !make_room(wanted)) return {};
        return {bytes_.get() + end_, capacity_ - end_};
    }
    void add(std::size_t count) { end_ += count; }
    bool append(BytesIn bytes) {
        const BytesOut into = room(bytes.size());
        if (into.size() < bytes.size()) return false;
        copy(into.data(), bytes);
        add(bytes.size());
        return true;
    }
    void take(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void clear() { begin_ = end_ = 0; }
    // Gives the memory back as well.
    void release() { *this = ByteQueue(); }

    ByteQueue() = default;
    ByteQueue(ByteQueue&& other) noexcept { swap(other); }
    ByteQueue& operator=(ByteQueue&& other) noexcept {
        ByteQueue taken(std::move(other));
        swap(taken);
        return *this;
    }

  private:
    bool make_room(std::size_t wanted) {
        const std::size_t held = size();
        // Bytes move when at least as many have left, so that each moves once for each that left.
        if (held <= begin_ && capacity_ - held >= wanted) {
            copy_down(bytes_.get(), held);
            return true;
        }
        std::size_t larger = capacity_ < 512 ? 512 : capacity_ * 2;
        while (larger - held < wanted) larger *= 2;
        std::unique_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[larger]);
        if (bytes == nullptr) return false;
        copy_down(bytes.get(), held);
        bytes_ = std::move(bytes);
        capacity_ = larger;
        return true;
    }
    void copy_down(std::byte* to, std::size_t held) {
        copy(to, {bytes_.get() + begin_, held}); // never onto themselves: as many have left
        begin_ = 0;
        end_ = held;
    }
    void swap(ByteQueue& other) {
        std::swap(bytes_, other.bytes_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

    std::unique_ptr<std::byte[]> bytes_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

} // namespace tenon::transport::detail
