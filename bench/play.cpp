// What an action game costs each player's line: sixteen players, each with a thing of his own that his
// commands move, among 200 entities of which the others wander or lie about; 20 commands and 20 snapshots a
// second, over 50 ms with jitter and some loss. Whole sessions in virtual time; every byte counts, those of
// IP and UDP too.

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <vector>

#include <tenon.hpp>

#include "harness.hpp"
#include "tenon/replica/interest.hpp"
#include "tenon/sim/world.hpp"

namespace {

using tenon::EntityId;
using tenon::PeerId;

constexpr std::size_t players = 16, entities = 200;
constexpr float side = 400;
constexpr double ip_udp_bytes = 28;

struct Actor {
    float x = 0, y = 0, heading = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-256, 256, 0.02, x, y), tenon::angle(heading, 0.02));
    }
};
struct Vitals {
    int health = 100, ammunition = 30;
    void serialize(auto& ar) { ar(tenon::ranged(health, 0, 100), tenon::ranged(ammunition, 0, 63)); }
};
struct Walk {
    float forward = 0, turn = 0;
    std::uint8_t buttons = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized(forward, -1.0f, 1.0f, 0.01f), tenon::quantized(turn, -1.0f, 1.0f, 0.01f),
           buttons);
    }
};
using Play =
    tenon::Game<"action", 1, tenon::Component<Actor>, tenon::Component<Vitals>, tenon::Command<Walk>>;
constexpr tenon::Rates rates{.input_hz = 20, .snapshot_hz = 20};
using Net =
    tenon::Session<Play, tenon::transport::Memory, tenon::codec::Bits, tenon::clock::Independent<rates>,
                   tenon::topology::ClientServer, tenon::reliability::AckVector>;

void walk(Actor& actor, const Walk& by) {
    actor.heading += by.turn;
    actor.x += by.forward * std::cos(actor.heading) * 0.3f;
    actor.y += by.forward * std::sin(actor.heading) * 0.3f;
    actor.x = actor.x < -side / 2 ? side / 2 : actor.x > side / 2 ? -side / 2 : actor.x;
    actor.y = actor.y < -side / 2 ? side / 2 : actor.y > side / 2 ? -side / 2 : actor.y;
}
Walk stroll(tenon::Random& random, Walk& now) {
    if (random.chance(0.05)) now.forward = random.chance(0.2) ? 0.0f : 1.0f;
    if (random.chance(0.1)) now.turn = static_cast<float>(random.real() - 0.5) * 0.4f;
    now.buttons = random.chance(0.05) ? 1 : 0;
    return now;
}

struct Player {
    Net net;
    tenon::Random random;
    Walk walks{};

    Player(tenon::sim::World& world, std::uint32_t host)
        : net({.entities_max = 256, .seed = host}, world.port(host)), random(host) {}
    Walk command() { return stroll(random, walks); }
    void step(auto& world, EntityId entity, const Walk& by, std::uint32_t) {
        auto actor = world.template get<Actor>(entity);
        if (!actor) return;
        walk(*actor, by);
        world.set(entity, *actor);
    }
};

struct Server : Player {
    bool tells_all;
    tenon::Stage<2> stage{256, 60};
    std::map<PeerId, std::unique_ptr<tenon::Interest<2>>> interests{};
    std::map<PeerId, EntityId> own{};
    std::vector<EntityId> others{};
    std::vector<Walk> ways{};

    Server(tenon::sim::World& world, bool all) : Player(world, 1), tells_all(all) {}
    Walk command() = delete;
    void on(const tenon::PeerJoined& who) {
        own[who.peer] = place(who.peer);
        interests[who.peer] =
            std::make_unique<tenon::Interest<2>>(tenon::InterestOptions{.radius_max = 1000});
    }
    EntityId place(PeerId owner) {
        tenon::World<Play>& world = *net.world();
        const EntityId entity = world.spawn(owner);
        world.set(entity, Actor{static_cast<float>(random.real() - 0.5) * side,
                                static_cast<float>(random.real() - 0.5) * side});
        world.set(entity, Vitals{});
        return entity;
    }
    void advance(tenon::World<Play>& world) {
        while (others.size() < entities - players)
            others.push_back(place(PeerId::host())), ways.push_back({});
        for (std::size_t i = 0; i < others.size(); i += 2) { // the rest lie about
            Actor actor = *world.get<Actor>(others[i]);
            walk(actor, stroll(random, ways[i]));
            world.set(others[i], actor);
            if (random.chance(0.01)) world.set(others[i], Vitals{static_cast<int>(random.below(101)), 9});
        }
    }
    void world(tenon::World<Play>& world) {
        world.each([&](EntityId entity) {
            const Actor at = *world.get<Actor>(entity);
            stage.place(entity, {{at.x, at.y}});
        });
    }
    auto sees(PeerId guest, const tenon::World<Play>& world) {
        const Actor at = *world.get<Actor>(own[guest]);
        const tenon::Viewpoint<2> eye{{{at.x, at.y}}, tells_all ? 1000.0f : 110.0f};
        interests[guest]->look_from({&eye, 1});
        return interests[guest]->update(stage, world, tenon::Viewer{.peer = guest});
    }
};

struct Line {
    double down = 0, up = 0, seen = 0;
    std::uint64_t corrections = 0, refused = 0;
};

Line measure(bool all) {
    tenon::sim::World world(1, *tenon::sim::Faults::parse("latency_ms=50,jitter_ms=20,loss=0.01"));
    Server server(world, all);
    world.add(server.net, server, {.frame_hz = 60});
    if (!server.net.host(4000)) return {};
    std::vector<std::unique_ptr<Player>> guests;
    for (std::uint32_t i = 0; i < players; ++i) {
        guests.push_back(std::make_unique<Player>(world, i + 2));
        world.add(guests.back()->net, *guests.back(), {.frame_hz = 60});
        (void)guests.back()->net.join("host1:4000");
    }
    world.run(tenon::seconds(5));
    std::vector<tenon::Health> before;
    std::uint64_t corrected = 0;
    for (const auto& guest : guests)
        before.push_back(guest->net.health()), corrected += guest->net.prediction().corrections;
    constexpr int measured = 30;
    world.run(tenon::seconds(measured));
    Line line;
    for (std::size_t i = 0; i < players; ++i) {
        const tenon::Health now = guests[i]->net.health();
        const auto bytes = [&](std::uint64_t more, std::uint64_t packets) {
            return (static_cast<double>(more) + ip_udp_bytes * static_cast<double>(packets)) / measured /
                   players / 1000;
        };
        line.down += bytes(now.bytes_in - before[i].bytes_in, now.packets_in - before[i].packets_in);
        line.up += bytes(now.bytes_out - before[i].bytes_out, now.packets_out - before[i].packets_out);
        line.corrections += guests[i]->net.prediction().corrections;
        line.refused += now.snapshots_refused;
        guests[i]->net.for_each_entity([&](EntityId) { line.seen += 1.0 / players; });
    }
    line.corrections -= corrected;
    return line;
}

} // namespace

int main() {
    for (const bool all : {false, true}) {
        const Line line = measure(all);
        const char* name = all ? "play.all" : "play";
        const auto tell = [&](const char* what, double value, bench::Unit unit) {
            char whole[64];
            std::snprintf(whole, sizeof whole, "%s.%s", name, what);
            bench::figure(whole, value, unit);
        };
        tell("seen", line.seen, "entities");
        tell("down", line.down, "kB/s");
        tell("up", line.up, "kB/s");
        tell("corrections", static_cast<double>(line.corrections), "in_30_s");
        tell("refused", static_cast<double>(line.refused), "snapshots");
    }
}
