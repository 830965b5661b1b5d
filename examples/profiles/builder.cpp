// Sandbox: three people build together, in one program over loopback. Where they are is a state, five times a
// second; what they build is a log of edits: sent to the host, numbered there, and told to all in that order.
// A fourth comes late and is sent the log. Every line loses a tenth of its packets. Shows: all end with the
// same blocks, though they edited the same places at the same time.
#include "loopback.hpp"

#include <map>
#include <optional>
#include <vector>

struct Builder {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
struct Place {
    std::uint32_t number = 0, at = 0, block = 0;
    void serialize(auto& ar) { ar(number, at, block); }
};
struct Delete {
    std::uint32_t number = 0, at = 0;
    void serialize(auto& ar) { ar(number, at); }
};
struct Walk {
    float dx = 0, dy = 0;
    void serialize(auto& ar) { ar(dx, dy); }
};

using Site = tenon::Game<"builder", 1, tenon::State<Builder>, tenon::Command<Walk>,
                         tenon::Event<Place, tenon::Ordered>, tenon::Event<Delete, tenon::Ordered>>;
using Wire = tenon::transport::Impaired<tenon::transport::Udp>;
using Line = tenon::transport::Secure<Wire>;
using Net = tenon::profile::Sandbox<Site, Line>;

// The blocks, as a log of edits makes them.
struct Blocks {
    std::map<std::uint32_t, std::uint32_t> at;
    std::uint32_t edits = 0;
    bool gap = false;
    void put(const Place& edit) { note(edit.number), at[edit.at] = edit.block; }
    void put(const Delete& edit) { note(edit.number), at.erase(edit.at); }
    void note(std::uint32_t number) { gap = gap || number != edits, edits = number + 1; }
};

// Numbers the edits of all, keeps the log and tells it.
struct Host {
    Net& net;
    Blocks blocks{};
    struct Edit {
        Place place;
        bool deletes = false;
    };
    std::vector<Edit> log{};
    int refused = 0, snapshots = 0;

    Builder state() { return ++snapshots, Builder{}; }
    void on(tenon::PeerId, const Walk&) {}
    void on(tenon::PeerId, const Place& edit) { take({{blocks.edits, edit.at, edit.block}, false}); }
    void on(tenon::PeerId, const Delete& edit) { take({{blocks.edits, edit.at, 0}, true}); }
    void on(tenon::PeerJoined who) {
        for (const Edit& edit : log) tell(edit, [&](const auto& event) { return net.send(who.peer, event); });
    }
    void take(const Edit& edit) {
        log.push_back(edit);
        tell(edit, [&](const auto& event) { return blocks.put(event), net.broadcast(event); });
    }
    // A queue that is full is told to who fills it: here it is only counted, and ends the example badly.
    void tell(const Edit& edit, auto&& say) {
        const tenon::Result<> said =
            edit.deletes ? say(Delete{edit.place.number, edit.place.at}) : say(edit.place);
        refused += said ? 0 : 1;
    }
};

struct Person {
    static constexpr bool never_hosts = true;
    Net& net;
    std::uint32_t seed = 1;
    Blocks blocks{};
    int states = 0, commands = 0, edits = 0;
    Builder place{};

    Builder state() { return ++states, place; }
    Walk command() {
        ++commands;
        place.x += 0.1f;
        return {0.1f, 0};
    }
    // One of a few places, so that several edit the same.
    void build() {
        seed = seed * 1664525 + 1013904223;
        const std::uint32_t at = seed >> 28;
        const tenon::Result<> sent = (seed >> 20) % 3 == 0
                                         ? net.send(net.authority(), Delete{0, at})
                                         : net.send(net.authority(), Place{0, at, seed >> 8});
        edits += sent ? 1 : 0;
    }
    void on(tenon::PeerId from, const Place& edit) {
        if (from == net.authority()) blocks.put(edit);
    }
    void on(tenon::PeerId from, const Delete& edit) {
        if (from == net.authority()) blocks.put(edit);
    }
};

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 10);
    const auto bad = tenon::transport::Impairment::parse("loss=10,delay=10,jitter=5");
    if (!bad) return 1;
    const auto line = [&] { return Line(Wire(tenon::transport::Udp(), *bad)); };
    Net host_net{{.room = "site"}};
    Net ann({.room = "site", .name = "ann"}, line()), bob({.room = "site", .name = "bob"}, line()),
        cyd({.room = "site", .name = "cyd"}, line()), late({.room = "site", .name = "late"}, line());
    Host host{host_net};
    Person people[4] = {{ann, 1}, {bob, 2}, {cyd, 3}, {late, 4}};
    if (!host_net.host(0)) return std::puts("no port to host on"), 1;
    const std::string address = "127.0.0.1:" + std::to_string(host_net.port());
    for (int i = 0; i < 3; ++i)
        if (!people[i].net.join(address)) return 1;
    const auto turn = [&](tenon::Instant now) {
        host_net.tick(now, host);
        for (Person& person : people) person.net.tick(now, person);
    };
    const auto in = [&](int count) {
        return [&people, count] {
            for (int i = 0; i < count; ++i)
                if (people[i].net.status() != tenon::Status::joined) return false;
            return true;
        };
    };
    profiles::Verdict verdict;
    verdict.check(profiles::play(host_net, tenon::seconds(5), turn, in(3)), "three builders were let in");
    for (Person& person : people) person.states = person.commands = 0;
    host.snapshots = 0;
    const tenon::Instant begin = tenon::now();
    tenon::Instant next = begin;
    bool joins = false;
    profiles::play(
        host_net, tenon::seconds(seconds),
        [&](tenon::Instant now) {
            turn(now);
            if (now < next) return;
            next += tenon::milliseconds(50);
            for (int i = 0; i < 3; ++i) people[i].build();
            if (!joins && now - begin > tenon::seconds(seconds / 2)) joins = bool(late.join(address));
        },
        [] { return false; });
    const double took = (tenon::now() - begin).seconds();
    verdict.rate("inputs of ann", people[0].commands, took, ann.rates().input_hz);
    verdict.rate("snapshots of ann", people[0].states, took, ann.rates().snapshot_hz);
    verdict.rate("snapshots of the host", host.snapshots, took, ann.rates().snapshot_hz);
    const auto all_edits = static_cast<std::uint32_t>(people[0].edits + people[1].edits + people[2].edits);
    verdict.check(profiles::play(host_net, tenon::seconds(10), turn,
                                 [&] {
                                     bool all = host.blocks.edits == all_edits;
                                     for (const Person& person : people)
                                         all = all && person.blocks.edits == all_edits;
                                     return all;
                                 }),
                  std::to_string(all_edits) + " edits, in everybody's log, who came late too");
    bool same = host.refused == 0 && !host.blocks.gap;
    for (const Person& person : people)
        same = same && !person.blocks.gap && person.blocks.at == host.blocks.at;
    verdict.check(same && !host.blocks.at.empty(),
                  "all five have the same " + std::to_string(host.blocks.at.size()) + " blocks");
    return verdict.status();
}
