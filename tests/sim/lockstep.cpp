// Whole rooms in lockstep, in virtual time: what the profile promises, whatever the network does.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "skirmish.hpp"

using namespace skirmish;

namespace {

sim::Faults line(const char* text) { return *sim::Faults::parse(text); }

template <class Net>
void play_ten_thousand_ticks(const char* faults, std::uint64_t ticks) {
    sim::World world(11, line(faults));
    RoomOf<Net> room(world, 8);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    const bool reached = world.run_until([&] { return room.settled(0) >= ticks; },
                                         seconds(static_cast<std::int64_t>(ticks / 60 + 60)));
    CHECK(reached);
    world.run(1_s);
    for (std::size_t i = 0; i < 8; ++i) {
        CAPTURE(i);
        CHECK(room.battle(i).desyncs == 0);
        CHECK(room.battle(i).closed == 0);
        const auto mine = ledger(room.battle(i).recording);
        CHECK(mine.size() > ticks - 600); // who came later has the less
        CHECK(mine.rbegin()->first >= ticks);
    }
    CHECK(room.difference() == "");
    // In time: no tick a second is lost once all are there.
    CHECK(world.elapsed() < seconds(static_cast<std::int64_t>(ticks / 60 + 15)));
    // Every peer's recording, played again, comes to the state that the peer has.
    for (std::size_t i : {0u, 5u}) {
        const auto stood = room.net(i).lockstep();
        room.net(i).leave();
        room.net(i).tick(world.now() + 1_ms, room.battle(i));
        Battle again;
        typename Net::Replay replay(room.battle(i).recording);
        const auto played = replay.play(again);
        CHECK_MESSAGE(played, name(played.error()));
        CHECK(replay.tick() == stood.settled);
        CHECK(replay.checksum() == stood.checksum);
    }
}

} // namespace

TEST_CASE("lockstep goes on over connections, where nothing is lost and inputs wait for nobody") {
    using Streamed = Session<Rules, sim::Stream, codec::Bits, clock::Kernel<60>, topology::ClientServer,
                             reliability::AckVector>;
    play_ten_thousand_ticks<Streamed>("clock_ms=500", sim::is_long() ? 10'000 : 1'000);
}

TEST_CASE("eight peers play 10,000 ticks alike over a line that loses 3%, and the replay is the same") {
    play_ten_thousand_ticks<Rollback>("latency_ms=50,jitter_ms=5,loss=0.03",
                                      sim::is_long() ? 100'000 : 10'000);
}
TEST_CASE("eight peers play alike without rollback") {
    play_ten_thousand_ticks<Delayed>("latency_ms=50,jitter_ms=5,loss=0.03", sim::is_long() ? 100'000 : 3000);
}

TEST_CASE(
    "a peer that comes out differently is named at its first wrong tick, with the type and the entity") {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
        CAPTURE(seed);
        sim::World world(seed, line("latency_ms=40,jitter_ms=5,loss=0.03"));
        RoomOf<Rollback> room(world, 8);
        REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
        world.run(1_s);
        // Seed 4 breaks the host itself.
        const std::size_t wrong = seed == 4 ? 0 : 1 + world.random().below(7);
        const std::uint64_t tick = room.settled(0) + 60 + world.random().below(60);
        const std::size_t unit = world.random().below(20);
        room.battle(wrong).broken_at = tick;
        room.battle(wrong).broken_unit = unit;
        world.run(5_s);
        for (std::size_t i = 0; i < 8; ++i) {
            CAPTURE(i);
            const Battle& heard = room.battle(i);
            CHECK(heard.desyncs == 1);
            CHECK(heard.desync_tick.value == tick);
            CHECK(heard.desync_peers == std::vector<PeerId>{room.net(wrong).self()});
            CHECK(heard.desync_type == "Unit");
            CHECK(heard.desync_entity == unit);
            CHECK(heard.desync_field == "Battle.0[" + std::to_string(unit) + "] Unit.2");
        }
        if (wrong == 0) continue;
        // The host gives it the state anew, and it plays on with the others.
        const auto loads = room.net(wrong).lockstep().loads;
        room.battle(wrong).recording.clear();
        CHECK(room.net(0).resync(room.net(wrong).self()));
        world.run(3_s);
        CHECK(room.net(wrong).lockstep().loads == loads + 1);
        CHECK(room.net(wrong).lockstep().settled.value + 30 > room.settled(0));
        for (std::size_t i = 0; i < 8; ++i) CHECK(room.battle(i).desyncs == 1);
    }
}

