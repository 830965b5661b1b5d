// The components that come with the wing: what of them travels, and the flags and versions of a state.
#include "tenon/ecs/components.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tenon/replica/world.hpp"
#include "tenon/room/health.hpp"

using namespace tenon;
using namespace tenon::ecs;

namespace {

enum class Door { open, locked };
using Rooms = Game<"rooms", 1, Component<NetworkTransform>, Component<NetworkState>,
                   Component<NetworkPlaneTransform>, Component<BasicState<3, std::uint8_t>>>;

} // namespace

TEST_CASE("a transform travels to the nearest step") {
    World<Rooms> world;
    const EntityId entity = world.spawn();
    NetworkTransform there;
    there.x = 1.001f, there.y = -2000, there.z = 511.996f;
    there.qz = 0.6f, there.qw = 0.8f;
    there.vx = 3.3f, there.vy = 1000;
    CHECK(world.set(entity, there));
    const auto told = *world.get<NetworkTransform>(entity);
    CHECK(std::abs(told.x - there.x) <= 0.5f / 128);
    CHECK(told.y == -1024);
    CHECK(std::abs(told.z - there.z) <= 0.5f / 128);
    CHECK(std::abs(told.qz - 0.6f) < 0.002f);
    CHECK(std::abs(told.qw - 0.8f) < 0.002f);
    CHECK(std::abs(told.vx - 3.3f) <= 0.5f / 128);
    CHECK(told.vy == 64);

    NetworkPlaneTransform flat;
    flat.x = 9, flat.heading = 3, flat.vy = -1;
    CHECK(world.set(entity, flat));
    const auto seen = *world.get<NetworkPlaneTransform>(entity);
    CHECK(seen.x == 9);
    CHECK(std::abs(seen.heading - 3) < 0.002f);
    CHECK(seen.vy == -1);
}

TEST_CASE("a state counts what is set, and flags it until the flags are taken") {
    NetworkState state;
    CHECK(state.dirty() == 0);
    CHECK(state.set(Door::open, 1));
    CHECK(state.set(5, -9));
    CHECK_FALSE(state.set(5, -9));
    CHECK(state.get(Door::open) == 1);
    CHECK(state.get(5) == -9);
    CHECK(state.version(Door::open) == 1);
    CHECK(state.version(Door::locked) == 0);
    CHECK(state.dirty(Door::open));
    CHECK_FALSE(state.dirty(Door::locked));
    CHECK(state.take_dirty() == 0b100001);
    CHECK(state.dirty() == 0);
    for (int i = 0; i < 65536; ++i) state.set(Door::open, i % 2 == 0 ? 0 : 1);
    CHECK(state.version(Door::open) == 1);
}

TEST_CASE("what is told of a state is flagged where it is new, also when it is as before") {
    NetworkState told, here;
    told.set(0, 1);
    here.take(told);
    CHECK(here == told);
    CHECK(here.take_dirty() == 1);
    here.take(told);
    CHECK(here.dirty() == 0);
    told.set(0, 2);
    told.set(0, 1); // there and back between two tellings
    told.set(7, 70);
    here.take(told);
    CHECK(here.take_dirty() == 0b10000001);
    CHECK(here.get(0) == 1);
    CHECK(here.version(0) == 3);
}

TEST_CASE("a state travels whole, but for its flags") {
    World<Rooms> world;
    const EntityId entity = world.spawn();
    NetworkState state;
    state.set(0, 1'000'000'000);
    state.set(7, -1);
    BasicState<3, std::uint8_t> small;
    small.set(2, 255);
    CHECK(world.set(entity, state));
    CHECK(world.set(entity, small));
    CHECK(*world.get<NetworkState>(entity) == state);
    CHECK(world.get<NetworkState>(entity)->dirty() == 0);
    CHECK(*world.get<BasicState<3, std::uint8_t>>(entity) == small);
}

TEST_CASE("a connection begins well") {
    NetworkConnection connection;
    CHECK(connection.level == Level::good);
    CHECK_FALSE(connection.linked);
    CHECK(NetworkEntity{}.owner == PeerId::host());
    CHECK_FALSE(NetworkEntity{}.id);
}
