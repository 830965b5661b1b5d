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

// What a link keeps of that, for each packet and as small as it can be.
struct LinkTerms {
    Duration timeout, keepalive, ack_delay;
    std::uint32_t datagram_bytes, message_bytes_max;

    explicit LinkTerms(const LinkOptions& options)
        : timeout(options.timeout),
          keepalive(options.keepalive),
          ack_delay(options.ack_delay),
          datagram_bytes(static_cast<std::uint32_t>(options.datagram_bytes)),
          message_bytes_max(static_cast<std::uint32_t>(options.message_bytes_max)) {}
};

// What a link counts of every packet.
struct LinkTraffic {
    Instant last_rx{}, last_tx{};
    std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
};

// And of some.
struct LinkTroubles {
    std::uint64_t lost = 0, resent_late = 0; // packets found lost, and those of them that came after all
    std::uint64_t duplicate = 0, stale = 0, bad_checksum = 0, malformed = 0, refused = 0;

    // Counts what an acknowledgement has shown; mostly nothing, and then this is left where it is.
    void found(std::uint32_t packets_lost, std::uint32_t packets_late) {
        if (packets_lost == 0 && packets_late == 0) return;
        lost += packets_lost;
        resent_late += packets_late;
    }
    // Counts a packet that was not read, by what was wrong with it.
    void count(Error error) {
        ++(error == Error::duplicate      ? duplicate
           : error == Error::stale        ? stale
           : error == Error::bad_checksum ? bad_checksum
                                          : malformed);
    }
};

struct LinkStats : LinkTraffic, LinkTroubles {};

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
