#pragma once
// QuicState: everything of a Quic that is open, in one place that stays when it moves: the road, the
// connections, and what waits for both. QuicOver has it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tenon/transport/concept.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/quic_door.hpp"
#include "tenon/transport/quic_handshake.hpp"

namespace tenon::transport {

struct QuicCounters : ConnectionCounters {
    std::uint64_t resumed = 0;    // connections that went on from an earlier one's secrets
    std::uint64_t migrations = 0; // times that a peer went on from another address
    std::uint64_t refusals = 0; // WebTransport's: requests of another path, of a strange page, or of no sense
    std::uint64_t datagrams_in = 0, datagrams_out = 0;
    std::uint64_t strays = 0;                // WebTransport's: datagrams of other streams than the session's
    std::uint64_t bulk_in = 0, bulk_out = 0; // frames with streams of their own
    QuicDoorCounters door;                   // strangers
};

namespace detail {

// `Connection` is QuicConnection, or one that speaks a protocol beside its frames.
template <class Road, class Connection>
struct QuicState {
    static constexpr std::size_t ids_each = 10; // that ngtcp2 has for one connection at most
    struct Lost {
        ConnectionAddress of;
        Error why;
    };

    QuicState(Road& on, const ConnectionOptions& options, QuicOptions quic)
        : road(on), table(options.connections_max, options.per_address_max, system_entropy()) {
        shared.options = std::move(quic);
        shared.terms = Connection::terms;
        shared.ids =
            HashMap<QuicId, std::uint32_t>(std::size_t(options.connections_max) * ids_each, system_entropy());
        gnutls_secret(shared.secret, sizeof shared.secret);
    }
    QuicState(const QuicState&) = delete;
    QuicState& operator=(const QuicState&) = delete;
    ~QuicState() { close(); }

    void close() {
        if (closed) return;
        closed = true;
        table.each([this](Connection& c) {
            if (c.stage == Stage::open) drain(c);
            say_goodbye(c);
        });
        road.flush();
        road.close();
    }
    // What waited because the road was blocked; false where it still is.
    bool resume() {
        if (held != 0) hand(held_to, std::exchange(held, 0));
        return held == 0;
    }
    // The packet that was written goes, or is held until it can.
    void hand(const IpAddress& to, std::size_t size) {
        if (size == 0) return;
        if (road.send(to, Lane{}, {packet.data(), size}) != Sent::would_block) return;
        held = size;
        held_to = to;
    }
    // Writes packets until there is nothing more to say, or no more may leave now.
    std::uint64_t drain(Connection& c) {
        std::uint64_t bytes = 0;
        const Instant at = now();
        for (const std::size_t quantum = c.quantum(); held == 0;) {
            IpAddress to;
            const std::size_t size = c.write(packet, to, at);
            if (size == 0) break;
            hand(to, size);
            if ((bytes += size) >= quantum) break;
        }
        if (!c.over) c.written(at);
        return bytes;
    }
    void say_goodbye(Connection& c) {
        if (held != 0) return; // it would take the packet's place; who asks is told with a reset
        IpAddress to;
        hand(to, c.write_close(packet, to, now()));
    }

    Road& road;
    QuicShared shared;
    ConnectionTable<Connection> table;
    QuicDoor door;
    std::unique_ptr<std::byte[]> scratch{new std::byte[frame_max]};
    std::array<std::byte, quic_datagram_bytes> packet;
    std::size_t held = 0; // bytes of the packet that the road did not take
    IpAddress held_to;
    std::vector<std::uint32_t> queued, turn; // the slots that flush() looks at
    std::vector<Lost> lost;                  // for the next poll() to tell
    ConnectionAddress local;
    std::uint32_t handshakes = 0;
    Instant deadline = Instant::never();
    bool polling = false, closed = false;
};

} // namespace detail

} // namespace tenon::transport
