#pragma once
// What a link is told when it is made, what it counts, and what it hands upwards.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

struct LinkOptions {
    std::size_t datagram_bytes = 1200; // without what a seal puts behind the frames
    std::size_t message_bytes_max = 65536;
    std::size_t queue_bytes_max = 262144; // waiting or in flight, for each channel and for what may be lost
    Duration ack_delay =
        milliseconds(5); // how long a reliable message's acknowledgement may wait for company
    Duration coalesce{}; // how long a packet that is not full may wait for more
    Duration keepalive = seconds(1);
    Duration timeout = seconds(10);
    std::uint64_t bandwidth = 0; // bytes a second, 0: as the path allows
    bool asks_time = true;       // the side that joins learns the host's clock
};

struct LinkStats {
    Instant last_rx{}, last_tx{};
    std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t lost = 0, resent_late = 0; // packets found lost, and those of them that came after all
    std::uint64_t duplicate = 0, stale = 0, bad_checksum = 0, malformed = 0, refused = 0;

    // Counts a packet that was not read, by what was wrong with it.
    void count(Error error) {
        ++(error == Error::duplicate      ? duplicate
           : error == Error::stale        ? stale
           : error == Error::bad_checksum ? bad_checksum
                                          : malformed);
    }
};

// A message that arrived. The bytes lie in the datagram or in the link, until the next call that is not
// poll_event.
struct LinkEvent {
    enum class Kind : std::uint8_t { unreliable, reliable, command, gave_up };

    Kind kind = Kind::unreliable;
    MessageType type;
    std::uint64_t packet =
        0; // the number of the packet that brought it: of two newest-wins messages the higher wins
    BytesIn payload;
    std::uint32_t number = 0; // of a command: what push_command() gave on the other side
};

} // namespace tenon
