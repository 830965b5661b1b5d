// Worlds of entities in whole rooms: what every guest sees of an entity is what the authority had of it, to
// the bit and in its order, whatever the paths do.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/schema/quantized.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ball {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(quantized_vector(-100, 100, 0.01, x, y)); }
    friend bool operator==(const Ball&, const Ball&) = default;
};
struct Paint {
    std::uint8_t red = 0, green = 0;
    void serialize(auto& ar) { ar(red, green); }
    friend bool operator==(const Paint&, const Paint&) = default;
};
struct Kick {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Pitch = Game<"pitch", 1, Component<Ball>, Command<Kick>, Component<Paint>>;
using Net = Session<Pitch, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

// What an entity was at one tick.
struct Look {
    std::optional<Ball> ball;
    std::optional<Paint> paint;
    PeerId owner;
    friend bool operator==(const Look&, const Look&) = default;
};
using Past = std::map<EntityId, std::vector<Look>>;

Options options(sim::World& world, std::size_t entities) {
    Options options;
    options.entities_max = entities;
    options.seed = world.random().next() | 1;
    return options;
}

// Entities that wander, bump, rest, come and go, and how all of them looked at every tick.
struct Keeper {
    Net net;
    Random random;
    Past past{};
    std::vector<EntityId> alive{};
    std::map<EntityId, Ball> speed{};
    std::size_t wanted;
    bool rests = false;
    std::map<PeerId, std::uint32_t> kicks{};
    std::string broken{};

    Keeper(sim::World& world, std::size_t entities)
        : net(options(world, entities * 2), world.port(1)), random(world.random().next()), wanted(entities) {}

    void on(PeerId peer, const Kick& kick) {
        if (kick.number <= kicks[peer]) broken = "a command came again";
        kicks[peer] = kick.number;
    }
    void on(const PeerLeft& left) { broken = "somebody left: " + std::string(name(left.reason)); }
    void world(tenon::World<Pitch>& world) {
        if (!rests) {
            while (alive.size() < wanted) spawn(world);
            if (random.chance(0.1)) leave(world);
            for (const EntityId entity : alive) move(world, entity);
        }
        for (const EntityId entity : alive)
            past[entity].push_back({world.get<Ball>(entity), world.get<Paint>(entity), world.owner(entity)});
    }

  private:
    void spawn(tenon::World<Pitch>& world) {
        const EntityId entity = world.spawn(PeerId{static_cast<std::uint32_t>(random.below(3))});
        if (!entity) return void(broken = "the world is full");
        alive.push_back(entity);
        world.set(entity, Ball{static_cast<float>(random.between(-80, 80)), 0});
        speed[entity] = {static_cast<float>(random.between(-2, 2)),
                         static_cast<float>(random.between(-2, 2))};
    }
    void leave(tenon::World<Pitch>& world) {
        const auto i = static_cast<std::size_t>(random.below(alive.size()));
        CHECK(world.despawn(alive[i]));
        alive[i] = alive.back();
        alive.pop_back();
    }
    void move(tenon::World<Pitch>& world, EntityId entity) {
        Ball ball = *world.get<Ball>(entity);
        Ball& fast = speed[entity];
        if (std::abs(ball.x + fast.x) > 99) fast.x = -fast.x;
        if (std::abs(ball.y + fast.y) > 99) fast.y = -fast.y;
        if (entity.slot % 4 != 0) world.set(entity, Ball{ball.x + fast.x, ball.y + fast.y});
        if (!random.chance(0.02)) return;
        if (random.chance(0.3))
            world.remove<Paint>(entity);
        else
            world.set(entity, Paint{static_cast<std::uint8_t>(random.below(256)), entity.slot % 7 == 0});
        world.set_owner(entity, PeerId{static_cast<std::uint32_t>(random.below(3))});
    }
};

struct Watcher {
    static constexpr bool never_hosts = true;
    Net net;
    const Keeper* keeper;
    std::map<EntityId, std::size_t> seen{}; // how far in its past each entity is
    std::uint32_t kicks = 0, spawned = 0, despawned = 0;
    std::string broken{};

    Watcher(sim::World& world, std::uint32_t host, std::size_t entities, const Keeper& from)
        : net(options(world, entities * 2), world.port(host)), keeper(&from) {}

    Kick command() { return {++kicks}; }
    void on(const Spawned& there) {
        ++spawned;
        if (!seen.emplace(there.entity, 0).second) broken = "an entity came twice";
    }
    void on(const Despawned& gone) {
        ++despawned;
        if (seen.erase(gone.entity) == 0) broken = "an entity went that was not there";
    }
    void on(const Closed& closed) { broken = "closed: " + std::string(name(closed.reason)); }

