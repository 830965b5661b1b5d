// Sessions that change their road in mid-game: what was promised arrives once, over whichever road there is.
#include "tenon/transport/fallback.hpp"

#include <doctest/doctest.h>

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
using Both = transport::Several<Memory, sim::Stream>;
using Either = transport::FallbackOver<WorldNow, Memory, sim::Stream>;
using HostNet = NetOver<Both>;
using GuestNet = NetOver<Either>;
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

// A host on both roads, a guest that takes either, and one over a connection alone, for whom it is relayed.
struct Yard {
    sim::World world;
    HostNet host;
    GuestNet guest;
    WalkNet other;
    Player at_host, at_guest, at_other;
    std::uint32_t said = 0;

    explicit Yard(std::uint64_t seed, const sim::Faults& faults = sim::Faults::none())
        : world(seed, faults),
          host(with("ann", seed + 1), Both(world.port(host_at), world.stream(host_at))),
          guest(with("bob", seed + 2),
                Either(WorldNow{&world}, {}, world.port(guest_at), world.stream(guest_at))),
          other(with("cyd", seed + 3), world.stream(other_at)) {
        REQUIRE(host.host(4000));
        world.add(host, at_host);
        REQUIRE(other.join("host1:4000"));
        world.add(other, at_other);
        REQUIRE(guest.join("host1:4000"));
        world.add(guest, at_guest);
    }
    ~Yard() {
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

TEST_CASE("no reliable event is lost or doubled between two roads, from seeds") {
    sim::Faults faults = sim::Faults::none();
    faults.latency_ms = 35;
    faults.spread = 0.4;
    faults.loss = 0.05;
    faults.duplicate = 0.02;
    const std::uint64_t seeds = std::getenv("TENON_LONG") != nullptr ? 1000 : 12;
    Duration slowest{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        Yard yard(seed, faults);
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
