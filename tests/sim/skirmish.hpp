#pragma once
// A game in lockstep that writes down what happens to it, and rooms of it in virtual time. What each peer
// recorded is compared tick by tick.

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports.hpp"
#include "tenon/clock/kernel.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/core/random.hpp"
#include "tenon/profile/lockstep.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/replica/recording.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

namespace skirmish {

using namespace tenon;
using namespace tenon::literals;

struct Order {
    std::int8_t dx = 0, dy = 0;
    std::uint16_t serial = 0;
    void serialize(auto& ar) { ar(dx, dy, serial); }
};
struct Unit {
    std::uint32_t owner = 0;
    std::int32_t x = 0, y = 0;
    void serialize(auto& ar) { ar(owner, x, y); }
};
using Rules = Game<"skirmish", 1, Command<Order>, State<Unit>>;

using Rollback = profile::Lockstep<Rules, transport::Memory>;
// Nothing is guessed: inputs are delayed by the round trip instead.
using Delayed = Session<Rules, transport::Memory, codec::Bits, clock::Kernel<60>, topology::ClientServer,
                        reliability::AckVector>;

struct Battle {
    // The simulation.
    std::vector<Unit> units;
    std::uint64_t dice = 1;
    std::uint32_t hits = 0;

    // What is this peer's own.
    Random choices{1};
    std::uint64_t broken_at = UINT64_MAX; // after this tick one of the units stands where it should not
    std::size_t broken_unit = 0;
    std::uint16_t serial = 0, own_stepped = 0;
    PeerId self;
    int commands = 0, steps = 0, desyncs = 0, jumps = 0, closed = 0;
    std::uint64_t missing_of_others = 0;
    std::vector<PeerId> gone;
    std::vector<std::byte> recording;
    Tick desync_tick;
    std::vector<PeerId> desync_peers;
    std::string desync_type, desync_field;
    std::uint64_t desync_entity = 0;

    Order command() {
        ++commands;
        return {static_cast<std::int8_t>(choices.between(-3, 3)),
                static_cast<std::int8_t>(choices.between(-3, 3)), ++serial};
    }
    void step(Tick tick, const Inputs<Order>& inputs) {
        ++steps;
        dice = splitmix(dice);
        for (const PeerId peer : inputs.left()) {
            std::erase_if(units, [&](const Unit& unit) { return unit.owner == peer.value; });
            gone.push_back(peer);
        }
        for (const Input<Order>& input : inputs) {
            if (input.joined)
                for (int i = 0; i < 3; ++i)
                    units.push_back({input.peer.value, static_cast<std::int32_t>(dice % 100), i});
            for (Unit& unit : units) {
                if (unit.owner != input.peer.value) continue;
                unit.x += input.order.dx;
                unit.y += input.order.dy;
            }
            if (input.peer == self) own_stepped = input.order.serial;
            missing_of_others += input.missing && input.peer != self;
        }
        for (const Unit& unit : units) hits += (unit.x ^ unit.y) % 16 == 0;
        if (tick.value == broken_at) units[broken_unit].y += 1;
    }
    void serialize(auto& ar) { ar(units, dice, hits); }

    void record(BytesIn bytes) { recording.insert(recording.end(), bytes.begin(), bytes.end()); }
    void on(const Desync& desync) {
        ++desyncs;
        desync_tick = desync.tick;
        desync_peers.assign(desync.peers.begin(), desync.peers.end());
        desync_type = desync.type;
        desync_field = desync.field;
        desync_entity = desync.entity;
    }
    void on(const Joined& joined) { self = joined.self; }
    void on(const ClockJumped&) { ++jumps; }
    void on(const Closed&) { ++closed; }
};

// What a peer recorded of each tick: the checksum and the inputs, as bytes.
inline std::map<std::uint64_t, std::string> ledger(const std::vector<std::byte>& recording) {
    std::map<std::uint64_t, std::string> ticks;
    RecordingReader reader(recording);
    if (!reader.head()) return ticks;
    std::uint64_t tick = 0;
    for (;;) {
        const auto frame = reader.next();
        if (!frame || frame->kind == RecordedKind::end) return ticks;
        if (frame->kind == RecordedKind::state) {
            ByteReader in(frame->payload);
            tick = in.varint();
        } else {
            ticks[tick++] = std::string(text_of(frame->payload));
        }
    }
}

// A session on a host whose clock may be set to anything.
template <class Net>
struct Clocked {
    Net net;
    Duration ahead{};

    void tick(Instant now, Battle& battle) { net.tick(now + ahead, battle); }
    Instant next_deadline() const {
        const Instant next = net.next_deadline();
        return next >= Instant::never() ? next : next - ahead;
    }
    const auto& transport() const { return net.transport(); }
};

template <class Net>
struct RoomOf {
    sim::World& world;
    std::vector<std::unique_ptr<Clocked<Net>>> seats;
    std::vector<std::unique_ptr<Battle>> battles;

    RoomOf(sim::World& w, std::uint32_t peers) : world(w) {
        for (std::uint32_t i = 0; i < peers; ++i) add();
    }
    // The first hosts, the others join.
    std::size_t add() {
        const auto host = static_cast<std::uint32_t>(seats.size() + 1);
        Options options;
        options.room = "field";
        options.seed = host;
        seats.push_back(std::unique_ptr<Clocked<Net>>(new Clocked<Net>{
            Net(options, rooms::PortOf<typename Net::TransportType>::make(world, host)), {}}));
        battles.push_back(std::make_unique<Battle>());
        battles.back()->choices = Random(world.seed() * 100 + host);
        world.add(*seats.back(), *battles.back(), {.frame_hz = 60});
        if (host == 1)
            REQUIRE(net(0).host(4000));
        else
            REQUIRE(net(host - 1).join("host1:4000"));
        return host - 1;
    }
    Net& net(std::size_t i) { return seats[i]->net; }
    Battle& battle(std::size_t i) { return *battles[i]; }
    std::uint64_t settled(std::size_t i) { return net(i).lockstep().settled.value; }

    bool everybody_is_in() {
        for (std::size_t i = 0; i < seats.size(); ++i)
            if (net(i).lockstep().settled.value == 0 || (i != 0 && net(i).status() != Status::joined))
                return false;
        return true;
    }
    // Empty, or in which tick somebody's play was another than the host's.
    std::string difference() {
        const auto host = ledger(battle(0).recording);
        for (std::size_t i = 1; i < seats.size(); ++i)
            for (const auto& [tick, what] : ledger(battle(i).recording)) {
                const auto there = host.find(tick);
                if (there != host.end() && there->second != what)
                    return "guest " + std::to_string(i) + " differs in tick " + std::to_string(tick);
            }
        return {};
    }
};

} // namespace skirmish
