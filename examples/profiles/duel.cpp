// Action: two fencers and a server that decides, in one program over loopback. Sixty inputs and twenty
// snapshots a second; a thrust is a reliable event. With `--seconds N` it fences for so long. Shows: the
// rates that the profile promises are kept on real sockets, and every hit is heard once.
#include "loopback.hpp"

#include <optional>

struct Fencer {
    float x = 0, reach = 0;
    void serialize(auto& ar) { ar(tenon::quantized(x, -10, 10, 0.01), reach); }
};
struct Step {
    float by = 0;
    void serialize(auto& ar) { ar(by); }
};
struct Spawn {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Attack {
    float reach = 0;
    void serialize(auto& ar) { ar(reach); }
};
struct Hit {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};

using Duel =
    tenon::Game<"duel", 1, tenon::State<Fencer>, tenon::Command<Step>, tenon::Event<Spawn, tenon::Reliable>,
                tenon::Event<Attack, tenon::Reliable>, tenon::Event<Hit, tenon::Reliable>>;
using Net = tenon::profile::Action<Duel>;

// Decides where everybody stands and who is hit.
struct Referee {
    Net& net;
    Fencer fencers[3] = {};
    int commands[3] = {}, hits = 0, snapshots = 0;

    std::optional<Fencer> state(tenon::PeerId peer) {
        if (peer == net.self()) return ++snapshots, std::nullopt;
        return fencers[peer.value % 3];
    }
    void on(tenon::PeerId peer, const Step& step) {
        ++commands[peer.value % 3];
        Fencer& fencer = fencers[peer.value % 3];
        fencer.x = std::fmax(-5.0f, std::fmin(5.0f, fencer.x + step.by));
    }
    void on(tenon::PeerId peer, const Attack& attack) {
        const float apart = std::fabs(fencers[1].x - fencers[2].x);
        if (apart <= attack.reach && peer.value <= 2)
            (void)net.broadcast(Hit{static_cast<std::uint32_t>(++hits)});
    }
    void on(tenon::PeerJoined who) {
        fencers[who.peer.value % 3].x = who.peer.value % 2 != 0 ? -1.0f : 1.0f;
        (void)net.send(who.peer, Spawn{fencers[who.peer.value % 3].x});
    }
    // Only the referee says these.
    void on(tenon::PeerId, const Spawn&) {}
    void on(tenon::PeerId, const Hit&) {}
};

struct Player {
    static constexpr bool never_hosts = true;
    Net& net;
    int commands = 0, attacks = 0, hits = 0, last_hit = 0, spawned = 0;

    // Back and forth, and a thrust now and then.
    Step command() {
        if (++commands % 30 == 0) ++attacks, (void)net.send(net.authority(), Attack{2.5f});
        return {std::sin(static_cast<float>(commands) * 0.1f) * 0.02f};
    }
    void on(tenon::PeerId from, const Spawn&) { spawned += from == net.authority(); }
    void on(tenon::PeerId from, const Hit& hit) {
        if (from == net.authority()) ++hits, last_hit = static_cast<int>(hit.number);
    }
    void on(tenon::PeerId, const Attack&) {}
};

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 10);
    Net server{{.room = "duel"}}, red{{.room = "duel", .name = "red"}},
        blue{{.room = "duel", .name = "blue"}};
    Referee referee{server};
    Player one{red}, two{blue};
    if (!server.host(0)) return std::puts("no port to host on"), 1;
    const std::string address = "127.0.0.1:" + std::to_string(server.port());
    if (!red.join(address) || !blue.join(address)) return std::puts("no way to join"), 1;
    const auto turn = [&](tenon::Instant now) {
        server.tick(now, referee);
        red.tick(now, one);
        blue.tick(now, two);
    };
    profiles::Verdict verdict;
    verdict.check(profiles::play(server, tenon::seconds(5), turn, [&] { return one.spawned && two.spawned; }),
                  "both fencers were let in and placed");
    const Referee before = referee;
    const tenon::Instant begin = tenon::now();
    profiles::play(server, tenon::seconds(seconds), turn, [] { return false; });
    const double took = (tenon::now() - begin).seconds();
    const tenon::Rates rates = server.rates();
    verdict.rate("inputs of red", referee.commands[1] - before.commands[1], took, rates.input_hz);
    verdict.rate("inputs of blue", referee.commands[2] - before.commands[2], took, rates.input_hz);
    verdict.rate("snapshots", referee.snapshots - before.snapshots, took, rates.snapshot_hz);
    profiles::play(server, tenon::milliseconds(500), turn, [] { return false; });
    verdict.check(referee.hits > 0 && one.hits == referee.hits && two.hits == referee.hits,
                  std::to_string(referee.hits) + " hits, heard " + std::to_string(one.hits) + " and " +
                      std::to_string(two.hits) + " times");
    int seen = 0;
    for (auto [peer, fencer] : red.view<Fencer>(tenon::now())) seen += peer != tenon::PeerId::host();
    verdict.check(seen == 2, "red sees both fencers");
    return verdict.status();
}
