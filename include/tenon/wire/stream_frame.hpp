#pragma once
// A frame on a transport that loses nothing and keeps the order, as PROTOCOL.md describes it: messages one
// behind the other to the frame's end, each with a tag and its type, and nothing else. A StreamLink writes
// and reads frames here.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/wire/packet.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// By its first byte. Below `message` the numbers are those of packets (see frame), as far as both have them;
// the top bit stays free, because it tells the handshake's datagrams.
namespace stream_frame {
inline constexpr std::uint8_t ping = frame::ping; // with a number, which `pong` brings back
inline constexpr std::uint8_t pong = 0x0B;
inline constexpr std::uint8_t command = 0x0C; // type, length and payload
inline constexpr std::uint8_t skipped = 0x0D; // so many commands will never come
// Where the transport also carries datagrams: how many had left before what follows, and the commands that
// no datagram takes as packets have them.
inline constexpr std::uint8_t mark = 0x0E;
inline constexpr std::uint8_t commands = frame::commands;
inline constexpr std::uint8_t message = 0x40; // a bit for a length, five for the type
inline constexpr std::uint8_t length = 0x20;
inline constexpr std::uint8_t type = 0x1F;
inline constexpr std::uint8_t type_follows = 0x1F; // the type did not fit and follows as a varint

inline constexpr std::size_t head_bytes_max = 1 + 3 + 4; // before a payload
} // namespace stream_frame

// Writes one frame from front to back into the caller's buffer.
class StreamWriter {
  public:
    explicit StreamWriter(BytesOut into) : whole_(into), out_(into) {}

    ByteWriter& out() { return out_; }
    std::size_t size() const { return out_.position(); }
    std::size_t left() const { return full_ ? 0 : out_.left(); }
    bool fits(std::size_t payload) const { return payload + stream_frame::head_bytes_max <= left(); }

    // Of the last one the length is not needed, because it runs to the frame's end: a long one is written so
    // at once, a short one loses it in finish().
    void message(MessageType type, BytesIn payload) {
        const bool wide = type.value >= stream_frame::type_follows;
        length_tag_ = size();
        out_.u8(static_cast<std::uint8_t>(stream_frame::message |
                                          (wide ? stream_frame::type_follows : type.value)));
        if (wide) out_.varint(type.value - std::uint64_t(stream_frame::type_follows));
        length_at_ = 0;
        full_ = payload.size() + varint_size(payload.size()) + 4 > out_.left();
        if (!full_) {
            length_at_ = size();
            whole_[length_tag_] |= static_cast<std::byte>(stream_frame::length);
            out_.varint(payload.size());
            length_end_ = size();
        }
        out_.bytes(payload);
        end_ = size();
    }
    void command(MessageType type, BytesIn payload) {
        out_.u8(stream_frame::command);
        out_.varint(type.value);
        out_.sized(payload);
    }
    // The frame's size, now complete.
    std::size_t finish() {
        if (length_at_ == 0 || end_ != size()) return size();
        std::memmove(&whole_[length_at_], &whole_[length_end_], size() - length_end_);
        whole_[length_tag_] &= ~static_cast<std::byte>(stream_frame::length);
        return size() - (length_end_ - length_at_);
    }

  private:
    BytesOut whole_;
    ByteWriter out_;
    std::size_t length_tag_ = 0, length_at_ = 0, length_end_ = 0, end_ = 0;
    bool full_ = false;
};

// Reads a message behind its tag.
inline bool read_stream_message(ByteReader& frame, std::uint8_t tag, MessageType& type, BytesIn& payload) {
    std::uint64_t number = tag & stream_frame::type;
    if (number == stream_frame::type_follows) {
        const std::uint64_t more = frame.varint();
        if (more > 0xFFFF) frame.fail(); // added up it could come around to a small type
        number += more;
    }
    payload = tag & stream_frame::length ? frame.sized() : frame.bytes(frame.left());
    type.value = static_cast<std::uint16_t>(number);
    return frame.ok() && number <= 0xFFFF;
}

} // namespace tenon