TEST_CASE("with two peers that differ, the one that is not the host is named") {
    sim::World world(5, line("latency_ms=20"));
    RoomOf<Delayed> room(world, 2);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    room.battle(1).broken_at = 300;
    world.run(8_s);
    CHECK(room.battle(0).desyncs == 1);
    CHECK(room.battle(0).desync_peers == std::vector<PeerId>{PeerId{1}});
    CHECK(room.battle(1).desync_tick.value == 300);
}

TEST_CASE("an own input is in the state in the same frame, at a round trip of 100 ms") {
    sim::World world(3, line("latency_ms=50"));
    RoomOf<Rollback> room(world, 4);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    world.run(3_s);
    std::uint64_t frames = 0, late = 0;
    std::vector<int> asked(4);
    for (std::size_t i = 0; i < 4; ++i) asked[i] = room.battle(i).commands;
    world.run_until(
        [&] {
            for (std::size_t i = 0; i < 4; ++i) {
                if (room.battle(i).commands == asked[i]) continue;
                asked[i] = room.battle(i).commands;
                ++frames;
                late += room.battle(i).own_stepped != room.battle(i).serial;
            }
            return false;
        },
        10_s);
    CHECK(frames > 4 * 590);
    CHECK(late == 0);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(room.net(i).lockstep().delay == 0);
        CHECK(room.net(i).lockstep().stalls == 0);
    }
    CHECK(room.net(1).health().rtt >= 100_ms);
}

TEST_CASE("everybody's inputs count, also on a line without length") {
    for (const char* faults : {"latency_ms=0", "latency_ms=1", "latency_ms=8"}) {
        CAPTURE(faults);
        sim::World world(4, line(faults));
        RoomOf<Rollback> room(world, 4);
        REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
        world.run(2_s);
        const std::uint64_t before = room.battle(0).missing_of_others;
        world.run(5_s);
        CHECK(room.battle(0).missing_of_others == before);
        for (std::size_t i = 0; i < 4; ++i) CHECK(room.net(i).lockstep().missed < 5);
    }
}

TEST_CASE("who joins late gets the state, and who leaves is gone from one tick on") {
    sim::World world(8, line("latency_ms=30,loss=0.03"));
    RoomOf<Rollback> room(world, 3);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    world.run(10_s);
    const std::size_t late = room.add();
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    CHECK(room.settled(late) > 500);
    world.run(2_s);
    CHECK(room.battle(0).units.size() == 12);
    CHECK(room.battle(late).units.size() == 12);

    const PeerId leaver = room.net(1).self();
    room.net(1).leave();
    world.run(2_s);
    for (const std::size_t i : {std::size_t(0), std::size_t(2), late}) {
        CHECK(room.battle(i).units.size() == 9);
        REQUIRE(!room.battle(i).gone.empty());
        CHECK(room.battle(i).gone.back() == leaver);
        CHECK(room.battle(i).desyncs == 0);
    }
    CHECK(room.difference() == "");
}

TEST_CASE("a peer that falls silent stops nobody, and plays on when it is back") {
    for (const std::int64_t silence : {1, 3, 8}) { // the last is longer than the host keeps inputs
        CAPTURE(silence);
        sim::World world(9, line("latency_ms=30,loss=0.02"));
        RoomOf<Rollback> room(world, 4);
        REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
        world.run(2_s);
        const std::uint64_t before = room.settled(0), missing = room.battle(1).missing_of_others;
        world.pause(4, seconds(silence));
        world.run(seconds(silence));
        // No more than the room's patience is lost.
        CHECK(room.settled(0) - before > static_cast<std::uint64_t>(silence * 60 - 30));
        CHECK(room.battle(1).missing_of_others > missing);
        world.run(5_s);
        CHECK(room.settled(3) + 30 > room.settled(0));
        CHECK((room.net(3).lockstep().loads > 1) == (silence == 8));
        const std::uint64_t again = room.battle(1).missing_of_others;
        world.run(2_s);
        CHECK(room.battle(1).missing_of_others < again + 10);
        CHECK(room.difference() == "");
        for (std::size_t i = 0; i < 4; ++i) CHECK(room.battle(i).desyncs == 0);
    }
}

