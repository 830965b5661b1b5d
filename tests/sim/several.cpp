// Rooms in which datagrams and connections meet, of which some have datagrams of their own beside: whole
// sessions on a simulated network and simulated lines, from a seed.
#include "tenon/transport/several.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "../session/parts.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/sim/world.hpp"

using namespace play;

using transport::Memory;
using Roads = transport::Several<Memory, sim::Stream, sim::StreamAndDatagrams>;
using HostNet = NetOver<Roads>;
using FlyNet = NetOver<Memory>;

namespace {

Options with(std::string_view name, std::uint64_t seed) {
    Options options;
    options.room = "lobby";
    options.name = name;
    options.seed = seed;
    return options;
}

// A host on all three roads, two guests by datagrams, and two over the connections that are tried.
template <class Wire>
struct Yard {
    using WalkNet = NetOver<Wire>;
    static constexpr unsigned road = Wire::traits.datagrams ? 2 : 1;
    sim::World world;
    HostNet host;
    std::vector<std::unique_ptr<FlyNet>> fly;
    std::vector<std::unique_ptr<WalkNet>> walk;
    Player at_host, players[4];

    explicit Yard(std::uint64_t seed, const sim::Faults& faults = sim::Faults::none())
        : world(seed, faults),
          host(with("ann", seed + 1), Roads({0, 0, 4001}, world.port(1), world.stream(1),
                                            world.stream<sim::StreamAndDatagrams>(1))) {
        REQUIRE(host.host(4000));
        world.add(host, at_host);
        for (std::uint32_t i = 0; i < 2; ++i) {
            fly.push_back(
                std::make_unique<FlyNet>(with("f" + std::to_string(i), seed + 10 + i), world.port(10 + i)));
            REQUIRE(fly[i]->join("host1:4000"));
            world.add(*fly[i], players[i]);
            walk.push_back(std::make_unique<WalkNet>(with("w" + std::to_string(i), seed + 20 + i),
                                                     world.template stream<Wire>(20 + i)));
            REQUIRE(walk[i]->join(road == 1 ? "host1:4000" : "host1:4001"));
            world.add(*walk[i], players[2 + i]);
        }
    }
    ~Yard() {
        world.remove(host);
        for (auto& net : fly) world.remove(*net);
        for (auto& net : walk) world.remove(*net);
    }
    bool all_in() {
        for (auto& net : fly)
            if (net->status() != Status::joined || net->roster().size() != 5) return false;
        for (auto& net : walk)
            if (net->status() != Status::joined || net->roster().size() != 5) return false;
        return true;
    }
};

std::size_t count_of(const std::string& in, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++count;
    return count;
}

} // namespace

TEST_CASE_TEMPLATE("guests by datagrams and by connections are in one room, and hear each other through it",
                   Wire, sim::Stream, sim::StreamAndDatagrams) {
    Yard<Wire> yard(3);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    CHECK(yard.host.roster().size() == 5);
    yard.world.run(500_ms);
    // What everybody says reaches all others, over both roads.
    CHECK(yard.host.broadcast(Line{"host"}));
    CHECK(yard.fly[0]->broadcast(Line{"fly"}));
    CHECK(yard.walk[0]->broadcast(Line{"walk"}));
    CHECK(yard.fly[1]->broadcast(Shot{7}));
    CHECK(yard.walk[1]->broadcast(Shot{8}));
    CHECK(yard.fly[0]->send(yard.walk[1]->self(), Line{"to w1"}));
    CHECK(yard.walk[0]->send(yard.fly[1]->self(), Line{"to f1"}));
    yard.world.run(1_s);
    CHECK(count_of(yard.at_host.lines, "fly") == 1);
    CHECK(count_of(yard.at_host.lines, "walk") == 1);
    for (int i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(count_of(yard.players[i].lines, "host") == 1);
        CHECK(count_of(yard.players[i].lines, "fly") == (i == 0 ? 0 : 1));
        CHECK(count_of(yard.players[i].lines, "walk") == (i == 2 ? 0 : 1));
        CHECK(count_of(yard.players[i].lines, "to w1") == (i == 3 ? 1 : 0));
        CHECK(count_of(yard.players[i].lines, "to f1") == (i == 1 ? 1 : 0));
        CHECK(count_of(yard.players[i].shots, ":7") == (i == 1 ? 0 : 1));
        CHECK(count_of(yard.players[i].shots, ":8") == (i == 3 ? 0 : 1));
    }
    // Commands of both are heard, states of all are seen.
    CHECK(yard.at_host.heard_steers > 100);
    for (PeerId peer : yard.host.roster()) {
        if (peer == yard.fly[0]->self()) continue;
        CHECK(yard.fly[0]->template latest<Ship>(peer).has_value());
    }
    for (PeerId peer : yard.host.roster()) {
        if (peer == yard.walk[0]->self()) continue;
        CHECK(yard.walk[0]->template latest<Ship>(peer).has_value());
    }
    // Health says by which road a peer is reached.
    const auto flies = yard.host.health(yard.fly[0]->self()), walks = yard.host.health(yard.walk[0]->self());
    REQUIRE(flies);
    REQUIRE(walks);
    CHECK(flies->road == 0);
    CHECK(walks->road == yard.road);
    CHECK(flies->level == Level::good);
    CHECK(walks->level == Level::good);
    CHECK(walks->rtt > 30_ms);
    CHECK(walks->loss == 0);
}