    Look look(EntityId entity) const {
        return {net.authoritative<Ball>(entity), net.authoritative<Paint>(entity), net.owner(entity)};
    }
    void check() {
        std::size_t count = 0;
        net.for_each_entity([&](EntityId entity) {
            ++count;
            const auto known = keeper->past.find(entity);
            if (known == keeper->past.end()) return void(broken = "an entity that never was");
            std::size_t& at = seen[entity];
            while (at < known->second.size() && !(known->second[at] == look(entity))) ++at;
            if (at == known->second.size()) broken = "an entity looks as it never did, or not any more";
        });
        if (count != seen.size()) broken = "not all who are there were announced";
    }
    bool agrees() const {
        std::size_t count = 0;
        bool all = true;
        net.for_each_entity([&](EntityId entity) {
            ++count;
            const auto known = keeper->past.find(entity);
            all = all && known != keeper->past.end() && known->second.back() == look(entity);
        });
        return all && count == keeper->alive.size();
    }
};

std::string play(sim::World& world, std::size_t entities) {
    Keeper keeper(world, entities);
    world.add(keeper.net, keeper, {.frame_hz = 60});
    if (!keeper.net.host(4000)) return "it could not host";
    std::vector<std::unique_ptr<Watcher>> watchers;
    const auto look = [&](int steps) {
        for (int i = 0; i < steps; ++i) {
            world.run(50_ms);
            for (const auto& watcher : watchers) {
                watcher->check();
                if (!watcher->broken.empty()) return watcher->broken;
            }
        }
        return keeper.broken;
    };
    for (std::uint32_t host = 2; host <= 4; ++host) {
        world.run(1_s); // each finds another world
        watchers.push_back(std::make_unique<Watcher>(world, host, entities, keeper));
        Watcher& watcher = *watchers.back();
        world.add(watcher.net, watcher, {.frame_hz = host == 3 ? 60.0 : 0.0});
        for (int tries = 0; tries < 5 && watcher.net.status() != Status::joined; ++tries) {
            watcher.broken.clear(); // where much is lost, so may be the asking
            (void)watcher.net.join("host1:4000");
            world.run_until([&] { return watcher.net.status() != Status::joining; }, 10_s);
        }
        if (watcher.net.status() != Status::joined) return "it could not join";
    }
    if (const std::string broken = look(60); !broken.empty()) return broken;
    world.partition({3}, 4_s);
    if (const std::string broken = look(200); !broken.empty()) return broken;
    keeper.rests = true;
    const bool all = world.run_until(
        [&] {
            for (const auto& watcher : watchers)
                if (!watcher->agrees()) return false;
            return true;
        },
        10_s);
    if (!all) return "what rests is not told to the end";
    for (const auto& watcher : watchers) {
        if (watcher->spawned - watcher->despawned != keeper.alive.size()) return "not all were announced";
        if (watcher->net.health().snapshots_refused > 3) return "many snapshots were refused";
    }
    return keeper.broken.empty() && keeper.kicks.size() != 3 ? "no command came" : keeper.broken;
}

sim::Search search(std::string_view name, std::string_view faults, std::uint64_t seeds) {
    static std::string_view chosen;
    chosen = faults;
    sim::Search search;
    search.seeds = seeds;
    search.seeds_long = seeds * 50;
    search.faults = [](std::uint64_t) { return *sim::Faults::parse(chosen); };
    search.command = name;
    return search;
}

} // namespace

TEST_CASE("every guest sees every entity as it was, in order, and at last as it is") {
    const auto report = sim::explore(
        search("test_sim -tc='every guest sees every entity*'",
               "latency_ms=50,spread=0.3,jitter_ms=30,loss=0.05,reorder=0.05,duplicate=0.02", 20),
        [](sim::World& world) { return play(world, 40); });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a world of many packets comes whole over a poor path") {
    const auto report = sim::explore(
        search("test_sim -tc='a world of many packets*'", "latency_ms=80,jitter_ms=40,loss=0.2", 4),
        [](sim::World& world) { return play(world, 900); });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a guest with less room than the world needs is told so by name") {
    sim::World world(3);
    Keeper keeper(world, 200);
    Watcher small(world, 2, 20, keeper);
    world.add(keeper.net, keeper);
    world.add(small.net, small);
    REQUIRE(keeper.net.host(4000));
    REQUIRE(small.net.join("host1:4000"));
    world.run(2_s);
    CHECK(small.net.status() == Status::closed);
    CHECK(small.broken == "closed: over_bound");
}
