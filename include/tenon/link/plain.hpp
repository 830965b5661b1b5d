#pragma once
// The guard of a room in which everybody may read: nothing is enclosed, and links are sealed with a checksum.
// A guard is what a guest and its host use at the door; a transport that has one of its own
// (Transport::Guard) brings it, and this one is for all others. `Visit` is a guest's memory of one meeting,
// `Visitor` the host's of one request.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/wire/checksum.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

namespace meeting {
inline constexpr std::uint64_t checksum_key =
    0x6E6F'6E65'7400'0001u; // of no build in particular: strangers must understand
} // namespace meeting

// The key of a link's checksums: both sides' nonces and the schema, so that another build's packets fail.
inline std::uint64_t link_key(std::uint64_t schema, std::uint64_t nonce, std::uint64_t host_nonce) {
    std::byte bytes[24];
    store_le(bytes, schema);
    store_le(bytes + 8, nonce);
    store_le(bytes + 16, host_nonce);
    return hash64(bytes, meeting::checksum_key);
}

// What only the two ends of a link can say, and only while it has this key: an accepted request changes it.
inline std::uint64_t resume_proof(std::uint64_t key, std::uint64_t nonce, PeerId peer) {
    std::byte bytes[12];
    store_le(bytes, nonce);
    store_le(bytes + 8, peer.value);
    return siphash(SipKey{key, meeting::checksum_key}, bytes);
}

class Plain {
  public:
    using Seal = Checksum;
    static constexpr bool is_private = false; // whether it keeps those out who only see what the two say
    struct Visit {};
    struct Visitor {
        BytesIn key() const { return {}; }              // the identity that it has proved to have
        bool is_at(const Seal&) const { return false; } // whether that has proved the same
    };
    // What those in a room that goes on without its host have of each other. Where they meet, a link between
    // two of them begins with letters, which secure/kin.hpp has; where not, its key follows from the room's.
    struct Kin {
        static constexpr bool meets = false;
    };
    static constexpr std::size_t hello_bytes = 128;   // no answer to a stranger is longer
    static constexpr std::size_t enclosing_bytes = 0; // what a guest's enclosure adds to its request
    static constexpr std::size_t accept_bytes_max = 56;
    static constexpr std::size_t desk_bytes =
        1; // where what was enclosed or sealed is opened, a datagram at a time

    // ---- a guest

    // To the host at this address.
    Visit visit(std::string_view) const { return {}; }
    // What the host shows of itself in its challenge; an error when that won't do.
    Error read_challenge(Visit&, ByteReader&) const { return Error::none; }
    // Writes `body` so that only the host can read it, bound to `head`, which stands before it.
    void enclose(Visit&, BytesIn /*head*/, BytesIn body, ByteWriter& out) const { out.bytes(body); }
    // What the host enclosed in its answer, which may be opened on the desk.
    Result<BytesIn> open(Visit&, BytesIn /*head*/, BytesIn enclosed, BytesOut /*desk*/) const {
        return enclosed;
    }

    // ---- a host

    // With which cookies are baked.
    SipKey door_key(const SipKey& drawn) const { return drawn; }
    void show(ByteWriter&) const {}
    Result<BytesIn> open(Visitor&, BytesIn /*head*/, BytesIn enclosed, BytesOut /*desk*/) const {
        return enclosed;
    }
    void enclose(Visitor&, BytesIn /*head*/, BytesIn body, ByteWriter& out) const { out.bytes(body); }

    // ---- a host whose room goes on without it: the key of the room

    std::uint64_t room_key(std::uint64_t drawn) const { return drawn; }

    // ---- both: the key of the link, when the answer is written or read

    std::uint64_t key(const auto& /*visit*/, std::uint64_t schema, std::uint64_t nonce,
                      std::uint64_t host_nonce) const {
        return link_key(schema, nonce, host_nonce);
    }

    // ---- both, of a link that is to go on: the proof of who asks, the answer's enclosure, and its next key

    std::uint64_t prove(const Seal& seal, std::uint64_t nonce, PeerId peer) const {
        return resume_proof(seal.key(), nonce, peer);
    }
    void enclose(const Seal&, BytesIn /*head*/, BytesIn body, ByteWriter& out) const { out.bytes(body); }
    Result<BytesIn> open(const Seal&, BytesIn /*head*/, BytesIn enclosed, BytesOut /*desk*/) const {
        return enclosed;
    }
    std::uint64_t next_key(const Seal&, std::uint64_t schema, std::uint64_t nonce,
                           std::uint64_t host_nonce) const {
        return link_key(schema, nonce, host_nonce);
    }
};

} // namespace tenon
