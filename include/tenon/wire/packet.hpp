#pragma once
// The packet as PROTOCOL.md describes it: flags, checksum, packet number, acknowledgement, then frames to the
// end. A link writes and opens packets here, and brings the seal; what the frames hold is the business of the
// floors above.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/checksum.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

namespace packet_flag {
inline constexpr std::uint8_t number_bytes = 0x03; // less one
inline constexpr std::uint8_t acked_bytes = 0x0C;  // less one, shifted by two
inline constexpr std::uint8_t has_ack = 0x10;
inline constexpr std::uint8_t has_runs = 0x20;
inline constexpr std::uint8_t reserved = 0x40; // must be zero
inline constexpr std::uint8_t meeting = 0x80;  // not a packet of a link but a datagram of the handshake
} // namespace packet_flag

// What a frame is, by its first byte. From `message` up it is a message of the game: a bit for a length, six
// for the type.
namespace frame {
inline constexpr std::uint8_t padding = 0x00;
inline constexpr std::uint8_t ping = 0x01;
inline constexpr std::uint8_t time_ask = 0x02;
inline constexpr std::uint8_t time_tell = 0x03;
inline constexpr std::uint8_t close = 0x04;
inline constexpr std::uint8_t fragment = 0x05;
inline constexpr std::uint8_t commands = 0x06;
inline constexpr std::uint8_t retried_event = 0x07;
inline constexpr std::uint8_t receipts = 0x08;
inline constexpr std::uint8_t repair = 0x09;
inline constexpr std::uint8_t early = 0x0A;
inline constexpr std::uint8_t chunk = 0x10; // to 0x1F: see chunk_flag
inline constexpr std::uint8_t message = 0x80;

// Whether it asks for an acknowledgement. A question about the time has its own answer, and that needs none.
constexpr bool elicits(std::uint8_t tag) {
    return tag != padding && tag != time_ask && tag != time_tell && tag != early && tag != close &&
           tag != receipts;
}
} // namespace frame

namespace chunk_flag {
inline constexpr std::uint8_t length = 0x01;     // a length follows; else it runs to the packet's end
inline constexpr std::uint8_t unordered = 0x02;  // of the unordered channel
inline constexpr std::uint8_t continues = 0x04;  // begins inside a message
inline constexpr std::uint8_t unfinished = 0x08; // ends inside a message
} // namespace chunk_flag

namespace message_flag {
inline constexpr std::uint8_t length = 0x40;
inline constexpr std::uint8_t type = 0x3F;
inline constexpr std::uint8_t type_follows = 0x3F; // the type did not fit and follows as a varint
} // namespace message_flag

inline constexpr std::size_t packet_header_bytes_max = 1 + Checksum::front_bytes + 4;
inline constexpr unsigned ack_window = 32; // what an acknowledgement without runs speaks of

// How long an acknowledgement waited, in a byte: quarters of a millisecond, then steps of four.
constexpr std::uint8_t encode_ack_delay(Duration delay) {
    const std::int64_t quarters = delay.ns < 0 ? 0 : delay.ns / 250'000;
    if (quarters < 128) return static_cast<std::uint8_t>(quarters);
    const std::int64_t steps = (quarters - 128) / 16;
    return static_cast<std::uint8_t>(steps > 127 ? 255 : 128 + steps);
}
constexpr Duration decode_ack_delay(std::uint8_t byte) {
    return byte < 128 ? microseconds(byte * 250) : milliseconds(32 + (byte - 128) * 4);
}

// How many bytes a packet's number needs while `unsettled` packets are not acknowledged yet. A quarter of the
// circle is left to each side, so that the other side finds the whole number even when half a window is lost
// or late.
constexpr unsigned number_bytes_for(std::uint64_t unsettled) {
    return unsettled < 0x40 ? 1 : unsettled < 0x4000 ? 2 : unsettled < 0x40'0000 ? 3 : 4;
}

// Which packets arrived: runs of numbers, the newest first, alternating with gaps.
struct AckBlock {
    std::uint64_t largest = 0;
    Duration delay{};
    std::uint64_t first_run = 0; // packets in a row that end with `largest`
    BytesIn runs;                // (gap, run) as varints, checked when opened

    // Calls f(first, last) for each run, newest first, both numbers included.
    template <class F>
    void for_each(F&& f) const {
        std::uint64_t last = largest, first = largest + 1 - first_run;
        f(first, last);
        ByteReader in(runs);
        while (in.left() != 0) {
            last = first - 1 - in.varint();
            first = last + 1 - in.varint();
            f(first, last);
        }
    }
};

