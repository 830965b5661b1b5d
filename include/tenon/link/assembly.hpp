#pragma once
// A message that came in parts, put together again in a buffer that is kept for the next one. Its size is
// checked against the room's limit before anything is allocated.

#include <cstddef>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon {

class Assembly {
  public:
    Assembly() = default;
    Assembly(const Assembly&) = delete;
    Assembly& operator=(const Assembly&) = delete;
    ~Assembly() { ::operator delete(bytes_); }

    // Room for a message of `size` bytes, of which nothing has arrived.
    Result<> begin(std::size_t size, std::size_t size_max) {
        if (size > size_max) return Error::over_bound;
        if (size > capacity_) {
            ::operator delete(bytes_);
            bytes_ = static_cast<std::byte*>(::operator new(size, std::nothrow));
            capacity_ = bytes_ != nullptr ? size : 0;
            if (bytes_ == nullptr) return Error::queue_full;
        }
        size_ = size;
        filled_ = 0;
        return {};
    }
    // Takes the next part, or as much of it as the message still needs, and says how much that was.
    std::size_t add(BytesIn part) {
        const std::size_t count = part.size() < size_ - filled_ ? part.size() : size_ - filled_;
        copy(bytes_ + filled_, part.first(count));
        filled_ += count;
        return count;
    }
    void put(std::size_t at, BytesIn part) {
        copy(bytes_ + at, part);
        filled_ += part.size();
    }

    bool complete() const { return filled_ == size_; }
    std::size_t size() const { return size_; }
    BytesIn bytes() const { return {bytes_, size_}; }

  private:
    std::byte* bytes_ = nullptr;
    std::size_t capacity_ = 0, size_ = 0, filled_ = 0;
};

} // namespace tenon
