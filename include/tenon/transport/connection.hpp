#pragma once
// Connection: one peer of a connected transport: its socket, cover, framing and the bytes that wait on both
// sides. Connections keeps them; none knows of another.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/connection_table.hpp"
#include "tenon/transport/framing.hpp"
#include "tenon/transport/readiness.hpp"
#include "tenon/transport/stream_socket.hpp"

namespace tenon::transport {

struct ConnectionOptions {
    IpAddress bind = IpAddress::any(); // IpAddress::loopback(0) hears this machine alone
    bool ipv6 = true;                  // false: IPv4 alone
    bool ipv4 = true;                  // false: IPv6 alone
    std::uint32_t connections_max = 4096;
    std::uint32_t per_address_max = 256; // accepted from one IPv4 address, or one /64 of IPv6
    std::size_t backlog_max = 256 << 10; // bytes that wait behind one connection; then would_block
    std::uint32_t unsent_max = 64 << 10; // and in the system besides, where it can tell
    std::uint32_t bytes_per_poll = 256
                                   << 10; // that are read from one connection before the next has its turn
    Duration silence_max = seconds(10);   // accepted, and nothing whole was said: closed
    Duration dial_max = seconds(5);       // until the other side has answered
    Duration linger_max = seconds(3);     // for what was taken to leave, once it is hung up
};

struct ConnectionCounters {
    std::uint64_t accepted = 0, dialled = 0;
    std::uint64_t turned_away = 0; // too many, in all or of one address
    std::uint64_t lost = 0;        // broke, were closed by the other side, or could not be made
    std::uint64_t timed_out = 0;   // of them: said nothing whole, or did not answer, in time
    std::uint64_t malformed = 0;   // of them: said what is no frame
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t calls_in = 0, calls_out = 0; // reads and writes of the system
    std::uint64_t blocked = 0;                 // times that the system took no more
};

namespace detail {

template <class Framing, class Cover>
struct Connection {
    ConnectionAddress address;
    StreamSocket socket;
    Cover cover;
    Framing framing;
    ByteQueue in, out;
    Instant deadline = Instant::never();
    std::uint32_t slot = 0;
    Stage stage = Stage::dialling;
    bool dialled = false;
    bool heard = false;    // a whole frame came, so whoever polls knows of it
    bool blocked = false;  // the system takes no more
    bool mute = false;     // and never will
    bool finished = false; // has said that it says no more
    bool queued = false;   // among those that flush() looks at
    bool writing = false;  // what the readiness watches for, besides reading

    bool is_up() const { return stage < Stage::leaving; }
    bool can_speak() const { return stage == Stage::open || stage == Stage::leaving; }

    // Writes what waits, until it has left or the system takes no more.
    void push(ConnectionCounters& counters) {
        while (can_speak() && !mute && !blocked) {
            const BytesIn bytes = framing.sendable(out.front());
            if (bytes.empty()) break;
            ++counters.calls_out;
            const Moved moved = cover.write(socket, bytes);
            if (moved.how == Moving::moved) {
                out.take(moved.bytes);
                counters.bytes_out += moved.bytes;
            } else if (moved.how == Moving::later) {
                blocked = true;
                ++counters.blocked;
            } else {
                mute = true; // reading tells what became of it
                out.clear();
            }
        }
        if (stage != Stage::leaving || finished || !(mute || framing.sendable(out.front()).empty())) return;
        finished = true;
        cover.finish();
        socket.finish();
    }
    // Everything closes: what the system takes at once still leaves. A socket that is closed with bytes
    // unread would take back what it has sent.
    void close(BytesOut scratch) {
        if (stage == Stage::open) framing.finish(out);
        if (can_speak()) {
            stage = Stage::leaving;
            blocked = false;
            ConnectionCounters nobodys;
            push(nobodys);
            for (int i = 0; i < 16 && socket.read(scratch).how == Moving::moved;) ++i;
        }
        socket.close();
    }
    void watch(Readiness& readiness) {
        const bool wanted = blocked || stage == Stage::dialling || cover.wants_to_write();
        if (wanted == writing || !socket.is_open()) return;
        writing = wanted;
        readiness.change(socket.handle(), slot, true, writing);
    }
};

} // namespace detail

} // namespace tenon::transport