struct OpenPacket {
    std::uint64_t number = 0;
    unsigned number_bytes = 1;
    bool has_ack = false;
    AckBlock ack;
    BytesIn frames;
};

// Reads a message frame behind its tag.
inline bool read_message_frame(ByteReader& frames, std::uint8_t tag, MessageType& type, BytesIn& payload) {
    std::uint64_t number = tag & message_flag::type;
    if (number == message_flag::type_follows) {
        const std::uint64_t more = frames.varint();
        if (more > 0xFFFF) frames.fail(); // added up it could come around to a small type
        number += more;
    }
    payload = tag & message_flag::length ? frames.sized() : frames.bytes(frames.left());
    type.value = static_cast<std::uint16_t>(number);
    return frames.ok() && number <= 0xFFFF;
}

// Writes one packet from front to back into the caller's buffer: header, acknowledgement, frames, then the
// seal.
class PacketWriter {
  public:
    // `unsettled`: how many packets before this one the other side has not acknowledged.
    PacketWriter(BytesOut into, std::uint64_t number, std::uint64_t unsettled, SealBytes seal = {})
        : whole_(into), number_(number), out_(into.first(into.size() - seal.back)) {
        const unsigned bytes = number_bytes_for(unsettled);
        flags_ = static_cast<std::uint8_t>(bytes - 1);
        out_.skip(1 + seal.front);
        for (unsigned i = 0; i < bytes; ++i) out_.u8(static_cast<std::uint8_t>(number >> (8 * i)));
        header_end_ = out_.position();
    }

    // `number_bytes`: as many as the other side's packets show; first_run 0 stands for "the last 32, all".
    void ack(std::uint64_t largest, unsigned number_bytes, Duration delay, std::uint64_t first_run) {
        flags_ |= static_cast<std::uint8_t>(packet_flag::has_ack | (number_bytes - 1) << 2);
        acked_ = largest;
        for (unsigned i = 0; i < number_bytes; ++i) out_.u8(static_cast<std::uint8_t>(largest >> (8 * i)));
        out_.u8(encode_ack_delay(delay));
        if (first_run != 0) {
            flags_ |= packet_flag::has_runs;
            runs_at_ = out_.position();
            out_.u8(0);
            out_.varint(first_run);
        }
        header_end_ = out_.position();
    }
    void ack_run(std::uint64_t gap, std::uint64_t run) {
        out_.varint(gap);
        out_.varint(run);
        whole_[runs_at_] = static_cast<std::byte>(std::to_integer<unsigned>(whole_[runs_at_]) + 1);
        header_end_ = out_.position();
    }

    ByteWriter& out() { return out_; }
    // A frame without a length runs to the packet's end, so nothing fits behind it.
    std::size_t left() const { return full_ ? 0 : out_.left(); }
    void fill_up() { full_ = true; }
    // Lets it grow to so many bytes before its seal, which is no less than it has; gives how far it could
    // before.
    std::size_t limit(std::size_t bytes) {
        const std::size_t before = out_.position() + out_.left();
        ByteWriter out(whole_.first(bytes));
        out.skip(out_.position());
        out_ = out;
        return before;
    }
    // Zeros to the end of the buffer, where nothing runs up to it.
    void pad() {
        while (left() != 0) out_.u8(frame::padding);
    }
    std::size_t size() const { return out_.position(); }
    std::uint64_t number() const { return number_; }
    bool has_frames() const { return out_.position() != header_end_; }

    // Writes the length of the frame whose tag stands `back` bytes before, and sets the tag's bit for it. The
    // packet's last frame runs to its end and needs none: a long one is written so at once, a short one loses
    // its length in seal().
    void length(std::uint8_t bit, std::size_t back, std::size_t size) {
        length_at_ = 0;
        if (size + varint_size(size) + 4 > out_.left()) {
            full_ = true;
            return;
        }
        length_tag_ = out_.position() - back;
        length_bit_ = static_cast<std::byte>(bit);
        length_at_ = out_.position();
        whole_[length_tag_] |= length_bit_;
        out_.varint(size);
        length_end_ = out_.position();
        frame_end_ = length_end_ + size;
    }

