// Rewind and prediction, with figures: shooters fire at bots that run, over lines of 20 to 200 ms that lose 2
// %. Each aims at what it sees, which is the past by the time the server hears of it. So the server judges
// every shot twice: in the world as that shooter saw it, and in the world as it is. All in virtual time, from
// a seed.

#include <cmath>
#include <cstdio>
#include <deque>
#include <vector>

#include <tenon.hpp>
#include <tenon/sim/world.hpp>

namespace {

// ---- what is on the range

struct Bot {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(tenon::quantized_vector(-50, 50, 0.01, x, y)); }
};
struct Shooter {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(tenon::quantized_vector(-50, 50, 0.01, x, y)); }
};
// What a shooter does in one tick: steps aside, and may fire in a direction.
struct Order {
    float step = 0, dx = 0, dy = 0;
    bool fires = false;
    void serialize(auto& ar) { ar(step, dx, dy, fires); }
};
using Game = tenon::Game<"range", 1, tenon::Component<Bot>, tenon::Component<Shooter>, tenon::Command<Order>>;
using Net = tenon::profile::Action<Game, tenon::transport::Memory>;

constexpr float radius = 0.4f; // of a bot, in metres
constexpr double hz = tenon::profile::action_rates.input_hz;

// What an order does to a shooter: the server and the player's prediction both run it.
void walk(auto& world, tenon::EntityId entity, const Order& order) {
    auto shooter = world.template get<Shooter>(entity);
    if (!shooter) return;
    shooter->x += order.step;
    world.set(entity, *shooter);
}
// Whether a shot passes through one of these bots.
bool hits(const Shooter& from, const Order& shot, const auto& bots) {
    for (auto [entity, bot] : bots) {
        const float x = bot.x - from.x, y = bot.y - from.y;
        if (x * shot.dx + y * shot.dy > 0 && std::fabs(x * shot.dy - y * shot.dx) < radius) return true;
    }
    return false;
}

// ---- who decides

struct Server {
    Net net;
    std::vector<tenon::EntityId> bots{};
    int ticks = 0, shots = 0, hits_then = 0, hits_now = 0;
    double back = 0; // snapshots, of all shots together

    // The bots run figures of eight, at up to eight metres a second.
    void advance(tenon::World<Game>& world) {
        while (bots.size() < 3) bots.push_back(world.spawn());
        ++ticks;
        for (std::size_t i = 0; i < bots.size(); ++i) {
            const double turn = ticks / hz * 0.5 + static_cast<double>(i) * 2.1;
            world.set(bots[i],
                      Bot{static_cast<float>(15 * std::sin(turn)),
                          static_cast<float>(12 + 6 * static_cast<double>(i) + 3 * std::sin(2 * turn))});
        }
    }
    void on(tenon::PeerJoined who) {
        net.world()->set(net.world()->spawn(who.peer),
                         Shooter{static_cast<float>(who.peer.value) * 4 - 10, 0});
    }
    // The turn of an order has come. The shooter stands where it stood when it fired, since its own orders
    // are played in their order; the bots have run on, and are looked at as it saw them.
    // A server's own view shows what is, whatever the time.
    void on(tenon::PeerId peer, const Order& order) {
        if (!order.fires) return;
        for (auto [entity, shooter] : net.view<Shooter>({})) {
            if (net.owner(entity) != peer) continue;
            const tenon::Rewind<Game> seen = net.rewind(peer);
            ++shots;
            hits_then += hits(shooter, order, seen.view<Bot>());
            hits_now += hits(shooter, order, net.view<Bot>({}));
            back += static_cast<double>(net.world()->newest_tick()) - seen.moment().ticks();
        }
    }
    void step(auto& world, tenon::EntityId entity, const Order& order, std::uint32_t) {
        walk(world, entity, order);
    }
};

// ---- who shoots

struct Player {
    static constexpr bool never_hosts = true;
    Net net;
    tenon::sim::World& sim;
    Shooter seen{}; // ourselves, in the last frame
    float side = 0.06f;
    int orders = 0, turns = 0, turns_seen = 0;
    bool turned = false;

