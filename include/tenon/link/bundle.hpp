#pragma once
// Messages that go to many links together, as the states of a snapshot do: made into frames once, and copied
// run by run into each packet. Each link may leave some of them out. The room's streams fill it.

#include <array>
#include <bit>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class Bundle {
  public:
    static constexpr unsigned count_max = 64;

    // At most so many bytes in all, and never more than a packet holds.
    explicit Bundle(std::size_t bytes_max)
        : bytes_max_(bytes_max < sizeof(bytes_) ? bytes_max : sizeof(bytes_)) {}

    // False when there is no room for it. `stream` is what a newer message of the kind replaces.
    bool add(MessageType type, std::uint32_t stream, BytesIn payload) {
        const bool wide = type.value >= message_flag::type_follows;
        const std::size_t size = 1 + (wide ? varint_size(type.value - message_flag::type_follows) : 0) +
                                 varint_size(payload.size()) + payload.size();
        if (count_ == count_max || end_ + size > bytes_max_) return false;
        ByteWriter out(BytesOut(bytes_).subspan(end_, size));
        out.u8(static_cast<std::uint8_t>(frame::message | message_flag::length |
                                         (wide ? message_flag::type_follows : type.value)));
        if (wide) out.varint(type.value - std::uint64_t(message_flag::type_follows));
        out.sized(payload);
        end_ += size;
        store_le(&bytes_[2 + 2 * count_++], static_cast<std::uint16_t>(end_));
        store_le(&bytes_[0], static_cast<std::uint16_t>(count_));
        key_ = splitmix(key_ ^ (std::uint64_t(type.value) << 32 | stream));
        return true;
    }
    bool empty() const { return count_ == 0; }
    unsigned count() const { return count_; }
    // The same for the same streams in the same order.
    std::uint32_t key() const { return static_cast<std::uint32_t>(key_); }
    BytesIn bytes() const { return BytesIn(bytes_).first(end_); }
    void clear() {
        count_ = 0;
        end_ = head_bytes;
        key_ = 0;
    }

    // Writes what fits of the frames in `bundle`, from `next` on and without those of which the bit is set in
    // `without`. True when that was the last.
    static bool fill(PacketWriter& packet, BytesIn bundle, std::uint16_t& next, std::uint64_t without) {
        const unsigned count = load_le<std::uint16_t>(bundle.data());
        while (next < count) {
            const std::uint64_t left_out = without >> next;
            if (left_out & 1) {
                ++next;
                continue;
            }
            const unsigned run =
                left_out == 0 ? count_max : static_cast<unsigned>(std::countr_zero(left_out));
            const unsigned stop = next + run < count ? next + run : count;
            unsigned end = next;
            const std::size_t begin = place(bundle, next);
            while (end < stop && place(bundle, end + 1) - begin <= packet.left()) ++end;
            if (end == next) return false;
            // The last one in a packet needs no length, so the packet has to know it.
            packet.out().bytes(bundle.subspan(begin, place(bundle, end - 1) - begin));
            write_frame(packet,
                        bundle.subspan(place(bundle, end - 1), place(bundle, end) - place(bundle, end - 1)));
            next = static_cast<std::uint16_t>(end);
        }
        return true;
    }

    // The same one by one: f(type, payload) takes each, or gives false to stop there.
    static bool each(BytesIn bundle, std::uint16_t& next, std::uint64_t without, auto&& f) {
        for (const unsigned count = load_le<std::uint16_t>(bundle.data()); next < count; ++next) {
            if ((without >> next & 1) != 0) continue;
            ByteReader in(
                bundle.subspan(place(bundle, next), place(bundle, next + 1u) - place(bundle, next)));
            MessageType type;
            BytesIn payload;
            const std::uint8_t tag = in.u8();
            if (read_message_frame(in, tag, type, payload) && !f(type, payload)) return false;
        }
        return true;
    }

  private:
    static constexpr std::size_t head_bytes = 2 + 2 * count_max; // how many, and where each ends

    static std::size_t place(BytesIn bundle, unsigned i) {
        return i == 0 ? head_bytes : load_le<std::uint16_t>(&bundle[2 * i]);
    }
    static void write_frame(PacketWriter& packet, BytesIn frame) {
        ByteReader in(frame);
        ByteWriter& out = packet.out();
        const std::size_t tag = out.position();
        const std::uint8_t first = in.u8();
        out.u8(static_cast<std::uint8_t>(first & ~message_flag::length));
        if ((first & message_flag::type_follows) == message_flag::type_follows) out.varint(in.varint());
        const BytesIn payload = in.sized();
        packet.length(message_flag::length, out.position() - tag, payload.size());
        out.bytes(payload);
    }

    std::size_t bytes_max_, end_ = head_bytes;
    unsigned count_ = 0;
    std::uint64_t key_ = 0;
    std::array<std::byte, 1200> bytes_; // not cleared: it is written before it is read
};

} // namespace tenon
