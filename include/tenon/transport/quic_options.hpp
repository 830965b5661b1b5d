#pragma once
// QuicOptions: what a transport over QUIC asks for and allows. Quic takes them, and WebTransport with its
// own.

#include <cstdint>
#include <string>

#include "tenon/core/time.hpp"

namespace tenon::transport {

struct QuicOptions {
    std::string protocol = "tenon/1";         // by which both sides know that they mean the same (ALPN)
    std::uint32_t handshakes_max = 256;       // that are under way at once with those who come
    Duration idle_max = seconds(30);          // nothing at all was heard: lost
    std::uint32_t window = 256 << 10;         // bytes that the other side may send ahead
    std::uint32_t flight_max = 1 << 20;       // bytes that left and are kept until they are acknowledged
    std::uint32_t bulk_streams = 4;           // for large frames, each way and at once; 0: none
    Duration token_lifetime = seconds(86400); // in which who was here need not show its address again
};

} // namespace tenon::transport
