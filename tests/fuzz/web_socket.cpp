// Frames from a stranger who was let in, as a server and as a client hear them, in pieces of any size: no
// message is empty or larger than allowed, no memory held beyond it, and what is answered can be read by the
// other side.
//   input: u8 side and size of the pieces, then frames; a mask is taken as it stands
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "tenon/transport/web_socket.hpp"

namespace {

using namespace tenon;
using namespace tenon::transport;
using What = detail::FrameRead::What;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Side {
    std::unique_ptr<detail::WebSocketFraming> framing = std::make_unique<detail::WebSocketFraming>();
    WebSocketOptions options;
    detail::Asked asked;
    Random random{7};
    detail::ByteQueue in, out;

    explicit Side(bool dialled) { framing->begin(options, dialled, {}, asked, random, out); }
    // Everything that can be read; false when it is over.
    bool read() {
        for (;;) {
            const auto read = framing->read(in, out);
            if (read.what == What::more) return true;
            if (read.what == What::over) return false;
            must(read.what == What::again || (!read.bytes.empty() && read.bytes.size() <= detail::frame_max));
            for (const std::byte byte : read.bytes) sink = sink + std::to_integer<unsigned>(byte);
            in.take(read.used);
        }
    }
    volatile unsigned sink = 0;
};

void carry(Side& from, Side& to) {
    must(to.in.append(from.framing->sendable(from.out.front())));
    from.out.take(from.framing->sendable(from.out.front()).size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Side server(false), client(true);
    carry(client, server);
    must(server.read());
    carry(server, client);
    must(client.read() && client.framing->is_open() && server.framing->is_open());
    Side& listener = data[0] % 2 == 0 ? server : client;
    Side& other = data[0] % 2 == 0 ? client : server;
    const std::size_t piece = data[0] / 2 == 0 ? size : data[0] / 2u;
    bool on = true;
    for (std::size_t at = 1; at < size && on; at += piece) {
        const std::size_t count = size - at < piece ? size - at : piece;
        must(listener.in.append({reinterpret_cast<const std::byte*>(data) + at, count}));
        on = listener.read();
        must(listener.in.capacity() <= 1 << 20);
        must(listener.out.size() <= (17 << 10));
    }
    // Pongs and a goodbye are all that it says, and the other side takes them for that.
    carry(listener, other);
    const bool stays = other.read();
    must(stays == listener.framing->is_open());
    return 0;
}
