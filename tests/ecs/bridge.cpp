// A registry joined to the world of an authority, and to what a guest sees of it, step by step.
#include "tenon/ecs/bridge.hpp"

#include <doctest/doctest.h>

#include <optional>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/ecs/registry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;
using ecs::Entity;
using ecs::NetworkConnection;
using ecs::NetworkEntity;
using ecs::NetworkState;

namespace {

struct Ball {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(quantized_vector(-100, 100, 0.5, x, y)); }
};
struct Sprite { // a guest's own
    int picture = 0;
};
struct Push {
    float x = 0;
    bool fires = false;
    void serialize(auto& ar) { ar(x, fires); }
};
using Court = Game<"court", 1, Component<Ball>, Command<Push>, Component<NetworkState>>;
using Net = Session<Court, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;
using Registry = ecs::Registry<NetworkEntity, NetworkConnection, Ball, NetworkState, Sprite>;

struct Side {
    Net net;
    Registry registry{};
    ecs::Bridge<Net, Registry> bridge{net, registry};
    Push push{};
    int shots = 0; // to be fired

    Side(sim::World& world, std::uint32_t host, std::size_t entities = 32)
        : net({.room = "r", .entities_max = entities, .seed = host + 1}, world.port(host)) {}

    Push command() {
        Push now = push;
        now.fires = shots > 0 && shots-- > 0;
        return now;
    }
    void step(auto& world, EntityId entity, const Push& order, std::uint32_t number) {
        auto ball = world.template get<Ball>(entity);
        if (!ball) return;
        if (order.fires) {
            const EntityId shot = world.spawn(world.owner(entity), {number, 1});
            world.set(shot, Ball{ball->x, 50});
        }
        if (order.x == 0) return;
        ball->x += order.x;
        world.set(entity, *ball);
    }
    void tick(Instant now) { bridge.tick(now, *this); }
    Instant next_deadline() const { return bridge.next_deadline(); }
    const auto& transport() const { return bridge.transport(); }

    Entity thing(Ball ball, PeerId owner = PeerId::host()) {
        const Entity entity = registry.create();
        NetworkEntity network;
        network.owner = owner;
        registry.emplace<NetworkEntity>(entity, network);
        registry.emplace<Ball>(entity, ball);
        return entity;
    }
    EntityId id(Entity entity) { return registry.get<NetworkEntity>(entity).id; }
    // The registry's entity that stands for one of the world.
    Entity here(EntityId id) {
        Entity found;
        bridge.with(id, [&](Entity entity) { found = entity; });
        return found;
    }
};

// A host and, where asked, a guest that is in.
struct Match {
    sim::World world{3};
    Side host{world, 1};
    std::optional<Side> guest{};

    explicit Match(bool two) {
        world.add(host, {.frame_hz = 60});
        REQUIRE(host.net.host(4000));
        if (!two) return;
        guest.emplace(world, 2u);
        world.add(*guest, {.frame_hz = 60});
        REQUIRE(guest->net.join("host1:4000"));
        world.run(1_s);
        REQUIRE(guest->net.status() == Status::joined);
    }
};

} // namespace

TEST_CASE("what is put into the registry is put into the world, and what is taken out is taken out") {
    Match room(false);
    Side& host = room.host;
    room.world.run(100_ms);
    const Entity ball = host.thing({1, 2});
    CHECK_FALSE(host.id(ball));
    room.world.run(100_ms);
    const EntityId id = host.id(ball);
    REQUIRE(host.net.world()->alive(id));
    CHECK(host.here(id) == ball);
    CHECK(host.registry.get<NetworkEntity>(ball).own);
    CHECK(host.net.world()->get<Ball>(id)->y == 2);
    CHECK_FALSE(host.net.world()->get<NetworkState>(id));

    host.registry.emplace<NetworkState>(ball, {});
    host.registry.get<NetworkState>(ball).set(3, 33);
    host.registry.remove<Ball>(ball);
    room.world.run(100_ms);
    CHECK(host.net.world()->get<NetworkState>(id)->get(3) == 33);
    CHECK_FALSE(host.net.world()->get<Ball>(id));

    // It stays in the registry.
    host.registry.get<NetworkEntity>(ball).replicated = false;
    room.world.run(100_ms);
    CHECK_FALSE(host.net.world()->alive(id));
    CHECK_FALSE(host.id(ball));
    CHECK(host.registry.valid(ball));
    host.registry.get<NetworkEntity>(ball).replicated = true;
    room.world.run(100_ms);
    const EntityId again = host.id(ball);
    CHECK(host.net.world()->alive(again));
    CHECK(again != id);

    host.registry.destroy(ball);
    room.world.run(100_ms);
    CHECK_FALSE(host.net.world()->alive(again));
    CHECK(host.net.world()->size() == 0);
    CHECK(host.bridge.size() == 0);
}

