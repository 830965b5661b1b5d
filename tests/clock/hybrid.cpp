#include "tenon/clock/hybrid.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

using Clock = clock::Hybrid<20, Rates{.input_hz = 100, .snapshot_hz = 20}>;
static_assert(clock_feature<Clock>() == clock_feature<clock::Hybrid<20>>());
static_assert(clock_feature<Clock>() != clock_feature<clock::Hybrid<30>>());
static_assert(ClockText(clock_feature<clock::Hybrid<1000>>()).view() == "clock::Hybrid<1000>");

struct Seen {
    int inputs = 0, snapshots = 0;
    std::vector<Boundary> boundaries{};
};
Seen play(Clock& clock, Instant& now, Duration time, Duration frame) {
    Seen seen;
    for (const Instant end = now + time; now < end; now += frame) {
        if (clock.boundary_due(now)) seen.boundaries.push_back(clock.boundary());
        seen.inputs += clock.input_due(now) ? 1 : 0;
        seen.snapshots += clock.snapshot_due(now) ? 1 : 0;
    }
    return seen;
}

} // namespace

TEST_CASE("inputs run freely and states go at the boundaries, which are the same for all") {
    Clock here, there;
    const Duration ahead = 1234567_us;
    Instant now{5'000'000'000}, elsewhere = now + ahead;
    here.set_room_ahead(ahead);
    there.set_room_ahead({});
    const Seen a = play(here, now, 10_s, 3_ms), b = play(there, elsewhere, 10_s, 7_ms);
    CHECK(a.inputs >= 999);
    CHECK(a.inputs <= 1001);
    REQUIRE(a.boundaries.size() >= 200);
    CHECK(a.snapshots == static_cast<int>(a.boundaries.size()));
    for (std::size_t i = 0; i < 200; ++i) {
        CHECK(a.boundaries[i].number == b.boundaries[i].number);
        CHECK(a.boundaries[i].at == b.boundaries[i].at);
        CHECK(a.boundaries[i].at == Instant{a.boundaries[i].number * 50'000'000});
        CHECK(a.boundaries[i].missed == 0);
    }
}

TEST_CASE("there are no boundaries before the room's time is known") {
    Clock clock;
    Instant now{5'000'000'000};
    const Seen seen = play(clock, now, 1_s, 1_ms);
    CHECK(seen.boundaries.empty());
    CHECK(seen.snapshots == 0);
    CHECK(seen.inputs == 100);
    CHECK(clock.next() <= now + 10_ms);
}

TEST_CASE("next is the next boundary, in our own time") {
    clock::Hybrid<20, Rates{.input_hz = 0}> clock;
    const Instant now{5'010'000'000};
    clock.set_room_ahead(7_s);
    CHECK_FALSE(clock.input_due(now));
    CHECK(clock.next() <= now);
    CHECK(clock.boundary_due(now));
    CHECK(clock.next() == now + 40_ms);
    CHECK_FALSE(clock.boundary_due(clock.next() - 1_ns));
    CHECK(clock.boundary_due(clock.next()));
}

TEST_CASE("boundaries that a stall has swallowed are counted, not caught up on") {
    Clock clock;
    clock.set_room_ahead({});
    Instant now{5'000'000'000};
    play(clock, now, 1_s, 5_ms);
    now += 1_s;
    const Seen seen = play(clock, now, 500_ms, 5_ms);
    CHECK(seen.boundaries.size() == 10);
    CHECK(seen.boundaries[0].missed == 20);
    CHECK(seen.boundaries[1].missed == 0);
}

TEST_CASE("a clock that jumps by hours, and a room's time that is corrected, harm nothing") {
    for (const Duration jump : {seconds(3 * 3600), -seconds(3 * 3600)}) {
        Clock clock;
        clock.set_room_ahead({});
        Instant now{20'000'000'000'000};
        play(clock, now, 1_s, 1_ms);
        now += jump;
        const Seen after = play(clock, now, 10_s, 1_ms);
        CHECK(after.boundaries.size() >= 200);
        CHECK(after.boundaries.size() <= 201);
        CHECK(after.inputs >= 999);
        CHECK(after.inputs <= 1001);
    }
    // Back by less than a boundary: none is seen twice.
    Clock clock;
    clock.set_room_ahead(20_ms);
    Instant now{5'000'000'000};
    const Seen before = play(clock, now, 1_s, 1_ms);
    clock.set_room_ahead(-20_ms);
    const Seen after = play(clock, now, 1_s, 1_ms);
    CHECK(after.boundaries[0].number == before.boundaries.back().number + 1);
    CHECK(after.boundaries[0].missed == 0);
}

TEST_CASE("a slower snapshot rate publishes at every second boundary, and a touch at the next") {
    Clock clock;
    clock.configure({.input_hz = 100, .snapshot_hz = 10});
    CHECK(clock.rates().snapshot_hz == 10);
    clock.set_room_ahead({});
    Instant now{5'000'000'000};
    CHECK(play(clock, now, 10_s, 1_ms).snapshots == 100);
    clock.touch();
    const Seen touched = play(clock, now, 100_ms, 1_ms);
    CHECK(touched.boundaries.size() == 2);
    CHECK(touched.snapshots >= 1);
    // Before zero they are counted downwards.
    Instant early{-2'025'000'000};
    Clock other;
    other.set_room_ahead({});
    const Seen below = play(other, early, 4_s, 1_ms);
    CHECK(below.boundaries.size() == 81);
    CHECK(below.boundaries[0].number == -41);
}

static_assert(tenon::ClockPolicy<tenon::clock::Hybrid<20>> &&
              tenon::BoundaryClock<tenon::clock::Hybrid<20>> && tenon::LeadsInputs<tenon::clock::Hybrid<20>>);
