#pragma once
// What a session is told when it is made, how a message may be sent, and what its handlers are told.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/options.hpp"
#include "tenon/room/limits.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon {

class BanList;

struct Options {
    std::string_view room = "";              // both sides name the same room; at most 48 bytes
    std::string_view name = "";              // a player's name, which the roster shows; at most 48 bytes
    std::uint16_t peers_max = 64;            // besides the host
    std::uint32_t message_bytes_max = 65536; // of one message, encoded
    std::uint32_t queue_bytes_max = 262144;  // waiting or in flight to one peer, for each kind of delivery
    std::size_t pool_bytes_max = 256 << 20;  // all that is held back for all peers together
    std::uint32_t capabilities = 0;        // bits of the game's own meaning: those that both sides have count
    std::uint64_t bandwidth = 0;           // bytes a second to one peer; 0: as the path allows
    Duration coalesce{};                   // how long a packet that is not full may wait for more
    Duration ack_delay = milliseconds(5);  // how long an acknowledgement may wait for company
    Duration timeout = seconds(10);        // silence after which a peer is lost, and a join has failed
    Duration stale_after{};                // silence after which a guest redials; unset: two keepalives
    Duration away_for = seconds(30);       // a lost peer's place is kept for so long; zero: not at all, as
                                           // always over a transport with connections
    Duration succeed_after{};              // silence of the authority after which the others elect another,
                                           // where the topology migrates; unset: as stale_after
    std::size_t ledger_bytes_max = 262144; // there, of reliable events that not all have heard yet
    std::size_t entities_max = 1024;       // of a game with components: the same for all peers of a room
    std::size_t history_ticks = 128;       // snapshots back to which the authority remembers its world
    Duration rewind_most = milliseconds(500); // and how far back a peer's commands may reach
    std::uint16_t violations_max =
        8;                  // of its role, where the game has Roles, with which a peer is kicked; 0: none
    std::uint64_t seed = 0; // of the session's random numbers; 0: the transport's entropy
    Limits limits = {};     // what each peer and each address may ask of who hosts
    bool local_addresses = true; // members are told where this machine is reached in its own network,
                                 // where the topology migrates
    BanList* bans = nullptr;     // who is not let in, kept by the program; unset: the session has a list
};

// How a room is found on a bus, where the topology has one: Session::meet.
struct Meet {
    std::uint16_t port = 0;                     // on which others reach this one straight; 0: any free one
    std::string_view at = "";                   // "HOST:PORT" where they do, if that is not where it listens
    Duration look_for = milliseconds(750);      // before it opens the room itself
    std::uint64_t detour_bandwidth = 128 << 10; // bytes a second to all whom only the bus reaches
};

// How often the links of a room beat: while all is well, and while a guest looks for its host.
struct Pulse {
    Duration keepalive = seconds(1), redial = milliseconds(30);
    friend constexpr bool operator==(const Pulse&, const Pulse&) = default;
};

// How often a side makes itself heard, and the other answer, that gives up after `timeout` of silence: two of
// three may be lost.
constexpr Duration keepalive_for(Duration keepalive, Duration timeout) {
    return max(min(keepalive, timeout / 3), milliseconds(50));
}

// The same for one link, of which messages have `head_bytes` more when they are passed on.
inline LinkOptions link_options(const Options& options, std::size_t datagram_bytes, Duration keepalive,
                                std::size_t head_bytes) {
    LinkOptions link;
    link.datagram_bytes = datagram_bytes;
    link.message_bytes_max = options.message_bytes_max + head_bytes;
    link.queue_bytes_max = options.queue_bytes_max;
    link.ack_delay = options.ack_delay;
    link.coalesce = options.coalesce;
    // Who is missed so soon must be heard more often.
    if (options.succeed_after > Duration{}) keepalive = min(keepalive, options.succeed_after / 3);
    link.keepalive = keepalive_for(keepalive, options.timeout);
    link.timeout = options.timeout;
    link.bandwidth = options.bandwidth;
    return link;
}

// The same of a room over connections: no message is larger than a frame, and who has lost its connection has
// lost its place; those who are reached otherwise, where it is mixed, have not.
inline Options over_connections(Options options, std::size_t frame_bytes, bool mixed) {
    const auto most = static_cast<std::uint32_t>(frame_bytes - 128);
    if (options.message_bytes_max > most) options.message_bytes_max = most;
    if (!mixed) options.away_for = {};
    return options;
}

template <bool connected, bool mixed>
Options options_over(const Options& options, std::size_t datagram_bytes, std::size_t head_bytes) {
    if constexpr (mixed) return over_connections(options, stream_frame_bytes - head_bytes, true);
    return connected ? over_connections(options, datagram_bytes - head_bytes, false) : options;
}

// How one message is sent, where it should differ from what its type says.
struct How {
    // Dropped instead of sent when it has waited longer. Unsaid, what may be lost and is not newest-wins
    // waits a quarter of a second.
    Duration ttl = Duration::max();
    std::uint32_t key = 0; // of several newest-wins streams of one type, each with a number of its own
};

enum class Status : std::uint8_t { idle, joining, joined, hosting, closed };

constexpr bool is_open(Status status) {
    return status == Status::joining || status == Status::joined || status == Status::hosting;
}
constexpr std::string_view name(Status status) {
    switch (status) {
        case Status::idle:
            return "idle";
        case Status::joining:
            return "joining";
        case Status::joined:
            return "joined";
        case Status::hosting:
            return "hosting";
        case Status::closed:
            return "closed";
    }
    return "unknown";
}

// What a session tells its handlers, if they listen. Who was in the room before us follows, one PeerJoined
// each.
struct Joined {
    PeerId self;
};
struct Closed {
    Error reason = Error::none;
    std::string_view text; // more about it, such as the type on which two builds disagree
};
struct PeerJoined {
    PeerId peer;
    std::string_view name;
};
// A peer is not heard any more, but may come back as itself: its place is kept for Options::away_for. To a
// guest the host can be away too.
struct PeerAway {
    PeerId peer;
    std::string_view name;
};
struct PeerBack {
    PeerId peer;
    std::string_view name;
};
struct PeerLeft {
    PeerId peer;
    Error reason = Error::left;
    std::string_view name;
};
// The authority has given a peer, which may be this one, another role than it had.
struct RoleChanged {
    PeerId peer;
    std::string_view role, previous;
};
// A peer says what its role does not let it say, and was not heard. Told once a second at the most, and with
// the last one, for which it is kicked.
struct Violation {
    PeerId peer;
    MessageType type;
    std::string_view type_name;
    std::uint32_t count = 0; // of this peer, by now
};
// In a room that outlives its host another peer decides from now on; authority == self(): this one does, and
// goes on from latest<T>(peer), the newest that anybody knows. Before it is told, nothing is asked of it.
struct AuthorityChanged {
    PeerId authority, previous;
    std::uint32_t epoch = 0;
    Error reason = Error::none; // why the previous one is no more: timed_out, left; none: it handed over
    bool missed = false;        // events were said in the meantime that this peer will not hear
};
// A reliable event was never acknowledged and will not be sent again.
struct GaveUp {
    PeerId peer;
    MessageType type;
    std::string_view type_name;
};

} // namespace tenon
