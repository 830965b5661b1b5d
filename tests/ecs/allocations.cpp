// Two registries joined over a session allocate nothing once they have settled, whatever comes and goes.
#include <doctest/doctest.h>

#include <cstddef>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/core/random.hpp"
#include "tenon/ecs/bridge.hpp"
#include "tenon/ecs/registry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

#include "../allocations.hpp"

using namespace tenon;
using namespace tenon::literals;
using ecs::Entity;
using ecs::NetworkConnection;
using ecs::NetworkEntity;
using ecs::NetworkState;
using ecs::NetworkTransform;

namespace {

struct Push {
    float x = 0;
    bool fires = false;
    void serialize(auto& ar) { ar(x, fires); }
};
using Court = Game<"court", 1, Component<NetworkTransform>, Component<NetworkState>, Command<Push>>;
using Net = Session<Court, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;
using Registry = ecs::Registry<NetworkEntity, NetworkConnection, NetworkTransform, NetworkState>;

struct Side {
    Net net;
    Registry registry{};
    ecs::Bridge<Net, Registry> bridge{net, registry};
    int frames = 0;

    Side(transport::Exchange& exchange, std::uint32_t host)
        : net({.room = "r", .entities_max = 128, .seed = host}, transport::Memory(exchange, host)) {
        registry.reserve(256);
        bridge.reserve(256);
    }
    Push command() { return {0.01f, ++frames % 40 == 0}; }
    void step(auto& world, EntityId entity, const Push& push, std::uint32_t number) {
        auto place = world.template get<NetworkTransform>(entity);
        if (!place) return;
        if (place->z > 0) { // a shot
            place->z -= 1;
            if (place->z <= 0) return void(world.despawn(entity));
        } else if (push.fires) {
            const EntityId shot = world.spawn(world.owner(entity), {number, 1});
            NetworkTransform far = *place;
            far.z = 20;
            world.set(shot, far);
        }
        place->x += push.x;
        world.set(entity, *place);
    }
};

} // namespace

TEST_CASE("the counter counts") {
    const allocations::Count count;
    void* volatile memory = ::operator new(10);
    ::operator delete(memory);
    CHECK(count.calls() == 1);
    CHECK(count.bytes() == 10);
}

TEST_CASE("bridges that have settled allocate nothing") {
    transport::Exchange exchange(3);
    Side host(exchange, 1), guest(exchange, 2);
    REQUIRE(host.net.host(4000));
    REQUIRE(guest.net.join("host1:4000"));
    Instant now{1'000'000'000};
    Random random(9);
    int frame = 0;
    std::size_t seen = 0, met = 0;
    const auto play = [&](int frames) {
        for (int i = 0; i < frames; ++i, now = now + 16_ms) {
            if (++frame % 7 == 0 && host.registry.count<NetworkEntity>() < 60) {
                const Entity entity = host.registry.create();
                NetworkEntity thing;
                thing.owner = PeerId{frame % 700 == 0 ? 1u : 0u};
                host.registry.emplace<NetworkEntity>(entity, thing);
                host.registry.emplace<NetworkTransform>(entity, {});
                host.registry.emplace<NetworkState>(entity, {});
            }
            host.registry.each<NetworkEntity, NetworkTransform, NetworkState>(
                [&](Entity entity, NetworkEntity&, NetworkTransform& place, NetworkState& state) {
                    place.y += 0.05f;
                    if (place.y > 20) return void(host.registry.destroy(entity));
                    state.set(0, static_cast<std::int32_t>(place.y));
                });
            host.bridge.tick(now, host);
            guest.bridge.tick(now, guest);
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (!random.chance(0.02)) exchange.deliver(to, from, lane, bytes);
            });
            seen += guest.registry.count<NetworkTransform>();
            met += guest.registry.count<NetworkConnection>();
        }
    };
    play(3000);
    seen = met = 0;
    const std::uint64_t matched = guest.bridge.figures().matched, told = host.bridge.figures().told;
    const allocations::Count count;
    play(1000);
    CHECK(count.calls() == 0);
    CHECK(seen > 1000 * 10);
    CHECK(met == 1000);
    CHECK(guest.bridge.figures().matched > matched);
    CHECK(host.bridge.figures().told > told);
    CHECK(guest.bridge.figures().refused == 0);
}
