// Worlds of entities in whole rooms: what every guest sees of an entity is what the authority had of it, to
// the bit and in its order, whatever the paths do.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ports.hpp"
#include "searching.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/replica/interest.hpp"
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
template <class Transport>
using NetOver = Session<Pitch, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
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
template <class Transport = transport::Memory>
struct Keeper {
    NetOver<Transport> net;
    Random random;
    Past past{};
    std::vector<EntityId> alive{};
    std::map<EntityId, Ball> speed{};
    std::size_t wanted;
    bool rests = false;
    std::map<PeerId, std::uint32_t> kicks{};
    std::string broken{};

    Keeper(sim::World& world, std::size_t entities)
        : net(options(world, entities * 2), rooms::PortOf<Transport>::make(world, 1)),
          random(world.random().next()),
          wanted(entities) {}

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

template <class Transport = transport::Memory>
struct Watcher {
    static constexpr bool never_hosts = true;
    NetOver<Transport> net;
    const Keeper<Transport>* keeper;
    std::map<EntityId, std::size_t> seen{}; // how far in its past each entity is
    std::set<EntityId> shown{};
    std::uint32_t kicks = 0;
    std::string broken{};

    Watcher(sim::World& world, std::uint32_t host, std::size_t entities, const Keeper<Transport>& from)
        : net(options(world, entities * 2), rooms::PortOf<Transport>::make(world, host)), keeper(&from) {}

    Kick command() { return {++kicks}; }
    // When it is shown, a little later than it is known.
    void on(const Spawned& there) {
        if (!shown.insert(there.entity).second) broken = "an entity came twice";
    }
    void on(const Despawned& gone) {
        if (shown.erase(gone.entity) == 0) broken = "an entity went that was not there";
    }
    void on(const Closed& closed) { broken = "closed: " + std::string(name(closed.reason)); }

    Look look(EntityId entity) const {
        return {net.template authoritative<Ball>(entity), net.template authoritative<Paint>(entity),
                net.owner(entity)};
    }
    void check() {
        net.for_each_entity([&](EntityId entity) {
            const auto known = keeper->past.find(entity);
            if (known == keeper->past.end()) return void(broken = "an entity that never was");
            std::size_t& at = seen[entity];
            while (at < known->second.size() && !(known->second[at] == look(entity))) ++at;
            if (at == known->second.size()) broken = "an entity looks as it never did, or not any more";
        });
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

template <class Transport = transport::Memory>
std::string play(sim::World& world, std::size_t entities) {
    Keeper<Transport> keeper(world, entities);
    world.add(keeper.net, keeper, {.frame_hz = 60});
    if (!keeper.net.host(4000)) return "it could not host";
    std::vector<std::unique_ptr<Watcher<Transport>>> watchers;
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
        watchers.push_back(std::make_unique<Watcher<Transport>>(world, host, entities, keeper));
        Watcher<Transport>& watcher = *watchers.back();
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
    world.run(Transport::traits.connected ? 3_s : 1_s); // who stands still sees it later
    for (const auto& watcher : watchers) {
        if (watcher->shown != std::set<EntityId>(keeper.alive.begin(), keeper.alive.end()))
            return "not those are shown who are there";
        if (watcher->net.health().snapshots_refused > 3) return "many snapshots were refused";
    }
    return keeper.broken.empty() && keeper.kicks.size() != 3 ? "no command came" : keeper.broken;
}

// ---- a game whose commands move things, on both sides by one step

struct Pilot {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(quantized_vector(-100, 100, 0.01, x, y)); }
};
struct Bolt {
    std::uint8_t left = 0;
    void serialize(auto& ar) { ar(left); }
};
struct Fly {
    float x = 0, y = 0;
    bool fires = false;
    // On a grid of its own, that the authority's step begins with, and so the guest's has to.
    void serialize(auto& ar) { ar(quantized(x, -1, 1, 0.03), quantized(y, -1, 1, 0.03), fires); }
};
using Space = Game<"space", 1, Component<Pilot>, Component<Bolt>, Command<Fly>>;
using SpaceNet = Session<Space, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                         reliability::AckVector>;

struct Flyer {
    SpaceNet net;
    bool refuses = false; // bolts, on the authority
    int frames = 0, fired = 0, played = 0;
    std::map<EntityId, EntityId> became{}; // what was foreseen
    double jump = 0;                       // the farthest that the own pilot was seen to go in a frame
    std::optional<Pilot> last{};
    std::set<EntityId> bolts{}; // that were seen
    int unowned = 0;            // of whom nobody could say whose they are
    std::string broken{};

