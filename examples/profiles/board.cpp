// TurnBased: a game of Nim, in one program over loopback. Nothing is sent while nobody moves; a move is asked
// for when touch() was called; the host decides, commits each turn with an ordered event and shows the table.
// A third player comes in the middle and is told all turns. Shows: everybody has the same record and the same
// table, and an idle room costs next to nothing.
#include "loopback.hpp"

#include <optional>
#include <utility>
#include <vector>

struct Table {
    std::uint32_t turn = 0, heap = 21;
    void serialize(auto& ar) { ar(turn, heap); }
};
struct Move {
    std::uint32_t turn = 0, takes = 0;
    void serialize(auto& ar) { ar(turn, takes); }
};
struct Turn {
    std::uint32_t turn = 0, player = 0;
    void serialize(auto& ar) { ar(turn, player); }
};
struct Commit {
    std::uint32_t turn = 0, player = 0, takes = 0;
    void serialize(auto& ar) { ar(turn, player, takes); }
};

using Nim = tenon::Game<"nim", 1, tenon::State<Table>,
                        tenon::Command<Move>,                  // asked for when the player was touched
                        tenon::Event<Turn, tenon::Ordered>,    // whose turn it is
                        tenon::Event<Commit, tenon::Ordered>>; // a move that was accepted
using Net = tenon::profile::TurnBased<Nim>;

// The record of a game, as everybody keeps it.
struct Record {
    std::vector<Commit> commits;
    bool gap = false;
    void add(const Commit& commit) {
        gap = gap || commit.turn != commits.size();
        commits.push_back(commit);
    }
    std::uint32_t sum() const {
        std::uint32_t sum = 17;
        for (const Commit& commit : commits)
            sum = sum * 31 + commit.turn * 7 + commit.player * 3 + commit.takes;
        return sum;
    }
};

struct Host {
    Net& net;
    Table table{};
    Record record{};
    int snapshots = 0, refused = 0;
    std::uint32_t player = 1;

    std::optional<Table> state() { return ++snapshots, table; }
    void on(tenon::PeerId from, const Move& move) {
        if (from.value != player || move.turn != table.turn || move.takes < 1 || move.takes > 3 ||
            move.takes > table.heap)
            return void(++refused);
        const Commit commit{table.turn, from.value, move.takes};
        record.add(commit);
        (void)net.broadcast(commit);
        table.heap -= move.takes;
        ++table.turn;
        player = 3 - player;
        if (table.heap != 0) (void)net.broadcast(Turn{table.turn, player});
        net.touch(); // the turn is over: the table goes to all
    }
    // Who comes late is told everything in its order; the table comes by itself.
    void on(tenon::PeerJoined who) {
        for (const Commit& commit : record.commits) (void)net.send(who.peer, commit);
        (void)net.send(who.peer, Turn{table.turn, player});
    }
    void on(tenon::PeerId, const Turn&) {}
    void on(tenon::PeerId, const Commit&) {}
};

struct Player {
    static constexpr bool never_hosts = true;
    Net& net;
    Record record{};
    int asked = 0;
    std::optional<Move> next{};
    tenon::Instant now{}, moves_at{};

    // Takes what leaves a multiple of four, where that can be done.
    void on(tenon::PeerId from, const Turn& turn) {
        if (from != net.authority() || turn.player != net.self().value) return;
        std::uint32_t heap = 21;
        for (const Commit& commit : record.commits) heap -= commit.takes;
        next = Move{turn.turn, heap % 4 != 0 ? heap % 4 : 1};
        moves_at = now + tenon::milliseconds(100); // a short thought
    }
    void tick(tenon::Instant time) {
        now = time;
        if (next && now >= moves_at) net.touch(); // there is a command to be asked for
        net.tick(now, *this);
    }
    void on(tenon::PeerId from, const Commit& commit) {
        if (from == net.authority()) record.add(commit);
    }
    std::optional<Move> command() {
        if (next) ++asked;
        return std::exchange(next, std::nullopt);
    }
};

int main(int argc, char** argv) {
    const double idle = profiles::seconds_of(argc, argv, 4);
    Net host_net{{.room = "nim"}}, ann{{.room = "nim", .name = "ann"}}, bob{{.room = "nim", .name = "bob"}},
        late{{.room = "nim", .name = "late"}};
    Host host{host_net};
    Player players[3] = {{ann}, {bob}, {late}};
    if (!host_net.host(0)) return std::puts("no port to host on"), 1;
    const std::string address = "127.0.0.1:" + std::to_string(host_net.port());
    const auto turn = [&](tenon::Instant now) {
        host_net.tick(now, host);
        for (Player& player : players) player.tick(now);
    };
    profiles::Verdict verdict;
    // Ann is the first to be let in and so has the first turn; she may wait for bob a little.
    if (!ann.join(address)) return 1;
    profiles::play(host_net, tenon::seconds(5), turn, [&] { return host.table.turn == 1; });
    if (!bob.join(address)) return 1;
    verdict.check(profiles::play(host_net, tenon::seconds(5), turn, [&] { return host.table.turn >= 4; }),
                  "ann and bob take turns");
    if (!late.join(address)) return 1;
    const bool ended = profiles::play(host_net, tenon::seconds(5), turn, [&] {
        return host.table.heap == 0 && players[2].record.commits.size() == host.record.commits.size();
    });
    verdict.check(ended, "the game was played to its end in " + std::to_string(host.table.turn) + " turns");
    profiles::play(host_net, tenon::milliseconds(2500), turn,
                   [] { return false; }); // the last table is said again
    bool same = true;
    for (const Player& player : players)
        same = same && !player.record.gap && player.record.sum() == host.record.sum();
    verdict.check(same, "all three have the same record, who came late too");
    const auto seen = late.latest<Table>(tenon::PeerId::host());
    verdict.check(seen && seen->turn == host.table.turn && seen->heap == 0,
                  "who came late sees the table as it is");
    verdict.check(
        players[0].asked + players[1].asked == static_cast<int>(host.table.turn) && host.refused == 0,
        "a command a turn, and none besides");

    const std::uint64_t sent = host_net.health().packets_out;
    const int snapshots = host.snapshots;
    profiles::play(host_net, tenon::seconds(idle), turn, [] { return false; });
    const double rate = static_cast<double>(host_net.health().packets_out - sent) / idle / 3;
    std::printf("idle: %.2f packets a second to each player, %d snapshots\n", rate,
                host.snapshots - snapshots);
    verdict.check(host.snapshots == snapshots && rate < 3,
                  "a table at which nobody moves costs next to nothing");
    return verdict.status();
}