TEST_CASE("what moves by less than a step gets on all the same") {
    Match room(false);
    Side& host = room.host;
    const Entity ball = host.thing({});
    for (int i = 0; i < 100; ++i) {
        host.registry.get<Ball>(ball).x += 0.0625f;
        room.world.run(20_ms);
    }
    CHECK(host.registry.get<Ball>(ball).x == 6.25f);
    CHECK(host.net.world()->get<Ball>(host.id(ball))->x == doctest::Approx(6.5));
    // One telling for each step, and the first.
    CHECK(host.bridge.figures().told == 14);
}

TEST_CASE("what commands and handlers do to the world is done to the registry") {
    Match room(false);
    Side& host = room.host;
    const Entity ball = host.thing({0.125f, 0});
    host.push.x = 1;
    room.world.run(1_s);
    host.push.x = 0;
    room.world.run(100_ms);
    const float moved = host.registry.get<Ball>(ball).x;
    CHECK(moved > 40);
    CHECK(host.net.world()->get<Ball>(host.id(ball))->x == moved);

    // A thing that a handler spawns, changes and despawns.
    World<Court>& world = *host.net.world();
    const EntityId made = world.spawn();
    world.set(made, Ball{5, 5});
    room.world.run(50_ms);
    const Entity entity = host.here(made);
    REQUIRE(host.registry.valid(entity));
    CHECK(host.registry.get<Ball>(entity).x == 5);
    CHECK(host.id(entity) == made);
    world.set(made, NetworkState{});
    world.set_owner(made, PeerId{7});
    world.remove<Ball>(made);
    // As a step would, between the two systems.
    host.bridge.apply(room.world.now());
    CHECK(host.registry.try_get<Ball>(entity) == nullptr);
    CHECK(host.registry.try_get<NetworkState>(entity) != nullptr);
    CHECK(host.registry.get<NetworkEntity>(entity).owner == PeerId{7});
    room.world.run(50_ms);
    CHECK(world.owner(made) == PeerId{7});
    CHECK_FALSE(world.get<Ball>(made));
    world.despawn(made);
    host.bridge.apply(room.world.now());
    CHECK_FALSE(host.registry.valid(entity));
    CHECK(host.registry.valid(ball));
}

TEST_CASE("an owner that changes in the registry changes in the world, and a leap is told once") {
    Match room(false);
    Side& host = room.host;
    const Entity ball = host.thing({});
    room.world.run(50_ms);
    const EntityId id = host.id(ball);
    host.registry.get<NetworkEntity>(ball).owner = PeerId{3};
    host.registry.get<NetworkEntity>(ball).leaps = true;
    room.world.run(50_ms);
    CHECK(host.net.world()->owner(id) == PeerId{3});
    CHECK_FALSE(host.registry.get<NetworkEntity>(ball).own);
    CHECK_FALSE(host.registry.get<NetworkEntity>(ball).leaps);
}

TEST_CASE("a copy of another's component is a thing of its own, and a full world refuses") {
    Match room(false);
    Side& host = room.host;
    const Entity ball = host.thing({1, 1});
    room.world.run(50_ms);
    const Entity copy = host.registry.create();
    host.registry.emplace<NetworkEntity>(copy, host.registry.get<NetworkEntity>(ball));
    room.world.run(50_ms);
    CHECK(host.id(copy));
    CHECK(host.id(copy) != host.id(ball));
    CHECK(host.net.world()->size() == 2);

    for (int i = 0; i < 40; ++i) host.thing({});
    room.world.run(50_ms);
    CHECK(host.net.world()->size() == 32);
    CHECK(host.bridge.figures().refused > 0);
    // Where room is made, it goes on.
    for (int i = 0; i < 10; ++i) {
        Entity any;
        host.registry.each<NetworkEntity>([&](Entity entity, NetworkEntity& thing) {
            if (thing.id) any = entity;
        });
        host.registry.destroy(any);
    }
    room.world.run(50_ms);
    CHECK(host.net.world()->size() == 32);
    CHECK(host.registry.count<NetworkEntity>() == 32);
}

TEST_CASE("a guest's registry becomes what is seen, and what it does there itself goes nowhere") {
    Match room(true);
    Side &host = room.host, &guest = *room.guest;
    const Entity ball = host.thing({1.1f, 2});
    room.world.run(1_s);
    const EntityId id = host.id(ball);
    const Entity seen = guest.here(id);
    REQUIRE(guest.registry.valid(seen));
    CHECK(guest.registry.get<Ball>(seen).x == 1);
    CHECK(guest.registry.get<NetworkEntity>(seen).owner == PeerId::host());
    CHECK_FALSE(guest.registry.get<NetworkEntity>(seen).own);

    guest.registry.emplace<Sprite>(seen, {4});
    guest.registry.get<Ball>(seen).x = 77;
    host.registry.emplace<NetworkState>(ball, {})->set(2, 5);
    room.world.run(1_s);
    CHECK(guest.here(id) == seen);
    CHECK(guest.registry.get<Ball>(seen).x == 1);
    CHECK(guest.registry.get<Sprite>(seen).picture == 4);
    CHECK(guest.registry.get<NetworkState>(seen).get(2) == 5);
    CHECK(host.registry.get<Ball>(ball).x == 1.1f);

    CHECK(guest.registry.get<NetworkState>(seen).take_dirty() == 0);
    host.registry.get<NetworkState>(ball).set(2, 6);
    host.registry.remove<Ball>(ball);
    room.world.run(1_s);
    CHECK(guest.registry.get<NetworkState>(seen).take_dirty() == 4);
    CHECK(guest.registry.try_get<Ball>(seen) == nullptr);

    // One that it destroys is there again, as long as it is there.
    guest.registry.destroy(seen);
    room.world.run(100_ms);
    const Entity anew = guest.here(id);
    CHECK(guest.registry.valid(anew));
    CHECK(anew != seen);
    CHECK(guest.id(anew) == id);
    host.registry.destroy(ball);
    room.world.run(1_s);
    CHECK_FALSE(guest.registry.valid(anew));
    CHECK(guest.registry.count<NetworkEntity>() == 0);
}