    Flyer(sim::World& world, std::uint32_t host) : net(options(world, 64), world.port(host)) {}

    Fly command() {
        const double turn = ++frames * 0.02;
        const bool fires = frames % 50 == 0 && frames > 200;
        fired += fires;
        return {static_cast<float>(std::cos(turn) * 0.2), static_cast<float>(std::sin(turn) * 0.2), fires};
    }
    void step(auto& world, EntityId entity, const Fly& fly, std::uint32_t number) {
        auto pilot = world.template get<Pilot>(entity);
        if (!pilot) return;
        if (const auto bolt = world.template get<Bolt>(entity)) {
            if (bolt->left == 0) return void(world.despawn(entity));
            pilot->x += 0.5f;
            world.set(entity, *pilot);
            return void(world.set(entity, Bolt{static_cast<std::uint8_t>(bolt->left - 1)}));
        }
        pilot->x += fly.x, pilot->y += fly.y;
        world.set(entity, *pilot);
        if (net.world() != nullptr) ++played;
        if (!fly.fires || (refuses && net.world() != nullptr)) return;
        const EntityId bolt = world.spawn(world.owner(entity), {number, 1});
        world.set(bolt, *pilot);
        world.set(bolt, Bolt{30});
    }
    void on(const PeerJoined& there) {
        if (tenon::World<Space>* world = net.world())
            world->set(world->spawn(there.peer), Pilot{static_cast<float>(there.peer.value), 0});
    }
    void on(const Outcome& outcome) { became[outcome.foreseen] = outcome.real; }
    void on(const Closed& closed) { broken = "closed: " + std::string(name(closed.reason)); }
    // The own pilot, as it is seen in this frame.
    void look(Instant now) {
        for (auto [entity, bolt] : net.view<Bolt>(now))
            bolts.insert(entity), unowned += !net.owner(entity, now);
        for (auto [entity, pilot] : net.view<Pilot>(now)) {
            if (net.shown<Bolt>(entity, now) || net.owner(entity) != net.self()) continue;
            if (last)
                jump = std::max(jump, static_cast<double>(std::hypot(pilot.x - last->x, pilot.y - last->y)));
            last = pilot;
        }
    }
};

// ---- a game whose guests see what is near them, and their own purses

struct Walker {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(quantized_vector(-500, 500, 0.1, x, y)); }
};
struct Purse {
    std::uint32_t coins = 0;
    void serialize(auto& ar) { ar(coins); }
};
using Town = Game<"town", 1, Component<Walker>, Component<Purse>>;
using TownNet = Session<Town, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;

struct Mayor {
    static constexpr std::uint16_t owner_only = components_of<Town, Purse>();

    TownNet net;
    Stage<2> stage{512, 50};
    std::map<PeerId, std::unique_ptr<Interest<2>>> interests{};
    std::vector<EntityId> walkers{};
    std::map<PeerId, EntityId> own{};
    Random random{9};

    explicit Mayor(sim::World& world) : net(options(world, 512), world.port(1)) {}

    void on(const PeerJoined& there) {
        own[there.peer] = spawn(there.peer);
        interests[there.peer] = std::make_unique<Interest<2>>(InterestOptions{.radius_max = 60});
    }
    void world(tenon::World<Town>& world) {
        for (const EntityId walker : walkers) {
            Walker at = *world.get<Walker>(walker);
            at.x += static_cast<float>(random.between(-2, 2)),
                at.y += static_cast<float>(random.between(-2, 2));
            world.set(walker, at);
            stage.place(walker, {{at.x, at.y}});
        }
        for (const auto& [peer, entity] : own) {
            const Walker at = *world.get<Walker>(entity);
            const Viewpoint<2> eye{{{at.x, at.y}}, 60};
            interests[peer]->look_from({&eye, 1});
        }
    }
    auto sees(PeerId guest, const tenon::World<Town>& world) {
        return interests[guest]->update(stage, world, Viewer{.peer = guest});
    }
    EntityId spawn(PeerId owner) {
        tenon::World<Town>& world = *net.world();
        const EntityId entity = world.spawn(owner);
        world.set(entity, Walker{static_cast<float>(random.between(-200, 200)),
                                 static_cast<float>(random.between(-200, 200))});
        world.set(entity, Purse{owner.value + 100});
        stage.set(entity, {.owner = owner});
        walkers.push_back(entity);
        return entity;
    }
};
struct Citizen {
    TownNet net;
    Citizen(sim::World& world, std::uint32_t host) : net(options(world, 512), world.port(host)) {}
};

} // namespace

