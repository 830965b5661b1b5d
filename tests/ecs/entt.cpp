// EnTT's registry behind the same bridge, where it is found.
#include "tenon/ecs/entt.hpp"

#include <doctest/doctest.h>

#if !__has_include(<entt/entt.hpp>)

TEST_CASE("skipped: EnTT is not installed" * doctest::skip()) {}

#else

#include <vector>
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"

#include "tenon/ecs/bridge.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;
using ecs::NetworkConnection;
using ecs::NetworkEntity;
using ecs::NetworkState;
using ecs::NetworkTransform;

namespace {

using Plaza = Game<"plaza", 1, Component<NetworkTransform>, Component<NetworkState>>;
using Net = Session<Plaza, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

struct Side {
    Net net;
    entt::registry things{};
    ecs::Entt registry{things};
    ecs::Bridge<Net, ecs::Entt> bridge{net, registry};

    Side(sim::World& world, std::uint32_t host)
        : net({.room = "r", .entities_max = 64, .seed = host + 1}, world.port(host)) {}
    void tick(Instant now) { bridge.tick(now, *this); }
    Instant next_deadline() const { return bridge.next_deadline(); }
    const auto& transport() const { return bridge.transport(); }

    template <class T>
    std::size_t count() {
        std::size_t count = 0;
        registry.each<T>([&](entt::entity, T&) { ++count; });
        return count;
    }
};

} // namespace

TEST_CASE("two registries of EnTT follow each other") {
    static_assert(EcsRegistry<ecs::Entt, NetworkTransform>);
    sim::World world(5, *sim::Faults::parse("latency_ms=30,jitter_ms=10,loss=0.1"));
    Side host(world, 1), guest(world, 2);
    world.add(host, {.frame_hz = 60});
    world.add(guest, {.frame_hz = 60});
    REQUIRE(host.net.host(4000));
    REQUIRE(guest.net.join("host1:4000"));
    REQUIRE(world.run_until([&] { return guest.net.status() == Status::joined; }, 10_s));

    std::vector<entt::entity> made;
    for (int i = 0; i < 40; ++i) {
        made.push_back(host.things.create());
        host.things.emplace<NetworkEntity>(made.back());
        host.things.emplace<NetworkTransform>(made.back()).x = static_cast<float>(i);
        host.things.emplace<NetworkState>(made.back()).set(1, i);
    }
    int created = 0;
    struct Counter {
        int* count;
        void add(entt::registry&, entt::entity) const { ++*count; }
    } counter{&created};
    guest.things.on_construct<NetworkEntity>().connect<&Counter::add>(counter);
    world.run(2_s);
    CHECK(guest.count<NetworkEntity>() == 40);
    CHECK(created == 40);
    CHECK(guest.count<NetworkConnection>() == 1);

    // Another entity in the same place is another.
    for (int i = 0; i < 40; i += 2) {
        const auto at = static_cast<std::size_t>(i);
        host.things.destroy(made[at]);
        made[at] = host.things.create();
        host.things.emplace<NetworkEntity>(made[at]);
        host.things.emplace<NetworkTransform>(made[at]).x = static_cast<float>(100 + i);
    }
    host.things.remove<NetworkState>(made[1]);
    world.run(2_s);
    CHECK(guest.count<NetworkEntity>() == 40);
    CHECK(guest.count<NetworkState>() == 19);
    for (const entt::entity entity : made) {
        entt::entity seen = entt::null;
        CHECK(guest.bridge.with(host.things.get<NetworkEntity>(entity).id,
                                [&](entt::entity found) { seen = found; }));
        REQUIRE(guest.things.valid(seen));
        CHECK(guest.things.get<NetworkTransform>(seen).x == host.things.get<NetworkTransform>(entity).x);
        if (const auto* state = host.things.try_get<NetworkState>(entity))
            CHECK(guest.things.get<NetworkState>(seen) == *state);
    }
    host.things.clear();
    world.run(2_s);
    CHECK(guest.count<NetworkEntity>() == 0);
    CHECK(host.net.world()->size() == 0);
}

#endif
