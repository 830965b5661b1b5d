// A page in the background, over a connection: its timers run once a second, or not at all, while what the
// host says goes on coming. The link stays, or the place is taken again, and what is shown is of now.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    std::int64_t said_at = 0;
    void serialize(auto& ar) { ar(said_at); }
};
struct Steer {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Score {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Tab = Game<"tab", 1, State<Ship>, Command<Steer>, Event<Score, Ordered>>;
using Net = Session<Tab, sim::Stream, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

struct Player {
    sim::World& world;
    Net net;
    std::uint32_t steers = 0, scores = 0;
    std::string notices;

    Player(sim::World& in, std::uint32_t host) : world(in), net({.room = "r"}, in.stream(host)) {}
    std::optional<Ship> state() { return Ship{world.now().ns}; }
    Steer command() { return {++steers}; }
    void on(PeerId, const Steer&) { ++steers; }
    void on(PeerId, const Score& score) {
        CHECK(score.number == scores + 1);
        scores = score.number;
    }
    void on(const PeerAway&) { notices += " away"; }
    void on(const PeerLeft& left) { notices += " -" + std::string(name(left.reason)); }
    void on(const Joined&) { notices += " joined"; }
    void on(const Closed& closed) { notices += " closed/" + std::string(name(closed.reason)); }
};

// A host that runs by itself, and a tab that is ticked as often as is said.
struct Scene {
    sim::World world{7};
    Player host{world, 1}, tab{world, 2};
    std::uint32_t scores = 0;

    Scene() {
        world.add(host.net, host);
        REQUIRE(host.net.host(4000));
        REQUIRE(tab.net.join("host1:4000"));
        tick_every(16_ms, 2_s);
        REQUIRE(tab.net.status() == Status::joined);
    }
    void tick_every(Duration period, Duration time) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            world.run(period);
            tab.net.tick(world.now(), tab);
        }
    }
    void score() { CHECK(host.net.broadcast(Score{++scores})); }
    Duration age() {
        const auto ship = tab.net.latest<Ship>(PeerId::host());
        REQUIRE(ship);
        return world.now() - Instant{ship->said_at};
    }
};

} // namespace

TEST_CASE(
    "a tab whose timers run once a second keeps its place for as long as it likes, and misses nothing") {
    Scene scene;
    const PeerId self = scene.tab.net.self();
    for (int minute = 0; minute < 10; ++minute) {
        scene.score();
        scene.tick_every(1_s, 60_s);
        // Each turn sees all that came. The host sends less of what may be left out to who answers so slowly.
        CHECK_MESSAGE(scene.age() < 700_ms, scene.age().ms());
        CHECK(scene.tab.scores == scene.scores);
    }
    CHECK(scene.tab.notices == " joined");
    CHECK(scene.host.notices == " joined");
    scene.tick_every(16_ms, 1_s);
    CHECK_MESSAGE(scene.age() < 700_ms, scene.age().ms());
    scene.tick_every(16_ms, 15_s); // until both believe that it is well again
    for (int i = 0; i < 20; ++i) {
        scene.tick_every(16_ms, 70_ms);
        CHECK_MESSAGE(scene.age() < 120_ms, scene.age().ms());
    }
    CHECK(scene.tab.net.self() == self);
    CHECK_MESSAGE(scene.tab.net.health().rtt < 100_ms, scene.tab.net.health().rtt.ms());
    CHECK(scene.tab.net.health().level == Level::good);
    CHECK(scene.host.net.health().level == Level::good);
}

TEST_CASE("a tab that stood still for longer than the host's patience comes back, and shows what is now") {
    Scene scene;
    scene.score();
    scene.world.run(20_s);
    CHECK(scene.host.notices == " joined -timed_out");
    scene.tick_every(16_ms, 200_ms);
    CHECK(scene.tab.notices.find("closed") != std::string::npos);
    CHECK(scene.tab.scores == 1); // it had come before
    REQUIRE(scene.tab.net.join("host1:4000"));
    scene.tab.scores = scene.scores;
    scene.tick_every(16_ms, 1_s);
    REQUIRE(scene.tab.net.status() == Status::joined);
    CHECK(scene.age() < 120_ms);
    scene.score();
    scene.tick_every(16_ms, 1_s);
    CHECK(scene.tab.scores == scene.scores);
    CHECK(scene.tab.net.health().level == Level::good);
}

TEST_CASE("a tab that stood still for less keeps its place, and shows what is now") {
    Scene scene;
    scene.score();
    scene.world.run(8_s);
    scene.tick_every(16_ms, 500_ms);
    CHECK(scene.tab.notices == " joined");
    CHECK(scene.host.notices == " joined");
    CHECK(scene.tab.scores == 1);
    CHECK(scene.age() < 120_ms);
}
