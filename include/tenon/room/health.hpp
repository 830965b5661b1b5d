#pragma once
// How well one peer, or the whole room, is heard: the figures that a session shows.

#include <cstdint>
#include <string_view>

#include "tenon/core/time.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

// How well a peer is heard: degraded while much is lost, late or waits, stale when it is silent for too long,
// lost when it is away.
enum class Level : std::uint8_t { good, degraded, stale, lost };

constexpr std::string_view name(Level level) {
    switch (level) {
        case Level::good:
            return "good";
        case Level::degraded:
            return "degraded";
        case Level::stale:
            return "stale";
        case Level::lost:
            return "lost";
    }
    return "unknown";
}

// Of a room: sums, and the worst of what can't be summed.
struct Health {
    Status status = Status::idle;
    Level level = Level::good;
    std::uint32_t peer_count = 0;
    Instant last_rx{}, last_tx{};
    Duration rtt{}, jitter{};
    double loss = 0; // share of our packets that did not arrive, lately
    std::uint64_t bytes_in = 0, bytes_out = 0, packets_in = 0, packets_out = 0;
    Duration queue_time{};          // how long what waits to be sent will wait
    std::uint64_t queued_bytes = 0; // waiting, or sent and not acknowledged
    std::uint64_t expired = 0;      // messages dropped because their time had passed
    std::uint64_t refused = 0;      // datagrams that were damaged, doubled, stale or not ours
    std::uint64_t forged_claims = 0,
                  old_claims = 0;    // about who decides, refused; where the topology migrates
    std::uint64_t forged_states = 0; // refused, because who said them does not own them; where nobody decides
    std::uint64_t commands_refused = 0;  // too far ahead of their turn, or too many at once
    std::uint64_t claims_refused = 0;    // to entities that the authority does not give
    std::uint64_t snapshots_refused = 0; // of the world: told by name, and healed
    std::uint64_t violations = 0;        // messages that a peer's role did not let it say, refused
    std::uint64_t pardoned = 0;          // the same, but said before it heard that its role is another
    std::uint64_t relayed = 0;           // messages passed on from one peer to others
    std::uint32_t detours = 0;     // peers reached through another, or over a bus, for want of a direct link
    std::uint64_t bus_refused = 0; // words on a bus that were damaged, forged, doubled or too many
    double pace = 1;               // share of the snapshots that the peer is sent; less while its path is bad
    std::uint64_t limited = 0;     // packets of peers that were not looked at: they had asked for too much
    std::uint64_t undecodable = 0; // messages that were not what their type says
    std::uint64_t callers_limited = 0, callers_banned = 0; // at the door: too many at once, and not let in
    std::uint64_t resumes_limited = 0; // requests for a place of which the proof was not looked at: too many
    std::uint64_t put_off = 0; // states that waited for a later snapshot, for want of Rates::snapshot_bytes

    static constexpr double loss_max = 0.08;
    static constexpr Duration jitter_max = milliseconds(60), queue_max = milliseconds(250);

    template <class Link>
    static Health of(const Link& link, Instant now, Duration stale_after) {
        const auto& stats = link.stats();
        Health health;
        health.peer_count = 1;
        health.last_rx = stats.last_rx;
        health.last_tx = stats.last_tx;
        health.rtt = link.path().round_trip().smoothed();
        health.jitter = link.path().round_trip().variation();
        health.loss = link.path().loss();
        health.bytes_in = stats.bytes_in;
        health.bytes_out = stats.bytes_out;
        health.packets_in = stats.packets_in;
        health.packets_out = stats.packets_out;
        health.queue_time = link.queue_time();
        health.queued_bytes = link.queued_bytes();
        health.expired = link.expired();
        health.refused = stats.bad_checksum + stats.malformed + stats.duplicate + stats.stale + stats.refused;
        const bool degraded =
            health.loss > loss_max || health.jitter > jitter_max || health.queue_time > queue_max;
        health.level = link.state() == Link::State::away     ? Level::lost
                       : now - health.last_rx >= stale_after ? Level::stale
                       : degraded                            ? Level::degraded
                                                             : Level::good;
        return health;
    }

    // Takes another peer's in; who is there and how the room stands is the caller's to say.
    void add(const Health& other) {
        level = level < other.level ? other.level : level;
        last_rx = max(last_rx, other.last_rx);
        last_tx = max(last_tx, other.last_tx);
        rtt = max(rtt, other.rtt);
        jitter = max(jitter, other.jitter);
        loss = loss > other.loss ? loss : other.loss;
        bytes_in += other.bytes_in;
        bytes_out += other.bytes_out;
        packets_in += other.packets_in;
        packets_out += other.packets_out;
        queue_time = max(queue_time, other.queue_time);
        queued_bytes += other.queued_bytes;
        expired += other.expired;
        refused += other.refused;
        forged_states += other.forged_states;
        commands_refused += other.commands_refused;
        claims_refused += other.claims_refused;
        snapshots_refused += other.snapshots_refused;
        violations += other.violations;
        pardoned += other.pardoned;
        relayed += other.relayed;
        detours += other.detours;
        bus_refused += other.bus_refused;
        pace = pace < other.pace ? pace : other.pace;
        put_off += other.put_off;
        limited += other.limited;
        undecodable += other.undecodable;
        resumes_limited += other.resumes_limited;
    }
};

} // namespace tenon