    // A message of the game, whole, where it fits with its head.
    static constexpr std::size_t message_head_max = 1 + 3 + 3;
    void message(MessageType type, BytesIn payload) {
        const bool wide = type.value >= message_flag::type_follows;
        const std::size_t tag = out_.position();
        out_.u8(static_cast<std::uint8_t>(frame::message | (wide ? message_flag::type_follows : type.value)));
        if (wide) out_.varint(type.value - std::uint64_t(message_flag::type_follows));
        length(message_flag::length, out_.position() - tag, payload.size());
        out_.bytes(payload);
    }

    // The packet's size, now complete.
    template <class Seal>
    std::size_t seal(Seal&& seal) {
        whole_[0] = static_cast<std::byte>(flags_);
        std::size_t size = out_.position();
        if (length_at_ != 0 && frame_end_ == size) {
            std::memmove(&whole_[length_at_], &whole_[length_end_], size - length_end_);
            whole_[length_tag_] &= ~length_bit_;
            size -= length_end_ - length_at_;
        }
        size += std::remove_cvref_t<Seal>::back_bytes;
        seal.close(whole_.first(size), header_end_, number_, acked_);
        return size;
    }

  private:
    BytesOut whole_;
    std::uint64_t number_, acked_ = 0;
    ByteWriter out_;
    std::size_t header_end_ = 0, runs_at_ = 0;
    std::size_t length_tag_ = 0, length_at_ = 0, length_end_ = 0, frame_end_ = 0;
    std::byte length_bit_{};
    bool full_ = false;
    std::uint8_t flags_ = 0;
};

namespace detail {

// The runs must stay above zero, so that for_each needs no check.
inline bool read_runs(ByteReader& in, AckBlock& ack) {
    const unsigned pairs = in.u8();
    ack.first_run = in.varint();
    if (!in.ok() || ack.first_run == 0 || ack.first_run > ack.largest + 1) return false;
    std::uint64_t left = ack.largest + 1 - ack.first_run;
    const BytesIn rest = in.rest();
    for (unsigned i = 0; i < pairs; ++i) {
        const std::uint64_t gap = in.varint(), run = in.varint();
        if (!in.ok() || gap == 0 || run == 0 || gap > left || run > left - gap) return false;
        left -= gap + run;
    }
    ack.runs = rest.first(rest.size() - in.left());
    return true;
}

} // namespace detail

// Opens a packet, or says why it is none: `expected` is the number after the newest that arrived, `sent` the
// next to be sent; what was encrypted is put on the `desk`, as large as the datagram.
template <class Seal>
Result<OpenPacket> open_packet(BytesIn datagram, Seal&& seal, std::uint64_t expected, std::uint64_t sent,
                               BytesOut desk = {}) {
    using Kind = std::remove_cvref_t<Seal>;
    if (datagram.size() < 1 + Kind::front_bytes + 1 + Kind::back_bytes) return Error::truncated;
    OpenPacket packet;
    const std::uint8_t flags = std::to_integer<std::uint8_t>(datagram[0]);
    if (flags & (packet_flag::meeting | packet_flag::reserved)) return Error::malformed;
    if (!(flags & packet_flag::has_ack) && (flags & (packet_flag::acked_bytes | packet_flag::has_runs)))
        return Error::malformed;
    ByteReader in(
        datagram.subspan(1 + Kind::front_bytes, datagram.size() - 1 - Kind::front_bytes - Kind::back_bytes));
    packet.number_bytes = (flags & packet_flag::number_bytes) + 1u;
    packet.number = expand(in.le(packet.number_bytes), packet.number_bytes * 8, expected);
    if (flags & packet_flag::has_ack) {
        packet.has_ack = true;
        const unsigned bytes = ((flags & packet_flag::acked_bytes) >> 2) + 1u;
        packet.ack.largest = expand(in.le(bytes), bytes * 8, sent);
        if (packet.ack.largest >= sent && packet.ack.largest >> (bytes * 8))
            packet.ack.largest -= std::uint64_t(1) << (bytes * 8);
        packet.ack.delay = decode_ack_delay(in.u8());
        packet.ack.first_run = packet.ack.largest + 1 < ack_window ? packet.ack.largest + 1 : ack_window;
        if ((flags & packet_flag::has_runs) && !detail::read_runs(in, packet.ack)) return Error::malformed;
    }
    if (!in.ok()) return Error::truncated;
    const std::size_t head = datagram.size() - Kind::back_bytes - in.left();
    if (!seal.open(datagram, head, packet.number, packet.ack.largest, desk, packet.frames))
        return Error::bad_checksum;
    // Only now is it the other side who speaks, and not noise.
    if (packet.has_ack && packet.ack.largest >= sent) return Error::malformed;
    return packet;
}

} // namespace tenon
