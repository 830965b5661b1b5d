// Rooms of registries: what two guests have in theirs follows the authority's over a poor line, their own
// things at once, and in the end all have the same.
#include "tenon/sim/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/ecs/bridge.hpp"
#include "tenon/ecs/registry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;
using ecs::Entity;
using ecs::NetworkConnection;
using ecs::NetworkEntity;
using ecs::NetworkState;
using ecs::NetworkTransform;

namespace {

struct Fuse { // of a bomb that somebody threw
    std::uint8_t left = 0;
    void serialize(auto& ar) { ar(left); }
};
struct Drift { // the authority's own: where a system takes a thing
    float x = 0, y = 0;
};
struct Walk {
    float x = 0, y = 0;
    bool throws = false;
    void serialize(auto& ar) { ar(x, y, throws); }
};
using Yard =
    Game<"yard", 1, Component<NetworkTransform>, Component<NetworkState>, Component<Fuse>, Command<Walk>>;
using Net = Session<Yard, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;
using Registry = ecs::Registry<NetworkEntity, NetworkTransform, NetworkState, Fuse, NetworkConnection, Drift>;

constexpr std::size_t drifters = 30;
constexpr float fastest = 0.08f; // in a frame

struct Side {
    Net net;
    Registry registry{};
    ecs::Bridge<Net, Registry> bridge{net, registry};
    Random random;
    bool rests = false;
    int frames = 0, thrown = 0;
    std::string broken{};
    // On the authority: where each thing was, frame by frame.
    std::map<EntityId, std::vector<NetworkTransform>> past{};
    // On a guest.
    const Side* authority = nullptr;
    Entity hero{};
    NetworkTransform before{};
    double farthest = 0, behind = 0;
    std::uint64_t looked = 0;
    std::map<EntityId, Entity> known{};

    Side(sim::World& world, std::uint32_t host)
        : net({.room = "r", .entities_max = 128, .seed = world.random().next() | 1}, world.port(host)),
          random(world.random().next()) {}

    Walk command() {
        ++frames;
        if (rests || net.world() != nullptr) return {};
        const double turn = frames * 0.02;
        const bool throws = frames % 60 == 0;
        thrown += throws;
        return {static_cast<float>(std::cos(turn)) * 0.05f, static_cast<float>(std::sin(turn)) * 0.05f,
                throws};
    }
    // What a command does, the same on both sides.
    void step(auto& world, EntityId entity, const Walk& walk, std::uint32_t number) {
        auto place = world.template get<NetworkTransform>(entity);
        if (!place) return;
        if (const auto fuse = world.template get<Fuse>(entity)) {
            if (fuse->left == 0) return void(world.despawn(entity));
            world.set(entity, Fuse{static_cast<std::uint8_t>(fuse->left - 1)});
            place->z += 0.125f;
        } else {
            place->x += walk.x, place->y += walk.y;
        }
        world.set(entity, *place);
        if (!walk.throws || world.template get<Fuse>(entity)) return;
        const EntityId bomb = world.spawn(world.owner(entity), {number, 1});
        world.set(bomb, *place);
        world.set(bomb, Fuse{40});
    }
    void on(const PeerJoined& there) {
        if (net.world() == nullptr) return;
        NetworkTransform start;
        start.y = static_cast<float>(there.peer.value) * 20;
        spawn(there.peer, start);
    }
    void on(const Closed& closed) { broken = "closed: " + std::string(name(closed.reason)); }

    Entity spawn(PeerId owner, const NetworkTransform& at) {
        const Entity entity = registry.create();
        NetworkEntity thing;
        thing.owner = owner;
        registry.emplace<NetworkEntity>(entity, thing);
        registry.emplace<NetworkTransform>(entity, at);
        return entity;
    }
    // A frame: the game's systems, then the three of the bridge.
    void tick(Instant now) {
        if (authority == nullptr && !rests) play();
        bridge.prepare();
        bridge.process_io(now, *this);
        bridge.apply(now);
        if (authority == nullptr)
            remember();
        else
            look();
    }
    Instant next_deadline() const { return bridge.next_deadline(); }
    const auto& transport() const { return bridge.transport(); }

    // ---- the authority's systems, on its registry alone

    void play() {
        while (registry.count<Drift>() < drifters) {
            NetworkTransform at;
            at.x = static_cast<float>(random.between(-90, 90)), at.y = -50;
            const Entity entity = spawn(PeerId::host(), at);
            registry.emplace<NetworkState>(entity, {});
            registry.emplace<Drift>(entity, {static_cast<float>(random.real() * 2 - 1) * fastest * 0.7f,
                                             static_cast<float>(random.real() * 2 - 1) * fastest * 0.7f});
        }
        registry.each<Drift, NetworkTransform>([&](Entity entity, Drift& drift, NetworkTransform& place) {
            place.x += drift.x, place.y += drift.y;
            place.vx = drift.x * 60, place.vy = drift.y * 60;
            if (random.chance(0.01)) {
                if (auto* state = registry.try_get<NetworkState>(entity))
                    state->set(random.below(8), static_cast<std::int32_t>(random.below(100)));
                else
                    registry.emplace<NetworkState>(entity, {});
            }
            if (random.chance(0.001)) registry.remove<NetworkState>(entity);
            if (random.chance(0.002)) registry.destroy(entity);
        });
    }
    void remember() {
        registry.each<NetworkEntity, NetworkTransform>(
            [&](Entity, NetworkEntity& thing, NetworkTransform& place) {
                if (thing.id) past[thing.id].push_back(place);
            });
    }

