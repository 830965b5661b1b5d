// Meshes that encrypt: each pair of guests has a key that nobody else has, and all is as in sim/mesh.cpp.
#include "tenon/topology/mesh.hpp"

#include <doctest/doctest.h>

#include <string>

#include "../sim/meshed.hpp"
#include "foretold.hpp"
#include "tenon/sim/explore.hpp"

using foretold::Secure;
using namespace tenon;
using namespace tenon::literals;

template <>
struct meshed::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};

namespace {

using Crowd = meshed::Crowd<topology::Mesh<>, Secure>;

} // namespace

TEST_CASE("in a mesh that encrypts states go straight to all, and nothing is relayed") {
    sim::World world(1, meshed::rough);
    Crowd crowd(world, 6);
    crowd.run(3_s);
    CHECK(crowd.detours() == 0);
    const std::uint64_t relayed = crowd.relayed();
    crowd.watch_anew();
    for (int i = 0; i < 30; ++i) {
        for (auto& player : crowd.players) {
            CHECK(player->net.broadcast(meshed::Wave{}));
            CHECK(player->net.broadcast(meshed::Word{player->said++}));
        }
        crowd.run(100_ms);
    }
    crowd.run(2_s);
    CHECK(crowd.relayed() == relayed);
    CHECK(crowd.broken() == "");
    CHECK(world.restless() < 5);
    for (auto& player : crowd.players) {
        CHECK(player->longest.size() == 5);
        CHECK(player->pause() < 700_ms);
        for (auto& other : crowd.players) {
            if (other == player) continue;
            CHECK(player->words[other->net.self().value] == other->said);
            // Each knows who the others are, as they have proved.
            const auto who = player->net.identity(other->net.self());
            REQUIRE(who);
            CHECK(*who == other->net.transport().keyring().identity().key());
        }
    }
}

TEST_CASE("in a mesh that encrypts states go on while the coordinator dies and another is elected") {
    sim::World world(11, meshed::smooth);
    Crowd crowd(world, 5);
    crowd.run(3_s);
    crowd.talk(1_s);
    world.remove(crowd[0].net);
    const std::uint32_t gone = crowd[0].net.self().value;
    crowd.watch_anew();
    for (auto& player : crowd.players) player->forget(gone);
    crowd.players.erase(crowd.players.begin());
    crowd.talk(8_s);
    REQUIRE(crowd.coordinator() != nullptr);
    CHECK(crowd.broken() == "");
    for (auto& player : crowd.players)
        for (auto& other : crowd.players)
            if (player != other && player.get() != crowd.coordinator() && other.get() != crowd.coordinator())
                CHECK(player->pause(other->net.self().value) < 150_ms);
    for (auto& player : crowd.players) CHECK(player->pause() < 1_s);
    CHECK(crowd.detours() == 0);
    crowd.run(3_s);
    for (auto& player : crowd.players)
        for (auto& other : crowd.players)
            if (other != player) CHECK(player->words[other->net.self().value] == other->said);
}

TEST_CASE("encrypted links follow a coordinator who comes back, and one who hands over") {
    sim::World world(13, meshed::smooth);
    Crowd crowd(world, 5);
    crowd.run(3_s);
    for (const std::size_t next : {1u, 2u, 0u, 4u}) {
        REQUIRE(crowd.coordinator() != nullptr);
        CHECK(crowd.coordinator()->net.set_authority(crowd[next].net.self()));
        crowd.run(4_s);
        CHECK(crowd.coordinator() == &crowd[next]);
        CHECK(crowd.detours() == 0);
    }
    world.partition({1, 2}, 5_s);
    crowd.run(16_s);
    CHECK(crowd.detours() == 0);
    for (auto& player : crowd.players) CHECK(player->net.roster().size() == 5);
    crowd.watch_anew();
    crowd.run(2_s);
    for (auto& player : crowd.players) CHECK(player->pause() < 300_ms);
    CHECK(crowd.broken() == "");
}

TEST_CASE("encrypted links come and go with who is there") {
    sim::World world(17, meshed::rough);
    Crowd crowd(world, 4);
    crowd.run(3_s);
    auto& late = crowd.add();
    crowd.run(2_s);
    CHECK(crowd.detours() == 0);
    CHECK(late.newest.size() == 4);
    crowd[1].net.leave();
    crowd.run(2_s);
    CHECK(crowd[0].net.kick(crowd[2].net.self()));
    crowd.run(2_s);
    CHECK(crowd[2].net.status() == Status::closed);
    CHECK(crowd[0].net.roster().size() == 3);
    CHECK(crowd.detours() == 0);
    CHECK(crowd[1].net.join("host1:4000"));
    CHECK(crowd[2].net.join("host1:4000"));
    crowd.run(3_s);
    CHECK(crowd[0].net.roster().size() == 5);
    CHECK(crowd.detours() == 0);
}

TEST_CASE("a mesh that encrypts mends, whatever the network does") {
    sim::Search search;
    search.seeds = 4;
    search.seeds_long = 300;
    search.command = "test_secure -tc='a mesh that encrypts mends*'";
    search.faults = [](std::uint64_t seed) {
        sim::Faults faults = sim::Faults::from(seed);
        faults.bandwidth = 0;
        return faults;
    };
    const auto report = sim::explore(search, [](sim::World& world) -> std::string {
        Crowd crowd(world, 4);
        crowd.talk(20_s);
        return crowd.mends();
    });
    CHECK_MESSAGE(report, report.text());
}