TEST_CASE("every guest sees every entity as it was, in order, and at last as it is") {
    const auto report = sim::explore(
        searching::search("test_sim -tc='every guest sees every entity*'",
                          "latency_ms=50,spread=0.3,jitter_ms=30,loss=0.05,reorder=0.05,duplicate=0.02", 20),
        [](sim::World& world) { return play(world, 40); });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a world of many packets comes whole over a poor path") {
    const auto report = sim::explore(searching::search("test_sim -tc='a world of many packets*'",
                                                       "latency_ms=80,jitter_ms=40,loss=0.2", 4, 200),
                                     [](sim::World& world) { return play(world, 900); });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a world comes over connections as well, also slow ones, and whatever stands still") {
    const auto report = sim::explore(
        searching::search("test_sim -tc='a world comes over connections*'", "pauses=6,pause_ms=900", 6, 200),
        [](sim::World& world) {
            sim::Line line;
            line.latency = milliseconds(world.random().between(2, 80));
            if (world.random().chance(0.5))
                line.bandwidth = 40'000, line.system_bytes = line.window_bytes = 4000;
            world.lines().set_line(line);
            return play<sim::Stream>(world, world.random().chance(0.3) ? 300 : 40);
        });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a world comes in datagrams beside the streams of connections, whatever of them is lost or late") {
    const auto report = sim::explore(
        searching::search("test_sim -tc='a world comes in datagrams*'", "pauses=6,pause_ms=900", 6, 200),
        [](sim::World& world) {
            sim::Line line;
            line.latency = milliseconds(world.random().between(2, 80));
            line.loss = 0.2 * world.random().real();
            line.spread = milliseconds(world.random().between(0, 60));
            world.lines().set_line(line);
            return play<sim::StreamAndDatagrams>(world, world.random().chance(0.3) ? 300 : 40);
        });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a guest with less room than the world needs is told so by name") {
    sim::World world(3);
    Keeper<> keeper(world, 200);
    Watcher<> small(world, 2, 20, keeper);
    world.add(keeper.net, keeper);
    world.add(small.net, small);
    REQUIRE(keeper.net.host(4000));
    REQUIRE(small.net.join("host1:4000"));
    world.run(2_s);
    CHECK(small.net.status() == Status::closed);
    CHECK(small.broken == "closed: over_bound");
}

TEST_CASE("own things move in the frame of their command, and are corrected where nobody could foresee it") {
    sim::World world(5, *sim::Faults::parse("latency_ms=70,jitter_ms=60,loss=0.05"));
    Flyer host(world, 1), guest(world, 2), other(world, 3);
    for (Flyer* one : {&host, &guest, &other}) world.add(one->net, *one, {.frame_hz = 60});
    REQUIRE(host.net.host(4000));
    REQUIRE(guest.net.join("host1:4000"));
    REQUIRE(other.net.join("host1:4000"));
    world.run(3_s);
    host.played = 0;
    const int began = guest.frames + other.frames;
    const PredictionFigures before = guest.net.prediction();
    for (int frame = 0; frame < 60 * 20; ++frame) {
        world.run(milliseconds(1000) / 60);
        guest.look(world.now());
    }
    CHECK(guest.broken.empty());
    // Every command was played once, in its turn.
    CHECK(std::abs(host.played - (guest.frames + other.frames - began)) < 40);
    // Ahead by what is under way, and never wrong.
    CHECK(guest.net.prediction().corrections - before.corrections < 3);
    CHECK(guest.jump < 0.25);
    CHECK(guest.fired > 20);
    // Whose a thing is that is seen can be said also before and after the authority tells of it.
    CHECK(guest.bolts.size() > 40);
    CHECK(guest.unowned == 0);
    int matched = 0;
    for (const auto& [foreseen, real] : guest.became) matched += real != EntityId::none();
    CHECK(matched >= guest.fired - 2);
    CHECK(matched == static_cast<int>(guest.net.prediction().matched));
    // The others are seen between what was told, and late: by the line, the buffer and half a snapshot.
    CHECK(guest.net.playback(world.now()).rate > 0.9);
    // What the authority refuses is withdrawn.
    host.refuses = true;
    guest.became.clear();
    const int fired = guest.fired;
    world.run(10_s);
    CHECK(guest.fired > fired + 8);
    int withdrawn = 0;
    for (const auto& [foreseen, real] : guest.became) withdrawn += real == EntityId::none();
    CHECK(withdrawn >= guest.fired - fired - 2);
    CHECK(host.net.health().commands_refused == 0);
}

