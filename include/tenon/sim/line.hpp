#pragma once
// Line: how the connections between two simulated hosts are, one way; and the address of an end of one. Lines
// has them.

#include <cstddef>
#include <cstdint>

#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

// How connections from one host to another are, one way.
struct Line {
    Duration latency = milliseconds(20);
    std::uint64_t bandwidth = 0;          // bytes a second; 0: no limit
    std::size_t system_bytes = 16384;     // that the sender's system takes before they leave
    std::size_t window_bytes = 65536;     // on the way, or there and not read
    std::size_t backlog_max = 256u << 10; // behind a connection, before the transport takes no more
    // Share of packets: a datagram is gone, and a stream stands still until its own was sent again.
    double loss = 0;
    Duration resent_after = milliseconds(200);
    // Of what goes beside the streams: the largest datagram, 0 for none, and by how much one may be late.
    std::size_t datagram_bytes = 1100;
    Duration spread{};
    // And frames with streams of their own: so many at once, 0 for none.
    std::size_t bulk_streams = 4;

    // For which it is busy with so many bytes.
    Duration time_of(std::size_t size) const {
        return bandwidth == 0 ? Duration{}
                              : seconds(static_cast<double>(size) / static_cast<double>(bandwidth));
    }
};

// Of one end of a connection: on the host that was called it has a number, because the next one from the same
// port is somebody else.
struct LineAddress {
    std::uint32_t host = 0;
    std::uint16_t port = 0;
    std::uint32_t serial = 0;

    operator transport::MemoryAddress() const { return {host, port}; }
    transport::MemoryAddress network() const { return {host, 0}; }
    std::uint64_t hash() const { return splitmix(transport::MemoryAddress{host, port}.hash() + serial); }
    transport::AddressText text() const {
        transport::AddressText out = transport::MemoryAddress{host, port}.text();
        if (serial != 0) out.add('#');
        if (serial != 0) out.add_number(serial);
        return out;
    }
    friend bool operator==(const LineAddress&, const LineAddress&) = default;
};

} // namespace tenon::sim
