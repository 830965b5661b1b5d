#pragma once
// The words of a lockstep on the wire: their kinds, and what host and guest both write. LockstepHost and
// LockstepGuest say and hear them; replica/LOCKSTEP.md describes the bytes.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/replica/difference.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/words.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/wire/varint.hpp"

// The kinds of a clock word: their first byte.
namespace tenon::lockstep_word {

inline constexpr std::uint8_t inputs = 1;  // from a guest: what it has, its inputs, its checksums
inline constexpr std::uint8_t sets = 2;    // from the host: what is agreed, and what else is known
inline constexpr std::uint8_t part = 3;    // of a state, from the host
inline constexpr std::uint8_t pace = 4;    // when tick 0 began, from the host
inline constexpr std::uint8_t differs = 5; // from a guest: where its state differs from the host's
inline constexpr std::uint8_t desync = 6;  // from the host

inline constexpr std::size_t bytes_max = 1000; // of inputs and sets, so that they fit into a datagram

// Says a word to a peer as `write(ByteWriter&)` writes it; false when it could not be queued.
template <class Room>
bool say(Room& room, typename Room::Seat& seat, Delivery delivery, auto&& write) {
    std::byte word[bytes_max + 64];
    ByteWriter out{BytesOut(word)};
    write(out);
    if (!out.ok()) return false;
    return bool(room.push(seat, Post{room_word::clock, delivery, BytesIn(word, out.position()), {}, 0}));
}

inline void write_difference(ByteWriter& out, const Difference& difference) {
    out.u64(difference.entity);
    out.sized(bytes_of(difference.type.view()));
    out.sized(bytes_of(difference.field.view()));
}
inline bool read_difference(ByteReader& in, Difference& difference) {
    difference.entity = in.u64();
    difference.type = FieldText(text_of(in.sized()));
    difference.field = FieldText(text_of(in.sized()));
    difference.type.make_printable();
    difference.field.make_printable();
    return in.ok() && in.left() == 0;
}

template <class H, class Notice>
void tell(H& handlers, const Notice& notice) {
    if constexpr (HearsOf<H, Notice>) handlers.on(notice);
}

} // namespace tenon::lockstep_word
