// CoOp: four heroes against a dragon, in one program over loopback; the host is the dungeon and decides.
// Twenty inputs and ten snapshots a second. The dragon's many spiders crawl far away, so that the game says
// they need be sent only twice a second. A hero who falls must be revived, which no packet loss may undo.
// Shows: the rates are kept on real sockets, what is throttled costs less, and every fall and revival is
// heard once.
#include "loopback.hpp"

#include <optional>

struct Hero {
    float x = 0;
    std::uint8_t health = 3;
    void serialize(auto& ar) { ar(x, health); }
};
struct Lair {
    std::uint32_t number = 0, spiders[12] = {};
    void serialize(auto& ar) { ar(number, spiders); }
};
struct Move {
    float dx = 0;
    bool strikes = false;
    void serialize(auto& ar) { ar(dx, strikes); }
};
struct Spawn {
    std::uint32_t hero = 0;
    void serialize(auto& ar) { ar(hero); }
};
struct Fall {
    std::uint32_t number = 0, hero = 0;
    void serialize(auto& ar) { ar(number, hero); }
};
struct Revive {
    std::uint32_t hero = 0;
    void serialize(auto& ar) { ar(hero); }
};

using Raid = tenon::Game<"raid", 1, tenon::State<Hero>, tenon::State<Lair>, tenon::Command<Move>,
                         tenon::Event<Spawn, tenon::Reliable>, tenon::Event<Fall, tenon::Reliable>,
                         tenon::Event<Revive, tenon::Reliable>>;
using Wire = tenon::transport::Impaired<tenon::transport::Udp>;
using Net = tenon::profile::CoOp<Raid, Wire>;

constexpr double lair_hz = 2;

struct Dungeon {
    Net& net;
    Hero heroes[8] = {};
    Lair lair{};
    int snapshots = 0, commands[8] = {}, strikes = 0, falls = 0, revivals = 0;

    bool state(tenon::PeerId peer, Hero& hero) {
        if (peer == net.self()) return false;
        hero = heroes[peer.value % 8];
        return true;
    }
    bool state(tenon::PeerId peer, Lair& now) {
        if (peer != net.self()) return false;
        ++snapshots;
        ++lair.number;
        for (std::uint32_t& spider : lair.spiders) spider = spider * 1664525 + lair.number;
        now = lair;
        return true;
    }
    // How often each need be sent: heroes with every snapshot, the lair seldom.
    double state_hz(tenon::PeerId, const Hero&) { return 1000; }
    double state_hz(tenon::PeerId, const Lair&) { return lair_hz; }

    void on(tenon::PeerId peer, const Move& move) {
        Hero& hero = heroes[peer.value % 8];
        ++commands[peer.value % 8];
        if (hero.health == 0) return;
        hero.x += move.dx;
        // The dragon bites back at every tenth strike.
        if (!move.strikes || ++strikes % 10 != 0 || --hero.health != 0) return;
        (void)net.broadcast(Fall{static_cast<std::uint32_t>(++falls), peer.value});
    }
    void on(tenon::PeerId, const Revive& revive) {
        Hero& hero = heroes[revive.hero % 8];
        if (hero.health != 0) return; // another was faster
        hero.health = 3;
        ++revivals;
        (void)net.broadcast(revive);
    }
    void on(tenon::PeerJoined who) { (void)net.send(who.peer, Spawn{who.peer.value}); }
    void on(tenon::PeerId, const Spawn&) {}
    void on(tenon::PeerId, const Fall&) {}
};

struct Player {
    static constexpr bool never_hosts = true;
    Net& net;
    int commands = 0, falls = 0, revivals = 0, spawned = 0;
    std::uint32_t lairs = 0, last_lair = 0;

    Move command() { return ++commands, Move{0.1f, commands % 4 == 0}; }
    void on(tenon::PeerId from, const Spawn&) { spawned += from == net.authority(); }
    void on(tenon::PeerId from, const Fall& fall) {
        if (from != net.authority()) return;
        ++falls;
        if (fall.hero != net.self().value) (void)net.send(net.authority(), Revive{fall.hero});
    }
    void on(tenon::PeerId from, const Revive&) { revivals += from == net.authority(); }
    void look() {
        const auto lair = net.latest<Lair>(tenon::PeerId::host());
        if (lair && lair->number != last_lair) ++lairs, last_lair = lair->number;
    }
};

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 10);
    const auto bad = tenon::transport::Impairment::parse("loss=5,delay=15,jitter=5");
    if (!bad) return 1;
    const auto wire = [&] { return Wire(tenon::transport::Udp(), *bad); };
    Net host_net({.room = "raid"}, Wire(tenon::transport::Udp()));
    Net nets[4] = {Net({.room = "raid"}, wire()), Net({.room = "raid"}, wire()),
                   Net({.room = "raid"}, wire()), Net({.room = "raid"}, wire())};
    Dungeon dungeon{host_net};
    Player players[4] = {{nets[0]}, {nets[1]}, {nets[2]}, {nets[3]}};
    if (!host_net.host(0)) return std::puts("no port to host on"), 1;
    for (Net& net : nets)
        if (!net.join("127.0.0.1:" + std::to_string(host_net.port()))) return 1;
    const auto turn = [&](tenon::Instant now) {
        host_net.tick(now, dungeon);
        for (Player& player : players) {
            player.net.tick(now, player);
            player.look();
        }
    };
    profiles::Verdict verdict;
    verdict.check(profiles::play(host_net, tenon::seconds(5), turn,
                                 [&] {
                                     bool all = true;
                                     for (const Player& player : players) all = all && player.spawned == 1;
                                     return all;
                                 }),
                  "four heroes were let in");
    for (Player& player : players) player.commands = 0, player.lairs = 0;
    dungeon.snapshots = 0;
    const tenon::Instant begin = tenon::now();
    profiles::play(host_net, tenon::seconds(seconds), turn, [] { return false; });
    const double took = (tenon::now() - begin).seconds();
    verdict.rate("inputs of the first hero", players[0].commands, took, nets[0].rates().input_hz);
    verdict.rate("snapshots", dungeon.snapshots, took, nets[0].rates().snapshot_hz);
    const double lairs = players[0].lairs / took;
    char text[100];
    std::snprintf(text, sizeof text, "the lair was seen %.2f times a second, of %.0f at the most", lairs,
                  lair_hz);
    verdict.check(lairs > lair_hz * 0.7 && lairs < lair_hz * 1.1, text); // a few are lost
    const auto settled = [&] {
        bool all = true;
        for (const Player& player : players)
            all = all && player.falls == dungeon.falls && player.revivals == dungeon.revivals;
        return all && dungeon.falls == dungeon.revivals && dungeon.falls > 0;
    };
    // The fight may have ended between a fall and its revival.
    const bool heard = profiles::play(host_net, tenon::seconds(5), turn, settled);
    verdict.check(heard, std::to_string(dungeon.falls) + " falls and " + std::to_string(dungeon.revivals) +
                             " revivals, heard by all");
    return verdict.status();
}
