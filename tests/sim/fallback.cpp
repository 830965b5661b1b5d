// Sessions that change their road in mid-game: what was promised arrives once, over whichever road there is.
#include "tenon/transport/fallback.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "../session/parts.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/transport/several.hpp"

using namespace play;
using transport::Memory;

namespace {

struct WorldNow {
    const sim::World* world = nullptr;
    Instant operator()() const { return world->now(); }
};
using Roads = transport::Several<Memory, sim::Stream, sim::StreamAndDatagrams>;
using HostNet = NetOver<Roads>;
using WalkNet = NetOver<sim::Stream>;

constexpr std::uint32_t host_at = 1, guest_at = 10, other_at = 20;

Options with(std::string_view name, std::uint64_t seed) {
    Options options;
    options.room = "lobby";
    options.name = name;
    options.seed = seed;
    return options;
}
std::size_t count_of(const std::string& in, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++count;
    return count;
}

// A host on all roads, a guest that takes datagrams or that connection, and one over a connection alone, for
// whom it is relayed.
template <class Wire>
struct YardOver {
    using Either = transport::FallbackOver<WorldNow, Memory, Wire>;
    using GuestNet = NetOver<Either>;
    static constexpr unsigned second = Wire::traits.datagrams ? 2 : 1; // as the host counts it
    sim::World world;
    HostNet host;
    GuestNet guest;
    WalkNet other;
    Player at_host, at_guest, at_other;
    std::uint32_t said = 0;

