#pragma once
// What the peers of a room say to each other about who decides in it, outside of any link, because it is the
// links that are lost then. Sealed with the room's key, which only its members know, or, in encrypted rooms,
// enclosed in a letter that only the two can read. PROTOCOL.md, 0x87.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/link/handshake.hpp"

namespace tenon {

struct Claim {
    enum class Kind : std::uint8_t {
        asks,     // I don't hear the authority, and would have `about` instead; do you?
        lives,    // I hear the authority of this epoch
        supports, // neither do I, and would have you
        prefers,  // neither do I, but would have `about`
        claims,   // `about` is the authority of this epoch
        follows,  // I obey you in this epoch
        yields,   // I am an authority too, of this epoch; take over what is mine
    };
    static constexpr std::uint8_t kind_count = 7;

    Kind kind = Kind::asks;
    std::uint64_t game = 0, room = 0;
    Epoch epoch;
    PeerId from, about;
    std::uint64_t nonce = 0; // of the question that is asked or answered
    bool handed = false;     // of claims: the authority before it handed over
    std::uint32_t size = 0;  // of claims: how many obey, itself included; 0: not counted yet
};

template <class Address>
struct AddressedClaim {
    Address at{};
    PeerId to;
    Claim claim;
};

namespace meeting {
inline constexpr std::size_t claim_bytes = 59;
}

namespace detail {
inline std::uint64_t claim_seal(std::uint64_t room_key, BytesIn sealed) {
    return siphash(SipKey{room_key, meeting::checksum_key}, sealed);
}
inline void write_claim(ByteWriter& out, const Claim& claim) {
    out.u64(claim.game);
    out.u64(claim.room);
    out.u8(static_cast<std::uint8_t>(claim.kind));
    out.u32(claim.epoch.number);
    out.u32(claim.epoch.authority.value);
    out.u32(claim.from.value);
    out.u32(claim.about.value);
    out.u64(claim.nonce);
    out.u8(claim.handed ? 1 : 0);
    out.u32(claim.size);
}
// `is_sealed(in)` is asked when all is read.
inline Result<Claim> read_claim(ByteReader& in, std::uint64_t game, std::uint64_t room, auto&& is_sealed) {
    Claim claim;
    claim.game = in.u64();
    claim.room = in.u64();
    const std::uint8_t kind = in.u8();
    claim.epoch.number = in.u32();
    claim.epoch.authority.value = in.u32();
    claim.from.value = in.u32();
    claim.about.value = in.u32();
    claim.nonce = in.u64();
    const std::uint8_t handed = in.u8();
    claim.handed = handed == 1;
    claim.size = in.u32();
    if (!is_sealed(claim) || claim.game != game || claim.room != room) return Error::forged_claim;
    if (kind >= Claim::kind_count || handed > 1 || !claim.from || !claim.epoch.authority)
        return Error::malformed;
    claim.kind = static_cast<Claim::Kind>(kind);
    return claim;
}
} // namespace detail

inline std::size_t write(BytesOut into, const Claim& claim, std::uint64_t room_key) {
    ByteWriter out = detail::begin_meeting(into, meeting::claim);
    detail::write_claim(out, claim);
    if (!out.ok() || into.size() < meeting::claim_bytes) return 0;
    out.u64(detail::claim_seal(room_key, into.first(out.position()).subspan(5)));
    return detail::seal_meeting(into, out, meeting::claim_bytes);
}

// What is not sealed with the room's key, by somebody of this game and room, is forged.
inline Result<Claim> read_claim(BytesIn datagram, std::uint64_t game, std::uint64_t room,
                                std::uint64_t room_key) {
    if (datagram.size() != meeting::claim_bytes) return Error::truncated;
    ByteReader in(datagram.subspan(5));
    return detail::read_claim(in, game, room, [&](const Claim&) {
        const BytesIn sealed = datagram.first(datagram.size() - in.left()).subspan(5);
        return in.u64() == detail::claim_seal(room_key, sealed);
    });
}

// ---- letters, in which members whose keys are their own say this and more

enum class Letter : std::uint8_t { claim, greeting };

// `said` writes what it says.
template <class Kin>
std::size_t write_letter(BytesOut into, Kin& kin, PeerId to, Letter kind, auto&& said) {
    std::byte body[64];
    ByteWriter in(body);
    in.u8(static_cast<std::uint8_t>(kind));
    said(in);
    ByteWriter out = detail::begin_meeting(into, meeting::claim);
    kin.enclose(to, BytesIn(body).first(in.position()), out);
    return in.ok() ? detail::seal_meeting(into, out, 0) : 0;
}
// Of a letter that was opened: whose it is was proved.
inline Result<Claim> read_claim(BytesIn body, std::uint64_t game, std::uint64_t room, PeerId from) {
    ByteReader in(body);
    return detail::read_claim(
        in, game, room, [&](const Claim& claim) { return in.ok() && in.left() == 0 && claim.from == from; });
}

// The key of a link that begins without a handshake, between an authority and one who obeys it.
inline std::uint64_t epoch_key(std::uint64_t room_key, std::uint64_t schema, Epoch epoch, PeerId peer) {
    std::byte bytes[28];
    store_le(bytes, room_key);
    store_le(bytes + 8, schema);
    store_le(bytes + 16, epoch.number);
    store_le(bytes + 20, epoch.authority.value);
    store_le(bytes + 24, peer.value);
    return siphash(SipKey{room_key, ~meeting::checksum_key}, bytes);
}

// The key of the link between two guests, which needs no handshake either and outlives all authorities. Every
// member of the room can tell it: that a packet is the other's is shown by where it comes from.
inline std::uint64_t direct_key(std::uint64_t room_key, std::uint64_t schema, PeerId a, PeerId b) {
    std::byte bytes[24];
    store_le(bytes, room_key);
    store_le(bytes + 8, schema);
    store_le(bytes + 16, a < b ? a.value : b.value);
    store_le(bytes + 20, a < b ? b.value : a.value);
    return siphash(SipKey{~room_key, meeting::checksum_key}, bytes);
}

} // namespace tenon
