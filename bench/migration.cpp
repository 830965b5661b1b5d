// How long a room is without snapshots when its authority dies, in virtual time over seeds: one way 80 ms
// give or take 30, 5% loss, ten snapshots a second, and Options::succeed_after of one second, which is the
// time that the others take to notice. What comes after that is the election, the new links, the gathering of
// what each knows, and the way of the first snapshot; it is also told in round trips of 160 ms.

#include "harness.hpp"

#include <memory>

#include <tenon/clock/independent.hpp>
#include <tenon/codec/bits.hpp>
#include <tenon/reliability/ack_vector.hpp>
#include <tenon/room/estate.hpp>
#include <tenon/session.hpp>
#include <tenon/sim/world.hpp>
#include <tenon/topology/authority_hosted.hpp>

namespace {

using namespace bench;
using namespace tenon::literals;

struct Ship {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
using Arena = tenon::Game<"migration", 1, tenon::State<Ship>>;
inline constexpr tenon::Rates rates{.input_hz = 20, .snapshot_hz = 10, .keepalive_ms = 1000};
using Net =
    tenon::Session<Arena, tenon::transport::Memory, tenon::codec::Bits, tenon::clock::Independent<rates>,
                   tenon::topology::AuthorityHosted<>, tenon::reliability::AckVector>;

constexpr tenon::Duration detection = 1_s, round_trip = 160_ms;

struct Peer {
    tenon::sim::World& world;
    Net net;
    std::uint32_t beat = 0;
    tenon::PeerId obeyed = tenon::PeerId::host();
    std::uint32_t last_beat = 0;
    tenon::Instant seen{};

    Peer(tenon::sim::World& its_world, std::uint32_t host)
        : world(its_world),
          net({.succeed_after = detection, .seed = its_world.random().next() | 1}, its_world.port(host)) {}

    // The authority alone has a state, its own.
    bool state(tenon::PeerId peer, Ship& ship) {
        if (peer != net.self()) return false;
        ship.beat = ++beat;
        return true;
    }
    // When the first snapshot of another authority than before was heard.
    void look() {
        const tenon::PeerId authority = net.authority();
        if (authority == tenon::PeerId::host() || seen > tenon::Instant{}) return;
        const auto ship = net.latest<Ship>(authority);
        if (authority == net.self() ? beat != 0 : ship && ship->beat != 0) seen = world.now();
    }
};

// The gap of each survivor, in milliseconds.
bool play(std::uint64_t seed, std::uint32_t size, std::vector<double>& gaps) {
    tenon::sim::World world(seed, *tenon::sim::Faults::parse("latency_ms=80,jitter_ms=30,loss=0.05"));
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::uint32_t host = 1; host <= size; ++host) {
        peers.push_back(std::make_unique<Peer>(world, host));
        Peer& peer = *peers.back();
        world.add(peer.net, peer);
        if (!(host == 1 ? peer.net.host(4000) : peer.net.join("host1:4000"))) return false;
    }
    const auto all_there = [&] {
        for (const auto& peer : peers)
            if (peer->net.roster().size() != size) return false;
        return true;
    };
    if (!world.run_until(all_there, 20_s)) return false;
    world.run(2_s + tenon::milliseconds(static_cast<std::int64_t>(world.random().below(1000))));
    world.remove(peers[0]->net);
    peers.erase(peers.begin());
    const tenon::Instant killed = world.now();
    const bool all_seen = world.run_until(
        [&] {
            bool all = true;
            for (const auto& peer : peers) {
                peer->look();
                all = all && peer->seen > tenon::Instant{};
            }
            return all;
        },
        20_s);
    for (const auto& peer : peers) gaps.push_back((peer->seen - killed).seconds() * 1000);
    return all_seen;
}

} // namespace

int main() {
    for (const std::uint32_t size : {4u, 16u, 64u}) {
        std::vector<double> gaps;
        const std::uint64_t seeds = size == 64 ? 20 : 100;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            if (play(seed, size, gaps)) continue;
            std::printf("no other authority was heard: %u peers, seed %llu\n", size,
                        static_cast<unsigned long long>(seed));
            return 1;
        }
        const std::string name = "migration" + std::to_string(size);
        const double p50 = percentile(gaps, 0.5), detected = detection.seconds() * 1000;
        figure((name + ".gap_p50").c_str(), p50, "ms");
        figure((name + ".gap_p99").c_str(), percentile(gaps, 0.99), "ms");
        figure((name + ".round_trips").c_str(), (p50 - detected) / (round_trip.seconds() * 1000),
               "round_trips");
    }
    return 0;
}