    explicit YardOver(std::uint64_t seed, const sim::Faults& faults = sim::Faults::none())
        : world(seed, faults),
          host(with("ann", seed + 1), Roads({0, 0, 4001}, world.port(host_at), world.stream(host_at),
                                            world.stream<sim::StreamAndDatagrams>(host_at))),
          guest(with("bob", seed + 2),
                Either(WorldNow{&world}, {}, world.port(guest_at), world.template stream<Wire>(guest_at))),
          other(with("cyd", seed + 3), world.stream(other_at)) {
        REQUIRE(host.host(4000));
        world.add(host, at_host);
        REQUIRE(other.join("host1:4000"));
        world.add(other, at_other);
        REQUIRE(guest.join(second == 1 ? "host1:4000" : "host1:4000 host1:4001"));
        world.add(guest, at_guest);
    }
    ~YardOver() {
        world.remove(host);
        world.remove(guest);
        world.remove(other);
    }
    bool all_in() {
        return guest.status() == Status::joined && other.status() == Status::joined &&
               guest.roster().size() == 3 && other.roster().size() == 3;
    }
    void cut() {
        world.network().cut(host_at, guest_at);
        world.network().cut(guest_at, host_at);
    }
    // Everybody says the next number, in order and not.
    void say() {
        ++said;
        CHECK(host.broadcast(Shot{said}));
        CHECK(guest.broadcast(Shot{100'000 + said}));
        CHECK(host.broadcast(Line{"h" + std::to_string(said)}));
        CHECK(guest.broadcast(Line{"g" + std::to_string(said)}));
    }
    void talk(Duration time, Duration pause = 50_ms) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            say();
            world.run(pause);
        }
    }
    std::string lines(std::string_view from, char who) const {
        std::string all;
        for (std::uint32_t i = 1; i <= said; ++i)
            all += (i == 1 ? "" : " ") + std::string(from) + ":" + who + std::to_string(i);
        return all;
    }
    std::set<std::string> shots(std::string_view from, std::uint32_t base) const {
        std::set<std::string> all;
        for (std::uint32_t i = 1; i <= said; ++i)
            all.insert(std::string(from) + ":" + std::to_string(base + i));
        return all;
    }
    static std::multiset<std::string> words(const std::string& text, const std::string& from) {
        std::multiset<std::string> all;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = text.find(' ', at);
            if (end == std::string::npos) end = text.size();
            const std::string word = text.substr(at, end - at);
            if (word.rfind(from + ":", 0) == 0) all.insert(word);
            at = end + 1;
        }
        return all;
    }
    static std::string only(const std::string& text, const std::string& from) {
        std::string all;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = text.find(' ', at);
            if (end == std::string::npos) end = text.size();
            const std::string word = text.substr(at, end - at);
            if (word.rfind(from + ":", 0) == 0) all += (all.empty() ? "" : " ") + word;
            at = end + 1;
        }
        return all;
    }
    // Nothing reliable was lost or doubled, and what has an order kept it.
    bool is_whole() {
        const std::string me = std::to_string(guest.self().value);
        bool whole = true;
        const auto same = [&](const std::multiset<std::string>& heard, const std::set<std::string>& wanted) {
            whole = whole && heard == std::multiset<std::string>(wanted.begin(), wanted.end());
        };
        same(words(at_guest.shots, "0"), shots("0", 0));
        same(words(at_other.shots, "0"), shots("0", 0));
        same(words(at_host.shots, me), shots(me, 100'000));
        same(words(at_other.shots, me), shots(me, 100'000));
        whole = whole && only(at_guest.lines, "0") == lines("0", 'h') &&
                only(at_other.lines, "0") == lines("0", 'h');
        whole =
            whole && only(at_host.lines, me) == lines(me, 'g') && only(at_other.lines, me) == lines(me, 'g');
        return whole;
    }
};
using Yard = YardOver<sim::Stream>;

} // namespace

TEST_CASE(
    "the preferred road is taken where it is there, and where it is not, the next after its head start") {
    Yard yard(3);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    CHECK(yard.guest.transport().road() == 0);
    CHECK(yard.guest.health(PeerId::host())->road == 0);
    CHECK(yard.host.health(yard.guest.self())->road == 0);
    yard.talk(2_s);
    yard.world.run(1_s);
    CHECK(yard.is_whole());
    CHECK(yard.guest.transport().moves() == 0);
    CHECK(yard.world.lines().open_count() == 1); // the other guest's: nobody dialled in vain

    Yard walled(4);
    walled.cut();
    REQUIRE(walled.world.run_until([&] { return walled.all_in(); }, 2_s));
    CHECK(walled.guest.transport().road() == 1);
    CHECK(walled.host.health(walled.guest.self())->road == 1);
    walled.talk(2_s);
    walled.world.run(1_s);
    CHECK(walled.is_whole());
    // When the better road is there, it is gone over to.
    walled.world.network().heal();
    CHECK(walled.world.run_until([&] { return walled.host.health(walled.guest.self())->road == 0; }, 3_s));
    walled.talk(2_s);
    walled.world.run(1_s);
    CHECK(walled.guest.transport().road() == 0);
    CHECK(walled.is_whole());
}

TEST_CASE("a session goes on over the other road when its own is cut in mid-game, and comes back") {
    Yard yard(5);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    yard.talk(1_s);
    yard.at_host.notices.clear();
    yard.cut();
    const Instant cut_at = yard.world.now();
    const std::uint32_t before = yard.said;
    yard.say();
    // What was said after the cut is heard on both sides within two seconds.
    const std::string mine = ":g" + std::to_string(before + 1), theirs = ":h" + std::to_string(before + 1);
    CHECK(yard.world.run_until(
        [&] { return count_of(yard.at_host.lines, mine) == 1 && count_of(yard.at_guest.lines, theirs) == 1; },
        2_s));
    MESSAGE("over the other road after ", (yard.world.now() - cut_at).seconds(), " s");
    CHECK(yard.guest.transport().road() == 1);
    CHECK(yard.host.health(yard.guest.self())->road == 1);
    yard.talk(2_s);
    yard.world.network().heal();
    CHECK(yard.world.run_until([&] { return yard.host.health(yard.guest.self())->road == 0; }, 3_s));
    yard.talk(2_s);
    yard.world.run(2_s);
    CHECK(yard.guest.transport().moves() == 2);
    CHECK(yard.is_whole());
    CHECK(yard.at_host.notices.empty()); // nobody left, nobody was away
    yard.world.run(12_s);
    CHECK(yard.world.lines().open_count() == 1); // what is not needed any more was hung up
}

TEST_CASE("where both roads are cut the place is kept, and the first that is there again is taken") {
    Yard yard(6);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    yard.talk(500_ms);
    yard.cut();
    yard.world.run(2_s);
    CHECK(yard.guest.transport().road() == 1);
    yard.world.lines().sever(host_at, guest_at);
    yard.talk(500_ms);
    yard.world.network().heal();
    yard.world.run(3_s);
    yard.talk(1_s);
    yard.world.run(2_s);
    CHECK(yard.guest.status() == Status::joined);
    CHECK(yard.is_whole());
}

namespace {

// Goes over to the connection, which loses a part of what crosses it, and gives by how many the newest of the
// marks and commands that were heard at most fell behind those that were said, of 20 in a second.
struct Behind {
    std::uint32_t marks = 0, commands = 0;
};
template <class Wire>
Behind fall_behind(std::uint64_t& frames, std::uint64_t& datagrams) {
    YardOver<Wire> yard(7);
    REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 5_s));
    yard.cut();
    yard.say();
    REQUIRE(yard.world.run_until(
        [&] { return yard.host.health(yard.guest.self())->road == YardOver<Wire>::second; }, 3_s));
    sim::Line lossy;
    lossy.loss = 0.05;
    lossy.resent_after = 1_s;
    lossy.spread = 5_ms;
    yard.world.lines().set_line(host_at, guest_at, lossy);
    yard.world.lines().set_line(guest_at, host_at, lossy);
    yard.talk(500_ms);
    frames = yard.world.lines().frames(), datagrams = yard.world.lines().datagrams();
    Behind most;
    std::uint32_t heard = 0, number = 0;
    for (int i = 0; i < 200; ++i) {
        yard.say();
        CHECK(yard.host.broadcast(Mark{++number}));
        yard.at_guest.marks.clear();
        const std::uint32_t beat = yard.at_guest.beat;
        yard.world.run(50_ms);
        if (!yard.at_guest.marks.empty())
            heard = static_cast<std::uint32_t>(
                std::stoul(yard.at_guest.marks.substr(yard.at_guest.marks.rfind(':') + 1)));
        most.marks = std::max(most.marks, number - heard);
        most.commands = std::max(most.commands, beat - std::min(beat, yard.at_host.last_steer));
    }
    frames = yard.world.lines().frames() - frames, datagrams = yard.world.lines().datagrams() - datagrams;
    yard.world.lines().set_line(host_at, guest_at, {});
    yard.world.lines().set_line(guest_at, host_at, {});
    yard.world.network().heal();
    yard.world.run(8_s);
    CHECK(yard.guest.transport().moves() == 2);
    CHECK(yard.is_whole());
    return most;
}

} // namespace

TEST_CASE("over a connection that has datagrams packets wait for nothing that its stream has lost") {
    std::uint64_t frames = 0, datagrams = 0;
    const Behind beside = fall_behind<sim::StreamAndDatagrams>(frames, datagrams);
    CHECK(beside.marks <= 3);     // of 20 a second, with a way of 20 ms
    CHECK(beside.commands <= 15); // of 60
    CHECK(datagrams > 1000);
    MESSAGE("the newest was behind by ", beside.marks, " marks and ", beside.commands, " commands");
    // And so do they wait where all of them are in the stream.
    const Behind within = fall_behind<sim::Stream>(frames, datagrams);
    CHECK(within.marks >= 15);
    CHECK(within.commands >= 45);
    CHECK(datagrams == 0);
}

TEST_CASE_TEMPLATE("no reliable event is lost or doubled between two roads, from seeds", Wire, sim::Stream,
                   sim::StreamAndDatagrams) {
    sim::Faults faults = sim::Faults::none();
    faults.latency_ms = 35;
    faults.spread = 0.4;
    faults.loss = 0.05;
    faults.duplicate = 0.02;
    const std::uint64_t seeds = std::getenv("TENON_LONG") != nullptr ? 1000 : 12;
    Duration slowest{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        YardOver<Wire> yard(seed, faults);
        if (Wire::traits.datagrams) {
            sim::Line lossy;
            lossy.loss = 0.1 * yard.world.random().real();
            lossy.resent_after = 100_ms;
            lossy.spread = milliseconds(yard.world.random().between(0, 40));
            if (yard.world.random().chance(0.2)) lossy.datagram_bytes = 0; // which some do not carry
            yard.world.lines().set_line(host_at, guest_at, lossy);
            yard.world.lines().set_line(guest_at, host_at, lossy);
        }
        REQUIRE(yard.world.run_until([&] { return yard.all_in(); }, 12_s));
        yard.talk(milliseconds(yard.world.random().between(200, 1500)));
        // Out and back twice, each for about as long as it takes to notice, or longer.
        for (int turn = 0; turn < 2; ++turn) {
            yard.cut();
            const Instant cut_at = yard.world.now();
            yard.say();
            const std::string mine = ":g" + std::to_string(yard.said),
                              theirs = ":h" + std::to_string(yard.said);
            CHECK(yard.world.run_until(
                [&] {
                    return count_of(yard.at_host.lines, mine) == 1 &&
                           count_of(yard.at_guest.lines, theirs) == 1;
                },
                2_s));
            slowest = max(slowest, yard.world.now() - cut_at);
            yard.talk(milliseconds(yard.world.random().between(100, 1500)));
            if (yard.world.random().chance(0.2)) yard.world.lines().sever(host_at, guest_at);
            yard.world.network().heal();
            yard.talk(milliseconds(yard.world.random().between(200, 4000)));
        }
        yard.world.run(8_s);
        CHECK(yard.guest.status() == Status::joined);
        CHECK(yard.is_whole());
    }
    MESSAGE("the slowest of ", seeds, " seeds was over the other road after ", slowest.seconds(), " s");
}
