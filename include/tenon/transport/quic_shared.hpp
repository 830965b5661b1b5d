#pragma once
// QuicShared: what all connections of one transport over QUIC have in common. QuicState has it, and each
// connection and the door look into it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/hash_map.hpp"
#include "tenon/transport/gnutls.hpp"
#include "tenon/transport/ngtcp2.hpp"
#include "tenon/transport/quic_options.hpp"

namespace tenon::transport::detail {

inline constexpr std::size_t quic_id_bytes = 8;          // of those that we choose
inline constexpr std::size_t quic_datagram_bytes = 1200; // which every path takes

// What a transport allows the other side of a connection.
struct QuicTerms {
    std::uint64_t both_ways = 1;         // streams that it may open, in all
    std::uint64_t one_way = 0;           // and of those on which only it speaks
    std::uint64_t datagram_bytes = 1200; // of one outside of streams, at most
    bool bulk = false;                   // one-way streams carry a frame each
    bool sides = false;                  // the first stream is not yet that with the frames
};

struct QuicShared {
    QuicOptions options;
    QuicTerms terms;
    GnuTls::Context tls;
    HashMap<QuicId, std::uint32_t> ids; // whose a packet is, by its destination: the slot
    std::uint8_t secret[32];            // of the tokens and resets
    IpAddress local;                    // all packets are from here, as far as it is known
    bool listens = false;               // strangers may come
};

} // namespace tenon::transport::detail
