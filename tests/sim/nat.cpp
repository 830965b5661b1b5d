#include "tenon/sim/nat.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;
using sim::Nat;
using sim::NatKind;
using transport::MemoryAddress;

namespace {

constexpr NatKind kinds[] = {NatKind::full_cone, NatKind::address_restricted, NatKind::port_restricted,
                             NatKind::symmetric};
constexpr std::uint32_t outer_a = 101, outer_b = 102;

// A few ports with a network of no distance between them.
struct Town {
    transport::Exchange exchange{1};
    sim::Network network{exchange, 1};
    Instant now{1'000'000'000};

    struct House {
        transport::Memory port;
        std::vector<MemoryAddress> heard;
        House(Town& town, std::uint32_t host) : port(town.exchange, host) { REQUIRE(port.open(10)); }
    };
    std::vector<std::unique_ptr<House>> houses;

    Town() {
        sim::Path path;
        path.latency = 1_ms;
        network.set_path(path);
    }
    House& house(std::uint32_t host) { return *houses.emplace_back(std::make_unique<House>(*this, host)); }
    void send(House& from, const MemoryAddress& to) {
        CHECK(from.port.send(to, {}, bytes_of("hello")) == Sent::sent);
    }
    void run(Duration time = 10_ms) {
        network.collect(now);
        for (const Instant end = now + time; network.next() <= end;) {
            now = network.next();
            network.deliver(now, [](const MemoryAddress&) {});
            for (auto& one : houses)
                one->port.poll([&](const MemoryAddress& from, Lane, BytesIn) { one->heard.push_back(from); });
        }
        now += time;
    }
    bool hears(House& from, House& who, const MemoryAddress& at) {
        const std::size_t before = who.heard.size();
        send(from, at);
        run();
        return who.heard.size() > before;
    }
    // As which address the one who is asked sees the other.
    MemoryAddress seen(House& from, House& by) {
        CHECK(hears(from, by, by.port.local_address()));
        return by.heard.back();
    }
};

// Two at home meet somebody whom both reach, are told of each other, and both send, and answer whatever they
// hear to where it came from.
bool meet(NatKind a_kind, NatKind b_kind) {
    Town town;
    Town::House &a = town.house(1), &b = town.house(2), &server = town.house(3);
    town.network.nats().add(outer_a, {1}, {a_kind});
    town.network.nats().add(outer_b, {2}, {b_kind});
    const MemoryAddress at_a = town.seen(a, server), at_b = town.seen(b, server);
    for (int i = 0; i < 3; ++i) {
        town.send(a, at_b);
        town.send(b, at_a);
        town.run();
        for (Town::House* one : {&a, &b})
            if (!one->heard.empty()) town.send(*one, one->heard.back());
        town.run();
    }
    return !a.heard.empty() && !b.heard.empty();
}

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"nat", 1, Event<Word, Ordered>>;
using Net = Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;
struct Talker {
    Net net;
    std::vector<std::uint32_t> heard;
    Talker(sim::World& world, std::uint32_t host)
        : net({.room = "home", .timeout = 5_s, .away_for = 30_s, .seed = world.random().next() | 1},
              world.port(host)) {
        world.add(net, *this);
    }
    void on(PeerId, const Word& word) { heard.push_back(word.number); }
    bool joins(sim::World& world, const char* where) {
        if (net.status() != Status::joined && !net.join(where)) return false;
        return world.run_until([&] { return net.status() == Status::joined; }, 10_s);
    }
};

} // namespace

TEST_CASE("who is let in at a port that was lent to reach somebody else") {
    for (const NatKind kind : kinds) {
        CAPTURE(static_cast<int>(kind));
        Town town;
        Town::House &home = town.house(1), &friendly = town.house(3), &stranger = town.house(4);
        town.network.nats().add(outer_a, {1}, {kind});
        CHECK(!town.hears(stranger, home, {outer_a, 20'000})); // nothing was lent yet
        CHECK(!town.hears(stranger, home, {1, 10}));           // nor is an address inside known outside
        const MemoryAddress at = town.seen(home, friendly);
        CHECK(at.host == outer_a);
        CHECK(town.hears(friendly, home, at));
        CHECK(home.heard.back() == friendly.port.local_address());
        CHECK(town.hears(stranger, home, at) == (kind == NatKind::full_cone));
        transport::Memory other(town.exchange, 3); // another port of the friendly host
        REQUIRE(other.open(11));
        const std::size_t before = home.heard.size();
        CHECK(other.send(at, {}, bytes_of("hello")) == Sent::sent);
        town.run();
        CHECK((home.heard.size() > before) ==
              (kind == NatKind::full_cone || kind == NatKind::address_restricted));
        // Another place sees another port of a symmetric box, and the same one of the others.
        CHECK((town.seen(home, stranger) == at) == (kind != NatKind::symmetric));
        CHECK(town.hears(stranger, home, stranger.heard.back()));
        CHECK(town.network.counters().blocked >= 2);
        CHECK(town.network.counters().on_their_way() == 0);
    }
}

TEST_CASE("who meets whom by sending at the same time") {
    // full cone, address restricted, port restricted, symmetric
    constexpr bool table[4][4] = {{true, true, true, true},  //
                                  {true, true, true, true},  //
                                  {true, true, true, false}, //
                                  {true, true, false, false}};
    for (int a = 0; a < 4; ++a)
        for (int b = 0; b < 4; ++b) {
            CAPTURE(a);
            CAPTURE(b);
            CHECK(meet(kinds[a], kinds[b]) == table[a][b]);
        }
}

TEST_CASE("a port is lent for as long as it is used") {
    Town town;
    Town::House &home = town.house(1), &server = town.house(3);
    town.network.nats().add(outer_a, {1}, {NatKind::port_restricted, 30_s});
    const MemoryAddress at = town.seen(home, server);
    town.run(20_s);
    CHECK(town.seen(home, server) == at);
    town.run(25_s);
    CHECK(town.hears(server, home, at));
    town.run(10_s); // what comes in does not keep it
    CHECK(!town.hears(server, home, at));
    const MemoryAddress then = town.seen(home, server);
    CHECK(then != at);
    CHECK(town.hears(server, home, then));
    town.network.nats().restart(outer_a);
    CHECK(!town.hears(server, home, then));
    CHECK(town.seen(home, server) != then);
}

TEST_CASE("two in one home reach each other there, and by the box's address only where it turns around") {
    for (const bool hairpin : {false, true}) {
        CAPTURE(hairpin);
        Town town;
        Town::House &ann = town.house(1), &bob = town.house(2), &server = town.house(3);
        town.network.nats().add(outer_a, {1, 2}, {NatKind::full_cone, 60_s, hairpin});
        CHECK(town.hears(ann, bob, bob.port.local_address()));
        CHECK(bob.heard.back() == ann.port.local_address());
        const MemoryAddress at_ann = town.seen(ann, server), at_bob = town.seen(bob, server);
        CHECK(at_ann != at_bob);
        CHECK(town.hears(ann, bob, at_bob) == hairpin);
        if (hairpin) CHECK(bob.heard.back() == at_ann);
    }
}

TEST_CASE("a host at home is reached only through a port that was opened for it") {
    sim::World world(7);
    world.network().nats().add(outer_a, {1}, {NatKind::port_restricted});
    Talker host(world, 1), guest(world, 2);
    REQUIRE(host.net.host(4000));
    CHECK(!guest.joins(world, "host1:4000"));
    guest.net.leave();
    world.run(1_s);
    CHECK(!guest.joins(world, "host101:4000"));
    guest.net.leave();
    world.run(1_s);
    world.network().nats().forward(outer_a, 4000, {1, 4000});
    CHECK(guest.joins(world, "host101:4000"));
    CHECK(guest.net.send(PeerId::host(), Word{1}));
    world.run(2_s);
    CHECK(host.heard == std::vector<std::uint32_t>{1});
}

TEST_CASE("a guest whose box lends it another port in mid-game keeps its place and loses no word") {
    for (const NatKind kind : kinds) {
        CAPTURE(static_cast<int>(kind));
        sim::World world(11);
        world.network().nats().add(outer_a, {2, 3}, {kind});
        Talker host(world, 1), ann(world, 2), bob(world, 3);
        REQUIRE(host.net.host(4000));
        REQUIRE(ann.joins(world, "host1:4000"));
        REQUIRE(bob.joins(world, "host1:4000"));
        const PeerId before = ann.net.self();
        std::vector<std::uint32_t> said;
        for (std::uint32_t i = 0; i < 40; ++i) {
            if (i % 10 == 5) world.network().nats().restart(outer_a);
            CHECK(host.net.broadcast(Word{i}));
            CHECK(ann.net.send(PeerId::host(), Word{i}));
            said.push_back(i);
            world.run(500_ms);
        }
        world.run(20_s);
        CHECK(ann.net.status() == Status::joined);
        CHECK(ann.net.self() == before);
        CHECK(ann.heard == said);
        CHECK(bob.heard == said);
        CHECK(host.heard == said);
        CHECK(world.network().counters().blocked > 0);
    }
}

TEST_CASE("a bus is reached from behind a box at any time") {
    sim::World world(1);
    sim::Bus ann = world.bus(1), bob = world.bus(2);
    world.network().nats().add(outer_a, {1}, {NatKind::symmetric, 10_s});
    REQUIRE(ann.subscribe("a"));
    world.run(60_s);
    CHECK(bob.publish("a", bytes_of("one")));
    world.run(1_s);
    std::size_t heard = 0;
    ann.poll([&](std::string_view, BytesIn) { ++heard; });
    CHECK(heard == 1);
}