    // ---- what a guest sees in each frame

    void look() {
        std::map<EntityId, Entity> seen;
        registry.each<NetworkEntity, NetworkTransform>(
            [&](Entity entity, NetworkEntity& thing, NetworkTransform& place) {
                if (!seen.emplace(thing.id, entity).second) broken = "one thing is twice in the registry";
                if (const auto was = known.find(thing.id); was != known.end() && was->second != entity)
                    broken = "a thing is another entity now";
                if (thing.own != (thing.owner == net.self())) broken = "it does not know what is its own";
                if (thing.own)
                    look_at_own(entity, place);
                else
                    look_at(thing.id, place);
            });
        known = std::move(seen);
    }
    void look_at_own(Entity entity, const NetworkTransform& place) {
        if (registry.try_get<Fuse>(entity) != nullptr) return;
        if (hero == entity)
            farthest = std::max(farthest, std::hypot(static_cast<double>(place.x - before.x),
                                                     static_cast<double>(place.y - before.y)));
        hero = entity;
        before = place;
    }
    // A thing of another's is where it was a while ago.
    void look_at(EntityId id, const NetworkTransform& place) {
        const auto path = authority->past.find(id);
        if (path == authority->past.end()) return void(broken = "a thing that never was");
        double nearest = 1e18; // squared, as it is looked for often
        const std::size_t all = path->second.size(), first = all > 120 ? all - 120 : 0;
        for (std::size_t i = all; i-- > first;) {
            const NetworkTransform& was = path->second[i];
            const double x = place.x - was.x, y = place.y - was.y, z = place.z - was.z;
            nearest = std::min(nearest, x * x + y * y + z * z);
        }
        behind = std::max(behind, std::sqrt(nearest));
        ++looked;
    }
    // Whether it has what the authority has.
    std::string differs() {
        std::size_t count = 0;
        std::string wrong;
        authority->net.for_each_entity([&](EntityId id) {
            ++count;
            Entity here;
            if (!bridge.with(id, [&](Entity entity) { here = entity; }))
                return void(wrong = "something lacks");
            const auto place = authority->net.authoritative<NetworkTransform>(id);
            const auto state = authority->net.authoritative<NetworkState>(id);
            const auto* seen = registry.try_get<NetworkTransform>(here);
            const auto* told = registry.try_get<NetworkState>(here);
            if (!place || seen == nullptr || !(*place == *seen)) wrong = "something is elsewhere";
            if (state.has_value() != (told != nullptr)) wrong = "a component is there, or not";
            if (state && told != nullptr && !(*state == *told)) wrong = "a state differs";
            if (registry.get<NetworkEntity>(here).owner != authority->net.owner(id))
                wrong = "an owner differs";
        });
        if (count != registry.count<NetworkEntity>()) return "something is too many";
        return wrong;
    }
};

std::string play(sim::World& world) {
    Side host(world, 1);
    world.add(host, {.frame_hz = 60});
    if (!host.net.host(4000)) return "it could not host";
    std::vector<std::unique_ptr<Side>> guests;
    for (std::uint32_t at = 2; at <= 3; ++at) {
        world.run(1_s);
        guests.push_back(std::make_unique<Side>(world, at));
        Side& guest = *guests.back();
        guest.authority = &host;
        world.add(guest, {.frame_hz = 60});
        for (int tries = 0; tries < 5 && guest.net.status() != Status::joined; ++tries) {
            guest.broken.clear(); // where much is lost, so may be the asking
            (void)guest.net.join("host1:4000");
            world.run_until([&] { return guest.net.status() != Status::joining; }, 10_s);
        }
        if (guest.net.status() != Status::joined) return "it could not join";
    }
    world.run(20_s);
    host.rests = true;
    for (const auto& guest : guests) guest->rests = true;
    const bool all = world.run_until(
        [&] {
            for (const auto& guest : guests)
                if (!guest->differs().empty()) return false;
            return true;
        },
        10_s);
    for (const auto& guest : guests) {
        if (!guest->broken.empty()) return guest->broken;
        if (!all && !guest->differs().empty()) return "in the end " + guest->differs();
        if (guest->looked < 10000) return "little was seen";
        // What goes unheard of goes on as it went for a quarter of a second: a bomb, the fastest, by less
        // than 2.
        if (guest->behind > 2) return "something was " + std::to_string(guest->behind) + " off its path";
        // Its own walk is seen in the frame of the command, and goes on from there.
        if (guest->farthest > 0.3) return "the own hero jumped " + std::to_string(guest->farthest);
        if (guest->thrown < 10) return "it threw nothing";
        const std::uint64_t matched = guest->bridge.figures().matched;
        if (matched + 6 < static_cast<std::uint64_t>(guest->thrown))
            return "of " + std::to_string(guest->thrown) + " bombs " + std::to_string(matched) +
                   " were those that had been foreseen";
        if (guest->registry.count<NetworkConnection>() != 2) return "it does not know who is there";
    }
    if (host.registry.count<Fuse>() != 0) return "a bomb lies there";
    return host.broken;
}

} // namespace

TEST_CASE("the registries of two guests follow the authority's") {
    sim::Search search;
    search.seeds = 10;
    search.seeds_long = 500;
    search.faults = [](std::uint64_t) {
        return *sim::Faults::parse(
            "latency_ms=50,spread=0.3,jitter_ms=15,loss=0.05,reorder=0.03,duplicate=0.02");
    };
    search.command = "test_sim -tc='the registries of two guests*'";
    const auto report = sim::explore(search, play);
    CHECK_MESSAGE(report, report.text());
}
