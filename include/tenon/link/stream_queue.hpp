#pragma once
// Messages that wait for their place in a stream: first in, first out, in one buffer that grows to its limit.
// What is in the stream has arrived as far as its sender is concerned, so nothing is kept to be sent again. A
// full queue is a result for the caller.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"

namespace tenon {

class StreamQueue {
  public:
    struct Message {
        MessageType type;
        BytesIn payload;
    };

    StreamQueue(std::size_t bytes_max, std::size_t message_bytes_max)
        : bytes_max_(bytes_max), message_bytes_max_(message_bytes_max) {}
    StreamQueue(const StreamQueue&) = delete;
    StreamQueue& operator=(const StreamQueue&) = delete;
    ~StreamQueue() { ::operator delete(bytes_); }

    // Room to write one message's payload behind the others, as large as most are; empty when there is none.
    BytesOut open_room(MessageType) {
        if (bytes() + head_bytes + open_bytes > bytes_max_ || !fit(head_bytes + open_bytes)) return {};
        return {bytes_ + tail_ + head_bytes, open_bytes};
    }
    // Takes the message whose payload was written into open_room().
    bool commit(MessageType type, std::size_t size) {
        store_le(bytes_ + tail_, static_cast<std::uint32_t>(size));
        store_le(bytes_ + tail_ + 4, type.value);
        tail_ += head_bytes + size;
        return true;
    }
    // Takes a message that is written already.
    Result<> append(MessageType type, BytesIn payload) {
        if (payload.size() > message_bytes_max_) return Error::too_large;
        const std::size_t whole = head_bytes + payload.size();
        if (bytes() + whole > bytes_max_ || !fit(whole)) return Error::queue_full;
        copy(bytes_ + tail_ + head_bytes, payload);
        commit(type, payload.size());
        return {};
    }

    bool empty() const { return head_ == tail_; }
    std::size_t bytes() const { return tail_ - head_; }
    std::size_t backlog() const { return bytes(); }
    // The oldest. Its payload lies here until the next call that puts one in.
    Message front() const {
        const std::byte* at = bytes_ + head_;
        return {{load_le<std::uint16_t>(at + 4)}, {at + head_bytes, std::size_t(load_le<std::uint32_t>(at))}};
    }
    void pop() {
        head_ += head_bytes + load_le<std::uint32_t>(bytes_ + head_);
        if (head_ == tail_) head_ = tail_ = 0;
    }

  private:
    static constexpr std::size_t head_bytes = 6, open_bytes = 1024;

    // Makes `size` bytes free behind the tail: by moving what waits to the front, or by doubling the buffer.
    bool fit(std::size_t size) {
        if (tail_ + size <= capacity_) return true;
        std::size_t capacity = capacity_ == 0 ? 2048 : capacity_;
        while (capacity < bytes() * 2 + size) capacity *= 2;
        std::byte* to = bytes_;
        if (capacity > capacity_) to = static_cast<std::byte*>(::operator new(capacity, std::nothrow));
        if (to == nullptr) return false;
        if (!empty()) std::memmove(to, bytes_ + head_, bytes());
        if (to != bytes_) {
            ::operator delete(bytes_);
            bytes_ = to;
            capacity_ = capacity;
        }
        tail_ -= head_;
        head_ = 0;
        return true;
    }

    std::byte* bytes_ = nullptr;
    std::size_t bytes_max_, message_bytes_max_, capacity_ = 0, head_ = 0, tail_ = 0;
};

} // namespace tenon
