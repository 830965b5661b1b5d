#pragma once
// Where a machine writes its datagrams: in the transport's own buffer where that is lent, else on the stack.
// Session and Hall drain their rooms into it.

#include <cstddef>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport {

// The same over connections: each takes or does not take for itself, and can be asked and ended.
template <class Transport>
struct Lender {
    using Address = typename Transport::Address;
    Transport& transport;

    // As large as the frame will be at most; the words of the handshake are no larger than they are
    // elsewhere.
    BytesOut operator()(const Address& to, std::size_t size = 1200) {
        return transport.prepare(to, Lane{}, size);
    }
    // For a datagram beside the connection's stream; empty when it would not leave now.
    BytesOut beside(const Address& to, std::size_t size) requires MeasuresDatagrams<Transport> {
        return transport.prepare(to, datagram_lane, size);
    }
    std::size_t datagram_room(const Address& to) requires MeasuresDatagrams<Transport> {
        return transport.datagram_room(to);
    }
    // For a frame with a stream of its own.
    BytesOut bulk(const Address& to, std::size_t size) requires CarriesBulk<Transport> {
        return transport.prepare(to, bulk_lane, size);
    }
    BulkWay bulk_way(const Address& to) requires CarriesBulk<Transport> { return transport.bulk_way(to); }
    std::size_t packet_room(const Address& to) requires MeasuresPackets<Transport> {
        return transport.packet_room(to);
    }
    std::size_t backlog(const Address& to) { return transport.backlog(to); }
    void hang_up(const Address& to) { transport.hang_up(to); }
    void flush() { transport.flush(); }
};

// Where the transport lends nothing: on the stack.
template <class Transport>
struct Desk {
    using Address = typename Transport::Address;
    Transport& transport;
    BytesOut buffer;
    Address to{};

    BytesOut operator()(const Address& whom) {
        to = whom;
        return buffer;
    }
    std::size_t packet_room(const Address& whom) requires MeasuresPackets<Transport> {
        return transport.packet_room(whom);
    }
    Sent send(std::size_t size) { return transport.send(to, Lane{}, buffer.first(size)); }
};

// Calls f(lend, take): `lend(address)` gives a buffer for one datagram, empty when the transport takes no
// more now; `take(size)` sends what was written there, 0 when nothing was, and gives false when it could not.
template <class Transport, class F>
void lend(Transport& transport, F&& f) {
    using Address = typename Transport::Address;
    constexpr std::size_t datagram_bytes = Transport::traits.datagram_bytes;
    if constexpr (Transport::traits.connected) {
        f(Lender<Transport>{transport},
          [&](std::size_t size) { return transport.commit(size) == Sent::sent; });
    } else if constexpr (LendsBuffer<Transport>) {
        f([&](const Address& to) { return transport.prepare(to, Lane{}, datagram_bytes); },
          [&](std::size_t size) { return transport.commit(size) == Sent::sent; });
    } else {
        std::byte buffer[datagram_bytes];
        Desk<Transport> desk{transport, BytesOut(buffer)};
        f(desk, [&](std::size_t size) { return size == 0 || desk.send(size) == Sent::sent; });
    }
}

} // namespace tenon::transport
