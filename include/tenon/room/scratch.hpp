#pragma once
// Where the room writes a message that does not go straight into a queue, with space for a head in front.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/room/words.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class Scratch {
  public:
    static constexpr std::size_t head_bytes_max = 24; // the largest, Filed's, has eighteen
    static_assert(head_bytes_max >= RelayHead::bytes_max);

    explicit Scratch(std::size_t payload_bytes_max)
        : payload_bytes_max_(payload_bytes_max), bytes_(static_cast<std::byte*>(::operator new(size()))) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { ::operator delete(bytes_); }

    BytesOut payload() { return {bytes_ + head_bytes_max, payload_bytes_max_}; }

    // The payload behind the head that `write(ByteWriter&)` writes. One that lies in here stays where it is,
    // so that it can have another head for the next.
    template <class F>
    BytesIn with_head(BytesIn payload, F&& write) {
        std::byte head[head_bytes_max];
        ByteWriter out{BytesOut(head)};
        write(out);
        const auto begin = reinterpret_cast<std::uintptr_t>(bytes_ + out.position()),
                   there = reinterpret_cast<std::uintptr_t>(payload.data());
        if (there >= begin && there + payload.size() <= begin - out.position() + size()) {
            std::byte* const whole = bytes_ + (there - begin);
            std::memcpy(whole, head, out.position());
            return {whole, out.position() + payload.size()};
        }
        const std::size_t left = size() - out.position();
        if (payload.size() > left) payload = payload.first(left); // longer than any link lets through
        std::memmove(bytes_ + out.position(), payload.data(), payload.size());
        std::memcpy(bytes_, head, out.position());
        return {bytes_, out.position() + payload.size()};
    }

  private:
    // Whoever sends a message to be passed on may use the space of the head that it will have.
    std::size_t size() const { return head_bytes_max * 2 + payload_bytes_max_; }

    std::size_t payload_bytes_max_;
    std::byte* bytes_;
};

} // namespace tenon