TEST_CASE(
    "each connection of a host is told at the door which of its roads has datagrams beside the stream") {
    Yard<sim::Stream> yard(7);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    // Each goes to the other's road, and nobody in the room notices.
    NetOver<sim::Stream> plain(with("p", 41), yard.world.stream(41));
    NetOver<sim::StreamAndDatagrams> both(with("b", 42), yard.world.stream<sim::StreamAndDatagrams>(42));
    Player at_plain, at_both;
    REQUIRE(plain.join("host1:4001"));
    REQUIRE(both.join("host1:4000"));
    yard.world.add(plain, at_plain);
    yard.world.add(both, at_both);
    yard.world.run(1_s);
    CHECK(at_plain.notices ==
          " closed/datagrams_mismatch/the host's road carries datagrams beside its stream, "
          "yours does not");
    CHECK(at_both.notices ==
          " closed/datagrams_mismatch/your road carries datagrams beside its stream, the "
          "host's does not");
    CHECK(yard.host.roster().size() == 5);
    CHECK(yard.world.lines().open_count() == 2);
    // And is let in at its own.
    at_plain.notices = at_both.notices = "";
    REQUIRE(plain.join("host1:4000"));
    REQUIRE(both.join("host1:4001"));
    yard.world.run(1_s);
    CHECK(plain.status() == Status::joined);
    CHECK(both.status() == Status::joined);
    CHECK(yard.host.roster().size() == 7);
    yard.world.remove(plain);
    yard.world.remove(both);
}

TEST_CASE_TEMPLATE("what is large crosses both roads whole, and a guest's leaving is told on both", Wire,
                   sim::Stream, sim::StreamAndDatagrams) {
    Yard<Wire> yard(4);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    const std::string large(60'000, 'x');
    CHECK(yard.host.broadcast(Line{large}));
    CHECK(yard.walk[0]->send(PeerId::host(), Line{large}));
    CHECK(yard.fly[0]->send(PeerId::host(), Line{large}));
    yard.world.run(5_s);
    for (const Player& player : yard.players) CHECK(player.lines == "0:" + large);
    CHECK(yard.at_host.lines.size() == 2 * large.size() + 5);
    for (Player& player : yard.players) player.notices.clear();
    yard.walk[0]->leave();
    yard.fly[0]->leave();
    yard.world.run(1_s);
    CHECK(count_of(yard.players[1].notices, "-w0/left") == 1);
    CHECK(count_of(yard.players[1].notices, "-f0/left") == 1);
    CHECK(count_of(yard.players[3].notices, "-w0/left") == 1);
    CHECK(count_of(yard.players[3].notices, "-f0/left") == 1);
    CHECK(yard.world.lines().open_count() == 1); // the host hung up on the other
}

TEST_CASE_TEMPLATE(
    "a broken connection ends its peer at once, and a silent path of datagrams keeps its place", Wire,
    sim::Stream, sim::StreamAndDatagrams) {
    Yard<Wire> yard(5);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    yard.at_host.notices.clear();
    yard.world.lines().sever(1, 20);
    yard.world.network().cut(1, 10);
    yard.world.run(1_s);
    CHECK(yard.at_host.notices.find("-w0/connection_lost") != std::string::npos);
    yard.world.run(11_s);
    CHECK(yard.at_host.notices.find("~f0") != std::string::npos);
    yard.world.network().heal();
    yard.world.run(3_s);
    CHECK(yard.at_host.notices.find("=f0") != std::string::npos);
    CHECK(yard.host.roster().size() == 4);
    CHECK(yard.fly[0]->broadcast(Line{"back"}));
    yard.world.run(1_s);
    CHECK(count_of(yard.players[3].lines, "back") == 1);
}

TEST_CASE_TEMPLATE("over a room of both roads every reliable event arrives once, from seeds and with faults",
                   Wire, sim::Stream, sim::StreamAndDatagrams) {
    sim::Faults faults = sim::Faults::none();
    faults.latency_ms = 40;
    faults.spread = 0.3;
    faults.loss = 0.1;
    faults.duplicate = 0.05;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        Yard<Wire> yard(seed, faults);
        REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 10_s));
        for (std::uint32_t i = 0; i < 50; ++i) {
            CHECK(yard.host.broadcast(Shot{1000 + i}));
            CHECK(yard.fly[i % 2]->broadcast(Shot{2000 + i}));
            CHECK(yard.walk[i % 2]->broadcast(Shot{3000 + i}));
            yard.world.run(30_ms);
        }
        yard.world.run(6_s);
        for (std::uint32_t i = 0; i < 50; ++i) {
            for (std::uint32_t from : {1000u, 2000u, 3000u}) {
                const std::string shot = ":" + std::to_string(from + i);
                CHECK(count_of(yard.at_host.shots, shot) == (from != 1000 ? 1 : 0));
                for (std::uint32_t p = 0; p < 4; ++p) {
                    const bool said = (from == 2000 && p == i % 2) || (from == 3000 && p == 2 + i % 2);
                    CHECK(count_of(yard.players[p].shots, shot) == (said ? 0 : 1));
                }
            }
        }
    }
}