TEST_CASE("the authority sees the world as a peer saw it when it gave a command") {
    sim::World world(6, *sim::Faults::parse("latency_ms=90,jitter_ms=20,loss=0.02"));
    Flyer host(world, 1), guest(world, 2), target(world, 3);
    for (Flyer* one : {&host, &guest, &target}) world.add(one->net, *one, {.frame_hz = 60});
    REQUIRE(host.net.host(4000));
    REQUIRE(target.net.join("host1:4000"));
    world.run(1_s);
    REQUIRE(guest.net.join("host1:4000"));
    world.run(4_s);
    // Where the other's pilot was for the guest, by the time of its frames.
    std::vector<Pilot> seen;
    double apart_then = 0, apart_now = 0;
    for (int frame = 0; frame < 600; ++frame) {
        world.run(milliseconds(1000) / 60);
        for (auto [entity, pilot] : guest.net.view<Pilot>(world.now()))
            if (guest.net.owner(entity) == target.net.self() && !guest.net.shown<Bolt>(entity, world.now()))
                seen.push_back(pilot);
        const Rewind<Space> past = host.net.rewind(guest.net.self());
        for (auto [entity, pilot] : host.net.view<Pilot>(world.now())) {
            if (host.net.owner(entity) != target.net.self() || host.net.authoritative<Bolt>(entity)) continue;
            const auto then = past.get<Pilot>(entity);
            REQUIRE(then);
            double nearest = 1e9, nearest_now = 1e9;
            for (std::size_t i = seen.size() > 20 ? seen.size() - 20 : 0; i < seen.size(); ++i) {
                nearest = std::min(nearest,
                                   static_cast<double>(std::hypot(then->x - seen[i].x, then->y - seen[i].y)));
                nearest_now = std::min(
                    nearest_now, static_cast<double>(std::hypot(pilot.x - seen[i].x, pilot.y - seen[i].y)));
            }
            if (seen.size() <= 20) continue;
            apart_then = std::max(apart_then, nearest);
            apart_now = std::max(apart_now, nearest_now);
        }
    }
    CHECK(apart_then < 0.12); // between two frames of it
    CHECK(apart_now > 1);     // while by now the other has flown on
}

TEST_CASE("a guest is told of what it sees, and of its own purse alone") {
    sim::World world(7, *sim::Faults::parse("latency_ms=30,jitter_ms=10,loss=0.05"));
    Mayor mayor(world);
    Citizen one(world, 2), two(world, 3);
    world.add(mayor.net, mayor);
    world.add(one.net, one);
    world.add(two.net, two);
    REQUIRE(mayor.net.host(4000));
    for (int i = 0; i < 300; ++i) mayor.spawn(PeerId::host());
    REQUIRE(one.net.join("host1:4000"));
    REQUIRE(two.net.join("host1:4000"));
    std::size_t most = 0, looked = 0;
    for (int i = 0; i < 200; ++i) {
        world.run(50_ms);
        for (Citizen* citizen : {&one, &two}) {
            const auto self = mayor.own.find(citizen->net.self());
            if (i < 20 || self == mayor.own.end()) continue;
            const auto at = citizen->net.authoritative<Walker>(self->second);
            REQUIRE(at);
            std::size_t count = 0;
            citizen->net.for_each_entity([&](EntityId entity) {
                ++count;
                const Walker walker = *citizen->net.authoritative<Walker>(entity);
                // A little further out than it looks: by the margin, and by what is under way.
                CHECK(std::hypot(walker.x - at->x, walker.y - at->y) < 60 * 1.1 + 30);
                CHECK(citizen->net.authoritative<Purse>(entity).has_value() == (entity == self->second));
            });
            CHECK(citizen->net.authoritative<Purse>(self->second)->coins == citizen->net.self().value + 100);
            most = std::max(most, count);
            ++looked;
        }
    }
    CHECK(looked == 360);
    CHECK(most > 10);
    CHECK(most < 120);
    CHECK(mayor.net.health().snapshots_refused == 0);
}
