#pragma once
// Peers in a mesh, in a world: each says where it is, and remembers what it saw of the others.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/mesh.hpp"

namespace meshed {

using namespace tenon;
using namespace tenon::literals;

struct Ship {
    std::uint32_t owner = 0, beat = 0;
    std::uint64_t hull[7] = {~0ull, ~1ull, ~2ull, ~3ull, ~4ull, ~5ull, ~6ull};
    void serialize(auto& ar) { ar(owner, beat, hull); }
};
struct Word {
    std::uint32_t number = 0, again[8] = {}; // eight times the number
    explicit Word(std::uint32_t n = 0) : number(n) { std::fill_n(again, 8, n); }
    void serialize(auto& ar) { ar(number, again); }
};
struct Wave {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"mesh", 1, State<Ship>, Event<Word, Ordered>, Event<Wave, BestEffort>>;

inline constexpr Rates rates{.snapshot_hz = 20, .interpolation_ms = 100, .keepalive_ms = 500};

template <class Topology, class Transport = transport::Memory>
using NetOf =
    Session<Talk, Transport, codec::Bits, clock::Independent<rates>, Topology, reliability::AckVector>;

// How a transport is made on a simulated port.
template <class Transport>
struct PortOf {
    static Transport make(transport::Memory port, std::uint64_t) { return port; }
};

template <class Topology, class Transport = transport::Memory>
struct Player {
    NetOf<Topology, Transport> net;
    sim::World& world;
    std::uint32_t beat = 0, said = 0;
    std::vector<Instant> beat_at{Instant{}}; // when each state was said
    std::map<std::uint32_t, std::uint32_t> words, waves, newest;
    std::map<std::uint32_t, Instant> seen_at;  // when something newer was last seen
    std::map<std::uint32_t, Duration> longest; // how long that took at the most
    std::string broken;
    unsigned closed = 0, skipped = 0;

    Player(sim::World& w, std::uint32_t host) : Player(w, host, options(w)) {}
    Player(sim::World& w, std::uint32_t host, const Options& how)
        : net(how, PortOf<Transport>::make(w.port(host), how.seed)), world(w) {}
    static Options options(sim::World& world) {
        Options options;
        options.room = "lobby";
        options.timeout = 6_s;
        options.stale_after = 1_s;
        options.seed = world.random().next() | 1;
        return options;
    }

    Ship state() {
        beat_at.push_back(world.now());
        Ship ship;
        ship.owner = net.self().value;
        ship.beat = ++beat;
        return ship;
    }
    void on(PeerId peer, const Word& word) {
        if (std::count(word.again, word.again + 8, word.number) != 8) fail("a word was spoilt");
        std::uint32_t& next = words[peer.value];
        if (word.number < next) fail("a word came late, or twice");
        skipped += next != 0 && word.number > next ? 1 : 0;
        next = word.number + 1;
    }
    void on(PeerId peer, const Wave&) { ++waves[peer.value]; }
    void on(const Closed&) { ++closed; }
    void on(const PeerLeft& left) { forget(left.peer.value); }

    bool talking() const { return net.status() == Status::joined || net.status() == Status::hosting; }
    void look() {
        for (const PeerId peer : net.roster()) {
            const auto ship = net.template latest<Ship>(peer);
            if (!ship || peer == net.self()) continue;
            if (ship->owner != peer.value) fail("somebody's ship was told by another");
            std::uint32_t& last = newest[peer.value];
            if (ship->beat < last) fail("a ship went back");
            if (ship->beat == last) continue;
            last = ship->beat;
            const Instant before = std::exchange(seen_at[peer.value], world.now());
            if (before > Instant{}) longest[peer.value] = max(longest[peer.value], world.now() - before);
        }
    }
    // The longest pause in what was seen of anybody, or of one.
    Duration pause(std::uint32_t of = 0xFFFF'FFFF) const {
        Duration most{};
        for (const auto& [peer, pause] : longest)
            if (of == 0xFFFF'FFFF || of == peer) most = max(most, pause);
        return most;
    }
    void forget(std::uint32_t peer) {
        newest.erase(peer);
        seen_at.erase(peer);
        longest.erase(peer);
    }
    void fail(const std::string& sentence) {
        if (broken.empty()) broken = sentence;
    }
};

template <class Topology = topology::Mesh<>, class Transport = transport::Memory>
struct Crowd {
    using Peer = Player<Topology, Transport>;
    sim::World& world;
    std::vector<std::unique_ptr<Peer>> players; // the first opened the room, on host 1

