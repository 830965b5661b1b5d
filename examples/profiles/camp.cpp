// Mesh: four friends around a fire, in one program over loopback, with the rates of CoOp and nobody who
// decides. Each sends its own camper straight to all others. After half of the time the one who opened the
// room goes; the others play on. Shows: nothing takes a detour, nobody's steps stop, and every log on the
// fire is heard once by all, whoever keeps the room.
#include "loopback.hpp"

struct Camper {
    std::uint32_t steps = 0;
    void serialize(auto& ar) { ar(steps); }
};
struct Log {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Camp = tenon::Game<"camp", 1, tenon::State<Camper>, tenon::Event<Log, tenon::Ordered>>;
using Net = tenon::profile::CoOp<Camp, tenon::profile::Default, tenon::topology::Mesh<>>;

struct Friend {
    Net& net;
    Camper camper{};
    std::uint32_t logs = 0, heard[8] = {}, seen[8] = {};
    tenon::Instant changed[8] = {}, next_log{};
    tenon::Duration longest{};

    Camper state() { return ++camper.steps, camper; }
    void on(tenon::PeerId from, const Log& log) {
        heard[from.value % 8] += log.number == heard[from.value % 8];
    }
    void on(tenon::PeerLeft who) { changed[who.peer.value % 8] = {}; }

    void turn(tenon::Instant now) {
        net.tick(now, *this);
        for (const tenon::PeerId peer : net.roster()) {
            const auto other = net.latest<Camper>(peer);
            const std::size_t i = peer.value % 8;
            if (peer == net.self() || !other || other->steps == seen[i]) continue;
            seen[i] = other->steps;
            if (changed[i] > tenon::Instant{}) longest = tenon::max(longest, now - changed[i]);
            changed[i] = now;
        }
        if (now < next_log || net.roster().size() < 3) return;
        next_log = now + tenon::milliseconds(100);
        if (net.broadcast(Log{logs})) ++logs;
    }
};

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 6);
    const tenon::Options options{.room = "camp", .stale_after = tenon::seconds(1)};
    Net nets[4] = {Net(options), Net(options), Net(options), Net(options)};
    Friend friends[4] = {{nets[0]}, {nets[1]}, {nets[2]}, {nets[3]}};
    if (!nets[0].host(0)) return std::puts("no port to host on"), 1;
    for (int i = 1; i < 4; ++i)
        if (!nets[i].join("127.0.0.1:" + std::to_string(nets[0].port()))) return 1;
    const auto turn = [&](tenon::Instant now) {
        for (Friend& one : friends) one.turn(now);
    };
    const auto settled = [&](std::size_t size) {
        return [&, size] {
            bool all = true;
            for (int i = size == 4 ? 0 : 1; i < 4; ++i)
                all = all && nets[i].roster().size() == size && nets[i].health().detours == 0;
            return all;
        };
    };
    profiles::Verdict verdict;
    verdict.check(profiles::play(nets[0], tenon::seconds(5), turn, settled(4)),
                  "four friends met, each with each");
    profiles::play(nets[1], tenon::seconds(seconds / 2), turn, [] { return false; });
    std::uint64_t relayed = nets[0].health().relayed;
    for (Friend& one : friends) one.longest = {};
    nets[0].leave();
    verdict.check(profiles::play(nets[1], tenon::seconds(5), turn, settled(3)),
                  "the first went, the others go on");
    profiles::play(nets[1], tenon::seconds(seconds / 2), turn, [] { return false; });
    for (Friend& one : friends) one.next_log = tenon::Instant::never();
    const auto all_heard = [&] {
        bool all = true;
        for (int i = 1; i < 4; ++i)
            for (int j = 1; j < 4; ++j)
                all = all && (i == j || friends[i].heard[nets[j].self().value % 8] == friends[j].logs);
        return all;
    };
    const bool heard = profiles::play(nets[1], tenon::seconds(5), turn, all_heard);
    verdict.check(heard, std::to_string(friends[1].logs) + " logs of each were heard by all, in their order");
    tenon::Duration longest{};
    for (int i = 1; i < 4; ++i) longest = tenon::max(longest, friends[i].longest);
    verdict.check(
        longest < tenon::milliseconds(900),
        "nobody's steps stopped for longer than " + std::to_string(static_cast<int>(longest.ms())) + " ms");
    for (int i = 1; i < 4; ++i) relayed += nets[i].health().relayed;
    std::printf("relayed, while the links came up: %u\n", static_cast<unsigned>(relayed));
    return verdict.status();
}