TEST_CASE("what is foreseen becomes the real thing, and stays the registry's entity") {
    Match room(true);
    Side &host = room.host, &guest = *room.guest;
    host.thing({}, guest.net.self());
    room.world.run(1_s);
    CHECK(guest.registry.count<NetworkEntity>() == 1);
    guest.shots = 1;
    REQUIRE(room.world.run_until([&] { return guest.registry.count<NetworkEntity>() == 2; }, 1_s));
    Entity shot;
    guest.registry.each<NetworkEntity>([&](Entity entity, NetworkEntity& thing) {
        CHECK(thing.own);
        CHECK(thing.owner == guest.net.self());
        if (guest.registry.get<Ball>(entity).y == 50) shot = entity;
    });
    REQUIRE(guest.registry.valid(shot));
    const EntityId foreseen = guest.id(shot);
    CHECK(host.registry.count<NetworkEntity>() == 1);
    guest.registry.emplace<Sprite>(shot, {9});
    room.world.run(1_s);
    REQUIRE(guest.registry.valid(shot));
    CHECK(guest.id(shot) != foreseen);
    CHECK(host.net.world()->alive(guest.id(shot)));
    CHECK(guest.here(guest.id(shot)) == shot);
    CHECK(guest.registry.get<Sprite>(shot).picture == 9);
    CHECK(guest.registry.count<NetworkEntity>() == 2);
    CHECK(guest.bridge.figures().matched == 1);
    CHECK(host.registry.count<NetworkEntity>() == 2);
}

TEST_CASE("every other in the room is a connection while it is there") {
    Match room(true);
    Side &host = room.host, &guest = *room.guest;
    const auto only = [](Side& side) {
        std::optional<NetworkConnection> found;
        side.registry.each<NetworkConnection>([&](Entity, NetworkConnection& connection) {
            CHECK_FALSE(found);
            found = connection;
        });
        return found;
    };
    REQUIRE(only(host));
    CHECK(only(host)->peer == guest.net.self());
    CHECK(only(host)->linked);
    CHECK(only(host)->bytes_in > 0);
    CHECK(only(host)->level == Level::good);
    REQUIRE(only(guest));
    CHECK(only(guest)->peer == PeerId::host());
    CHECK(only(guest)->linked);
    guest.net.leave();
    room.world.run(1_s);
    CHECK_FALSE(only(host));
    CHECK_FALSE(only(guest));
}

TEST_CASE("a room that ends takes what was shown along, and leaves the authority its own for the next") {
    Match room(true);
    Side &host = room.host, &guest = *room.guest;
    const Entity ball = host.thing({3, 3});
    room.world.run(1_s);
    CHECK(guest.registry.count<NetworkEntity>() == 1);
    host.net.leave();
    room.world.run(1_s);
    CHECK(guest.net.status() == Status::closed);
    CHECK(guest.registry.count<NetworkEntity>() == 0);
    CHECK(host.registry.valid(ball));
    CHECK_FALSE(host.id(ball));
    CHECK(host.bridge.size() == 0);

    REQUIRE(host.net.host(4000));
    room.world.run(1_s);
    CHECK(host.net.world()->alive(host.id(ball)));
    REQUIRE(guest.net.join("host1:4000"));
    room.world.run(2_s);
    const Entity seen = guest.here(host.id(ball));
    REQUIRE(guest.registry.valid(seen));
    CHECK(guest.registry.get<Ball>(seen).x == 3);
}

TEST_CASE("a bridge carries only the components that are named") {
    sim::World world(4);
    Side host(world, 1);
    ecs::Bridge<Net, Registry, NetworkState> some(host.net, host.registry);
    REQUIRE(host.net.host(4000));
    const Entity ball = host.thing({8, 8});
    host.registry.emplace<NetworkState>(ball, {});
    some.tick(world.now(), host);
    const EntityId id = host.id(ball);
    CHECK(host.net.world()->get<NetworkState>(id));
    CHECK_FALSE(host.net.world()->get<Ball>(id));
    host.net.world()->set(id, Ball{1, 1});
    some.tick(world.now() + 16_ms, host);
    CHECK(host.registry.get<Ball>(ball).x == 8);
    CHECK(host.net.world()->get<Ball>(id)->x == 1);
}
