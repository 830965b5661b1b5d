#pragma once
// A message that may be lost and is larger than a packet, cut into parts of one size. Every part says the
// whole: how many parts and how many bytes, so that each can be put in its place as it comes.

#include <cstddef>
#include <cstdint>

#include "tenon/core/error.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

struct Fragment {
    static constexpr std::size_t count_max = 255;
    static constexpr std::size_t header_bytes_max = 1 + 2 + 1 + 1 + 4;

    std::uint16_t id = 0; // of the message, among those of the link
    std::uint8_t index = 0, count = 0;
    std::size_t whole_bytes = 0;
    BytesIn part;

    // All parts have this size but for the last, which has the rest.
    std::size_t part_bytes() const { return (whole_bytes + count - 1) / count; }
    std::size_t offset() const { return index * part_bytes(); }
    std::size_t bytes_here() const { return index + 1 == count ? whole_bytes - offset() : part_bytes(); }
};

// How many parts a message needs when each may have `room` bytes; 0 when it is too large for any number.
constexpr std::size_t fragment_count(std::size_t whole_bytes, std::size_t room) {
    const std::size_t count = (whole_bytes + room - 1) / room;
    return count <= Fragment::count_max ? count : 0;
}

// Writes the header of a fragment frame; the part follows and runs to the packet's end.
inline void write_fragment_header(ByteWriter& out, const Fragment& fragment) {
    out.u8(frame::fragment);
    out.u16(fragment.id);
    out.u8(fragment.index);
    out.u8(fragment.count);
    out.varint(fragment.whole_bytes);
}

// Reads what follows the frame's tag, to the packet's end.
inline Result<Fragment> read_fragment(ByteReader& in) {
    Fragment fragment;
    fragment.id = in.u16();
    fragment.index = in.u8();
    fragment.count = in.u8();
    const std::uint64_t whole = in.varint();
    if (!in.ok()) return Error::truncated;
    if (fragment.count < 2 || fragment.index >= fragment.count || whole < fragment.count ||
        whole > 0x0FFF'FFFF)
        return Error::malformed;
    fragment.whole_bytes = static_cast<std::size_t>(whole);
    if (fragment.part_bytes() * (fragment.count - 1u) >= fragment.whole_bytes) return Error::malformed;
    fragment.part = in.bytes(in.left());
    if (fragment.part.size() != fragment.bytes_here()) return Error::malformed;
    return fragment;
}

} // namespace tenon
