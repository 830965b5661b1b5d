#pragma once
// What the connected transports are put together from, and the words between the parts: a framing makes
// frames of a stream of bytes (LengthFraming, WebSocketFraming), a cover hides the stream (Clear, Tls). Each
// connection has one of both.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/asked.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/frame_read.hpp"
#include "tenon/transport/location.hpp"
#include "tenon/transport/stream_socket.hpp"

namespace tenon::transport::detail {

// No cover at all.
struct Clear {
    static constexpr bool encrypted = false;
    struct Options {};
    // What all connections of one transport share.
    struct Context {
        Result<> open(const Options&, bool) { return {}; }
    };

    bool start(Context&, StreamSocket&, bool, const IpAddress&, std::string_view) { return true; }
    Moving shake_hands() { return Moving::moved; } // moved: it is done
    Moved read(StreamSocket& socket, BytesOut into) { return socket.read(into); }
    Moved write(StreamSocket& socket, BytesIn bytes) { return socket.write(bytes); }
    bool holds_bytes() const { return false; } // that came in and are not read yet
    bool wants_to_write() const { return false; }
    void finish() {}
    static constexpr bool reads_in_pieces = false; // a short read does not mean that there is no more
    Error error() const { return Error::closed; }
};

} // namespace tenon::transport::detail