TEST_CASE("a host that stands still is waited for, and the room goes on from there") {
    sim::World world(10, line("latency_ms=30"));
    RoomOf<Delayed> room(world, 3);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    world.run(2_s);
    const std::uint64_t before = room.settled(0);
    world.pause(1, 4_s);
    world.run(10_s);
    // What was lost is lost but for half a second, and nobody is behind.
    CHECK(room.settled(0) - before > 6 * 60);
    CHECK(room.settled(0) - before < 6 * 60 + 60);
    CHECK(room.settled(2) + 30 > room.settled(0));
    CHECK(room.difference() == "");
}

TEST_CASE("a clock that jumps by hours is left out, told, and disturbs nobody") {
    for (const Duration jump : {seconds(3 * 3600), seconds(-3 * 3600), seconds(-2)})
        for (const std::size_t who : {std::size_t(0), std::size_t(2)}) {
            CAPTURE(jump.seconds());
            CAPTURE(who);
            sim::World world(12, line("latency_ms=30,loss=0.02"));
            RoomOf<Rollback> room(world, 4);
            REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
            world.run(2_s);
            const std::uint64_t before = room.settled(1);
            room.seats[who]->ahead = jump;
            world.run(5_s);
            CHECK(room.settled(1) - before > 5 * 60 - 15);
            for (std::size_t i = 0; i < 4; ++i) {
                CHECK(room.battle(i).jumps == (i == who ? 1 : 0));
                CHECK(room.battle(i).closed == 0);
                CHECK(room.settled(i) + 30 > room.settled(0));
            }
            CHECK(room.difference() == "");
        }
}

namespace {

// Whatever the network does, nobody ever plays a tick differently; and when it is calm, all go on.
template <class Net>
std::string keep_together(sim::World& world) {
    RoomOf<Net> room(world, 3 + static_cast<std::uint32_t>(world.random().below(3)));
    const auto keep_in = [&] {
        bool all = true;
        for (std::size_t i = 1; i < room.seats.size(); ++i) {
            const Status status = room.net(i).status();
            if (status != Status::joined && status != Status::joining) (void)room.net(i).join("host1:4000");
            all = all && status == Status::joined && room.net(i).lockstep().loads != 0;
        }
        return all;
    };
    (void)world.run_until([&] { return keep_in(); }, 20_s);
    for (int i = 0; i < (sim::is_long() ? 60 : 15); ++i) {
        world.run(1_s);
        keep_in();
    }
    if (const std::string found = room.difference(); !found.empty()) return found;
    world.calm();
    if (!world.run_until([&] { return keep_in(); }, 60_s)) return "somebody can't come back";
    world.run(3_s);
    const std::uint64_t before = room.settled(0);
    world.run(2_s);
    for (std::size_t i = 0; i < room.seats.size(); ++i) {
        if (room.settled(i) < before + 60) return std::to_string(i) + " does not go on";
        if (room.battle(i).desyncs != 0) return std::to_string(i) + " heard of a desync";
    }
    return room.difference();
}
sim::Search search(std::string_view name) {
    sim::Search search;
    search.seeds = 25;
    search.seeds_long = 1000;
    search.command = name;
    return search;
}

} // namespace

TEST_CASE("rooms with rollback stay together, whatever the network does") {
    const auto report = sim::explore(search("test_sim -tc='rooms with rollback*'"), keep_together<Rollback>);
    CHECK_MESSAGE(report, report.text());
}
TEST_CASE("rooms without rollback stay together, whatever the network does") {
    const auto report =
        sim::explore(search("test_sim -tc='rooms without rollback*'"), keep_together<Delayed>);
    CHECK_MESSAGE(report, report.text());
}
TEST_CASE("the comparison notices a single tick that was played differently") {
    sim::World world(1);
    RoomOf<Rollback> room(world, 2);
    REQUIRE(world.run_until([&] { return room.everybody_is_in(); }, 20_s));
    room.battle(1).broken_at = 200;
    world.run(6_s);
    CHECK(room.difference() == "guest 1 differs in tick 200");
}