    Crowd(sim::World& w, std::uint32_t count) : world(w) {
        for (std::uint32_t i = 0; i < count; ++i) add();
    }
    Peer& operator[](std::size_t i) { return *players[i]; }
    Peer& add() {
        const auto host = static_cast<std::uint32_t>(players.size() + 1);
        players.push_back(std::make_unique<Peer>(world, host));
        Peer& peer = *players.back();
        world.add(peer.net, peer);
        if (host == 1) (void)peer.net.host(4000);
        if (host == 1) return peer;
        for (int i = 0; i < 20 && peer.net.status() != Status::joined; ++i) {
            (void)peer.net.join("host1:4000");
            world.run_until([&] { return peer.net.status() != Status::joining; }, 10_s);
        }
        return peer;
    }
    void run(Duration time) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            world.run(min(10_ms, end - world.now()));
            for (auto& player : players) player->look();
        }
    }
    void talk(Duration time) {
        for (const Instant end = world.now() + time; world.now() < end; run(50_ms))
            for (auto& player : players)
                if (player->talking() && player->net.broadcast(Word{player->said})) ++player->said;
    }
    void watch_anew() {
        for (auto& player : players) {
            player->longest.clear();
            for (auto& [peer, at] : player->seen_at) at = world.now();
        }
    }
    unsigned detours() {
        unsigned count = 0;
        for (auto& player : players)
            if (player->talking()) count += player->net.health().detours;
        return count;
    }
    std::uint64_t relayed() {
        std::uint64_t count = 0;
        for (auto& player : players) count += player->net.health().relayed;
        return count;
    }
    std::string broken() const {
        for (const auto& player : players)
            if (!player->broken.empty()) return player->broken;
        return {};
    }
    // All are in one room and hear each other straight, when the network has calmed.
    std::string mends() {
        world.calm();
        for (int i = 0; i < 200; ++i) {
            bool all = detours() == 0 && coordinators() == 1;
            for (auto& player : players) {
                auto* next = coordinator();
                if (!player->talking() && player->net.status() != Status::joining && next != nullptr)
                    (void)player->net.join(next->net.transport().local_address().text());
                all = all && player->talking() && player->net.roster().size() == players.size();
            }
            if (all) break;
            run(200_ms);
        }
        for (auto& player : players) {
            if (!player->talking()) return "somebody is not in the room";
            if (player->net.roster().size() != players.size()) return "a roster is not whole";
        }
        if (detours() != 0) return "somebody is still reached through another";
        run(1_s);
        watch_anew();
        const std::uint64_t then = relayed();
        run(2_s);
        if (relayed() != then) return "something is still relayed";
        for (auto& player : players)
            if (player->pause() > 400_ms || player->longest.size() + 1 != players.size())
                return "somebody's states don't arrive";
        return {};
    }
    std::size_t coordinators() const {
        std::size_t count = 0;
        for (const auto& player : players) count += player->net.status() == Status::hosting ? 1 : 0;
        return count;
    }
    Peer* coordinator() {
        for (auto& player : players)
            if (player->net.status() == Status::hosting) return player.get();
        return nullptr;
    }
};

inline const sim::Faults rough = *sim::Faults::parse("latency_ms=40,spread=0.4,jitter_ms=15,loss=0.05");
inline const sim::Faults smooth = *sim::Faults::parse("latency_ms=40,spread=0.4");

} // namespace meshed