    Player(tenon::sim::World& world, std::uint32_t host)
        : net({.room = "range"}, world.port(host)), sim(world) {}

    // Back and forth, and twice a second a shot at the bot whose turn it is, right where it is shown.
    Order command() {
        if (++orders % 40 == 0) side = -side, turned = true;
        Order order{side};
        std::size_t nth = 0;
        for (auto [entity, bot] : net.view<Bot>(sim.now())) {
            if (orders % 30 != 0 || nth++ != static_cast<std::size_t>(orders / 30 % 3)) continue;
            const float away = std::hypot(bot.x - seen.x, bot.y - seen.y);
            order.fires = true;
            order.dx = (bot.x - seen.x) / away, order.dy = (bot.y - seen.y) / away;
        }
        return order;
    }
    void step(auto& world, tenon::EntityId entity, const Order& order, std::uint32_t) {
        walk(world, entity, order);
    }
    // Once a frame, where a game draws: who turned in this frame is seen to go the other way already.
    void look() {
        for (auto [entity, shooter] : net.view<Shooter>(sim.now())) {
            if (net.owner(entity) != net.self()) continue;
            turns += turned, turns_seen += turned && (shooter.x - seen.x) * side > 0;
            seen = shooter;
        }
        turned = false;
    }
};

// ---- an afternoon on the range

// True when the shots were judged as the shooters saw them.
bool play(double delay_ms) {
    tenon::sim::Faults faults;
    faults.latency_ms = delay_ms, faults.jitter_ms = delay_ms / 10, faults.loss = 0.02;
    tenon::sim::World sim(7, faults);
    // How far back a shot may reach is the game's choice; here nobody's line is refused.
    Server server{Net({.room = "range", .rewind_most = tenon::seconds(1)}, sim.port(1))};
    sim.add(server.net, server);
    bool open = static_cast<bool>(server.net.host(4000));
    std::deque<Player> players;
    for (std::uint32_t host = 2; host < 6; ++host) {
        Player& player = players.emplace_back(sim, host);
        sim.add(player.net, player, {.frame_hz = hz});
        open = open && player.net.join("host1:4000");
    }
    const auto frames = [&](int count) {
        for (int frame = 0; frame < count; ++frame) {
            sim.run(tenon::period(hz));
            for (Player& player : players) player.look();
        }
    };
    // Two seconds to come in and to learn how the line is, which are not counted.
    frames(120);
    server.shots = server.hits_then = server.hits_now = 0, server.back = 0;
    std::uint64_t before = 0, corrections = 0;
    for (Player& player : players)
        player.turns = player.turns_seen = 0, before += player.net.prediction().corrections;
    frames(60 * 60);

    int turns = 0, turns_seen = 0;
    for (Player& player : players) {
        turns += player.turns, turns_seen += player.turns_seen;
        corrections += player.net.prediction().corrections;
    }
    const double shots = server.shots, share = server.hits_then / shots;
    std::printf("%5.0f ms | %5d | %6.1f %% | %6.1f %% | %5.0f ms | %4d of %4d | %llu\n", delay_ms,
                server.shots, 100 * share, 100 * server.hits_now / shots,
                server.back / shots * 1000 / server.net.rates().snapshot_hz, turns_seen, turns,
                static_cast<unsigned long long>(corrections - before));
    return open && server.shots > 400 && share > 0.95 && server.hits_now * 2 < server.hits_then &&
           turns_seen > turns * 0.98;
}

} // namespace

int main() {
    std::puts(
        "Four shooters, three running bots of 0.8 m, a minute for each line; each loses 2 %.\n"
        "  one way | shots | rewound  | as it is | rewound by | own turn seen in its frame | corrections");
    bool held = true;
    for (const double delay_ms : {20.0, 60.0, 120.0, 200.0}) held = play(delay_ms) && held;
    std::puts(held ? "What a shooter aims at is what it hits."
                   : "FAILED: shots were not judged as they were seen");
    return held ? 0 : 1;
}
