#include "tenon/clock/independent.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace tenon;
using namespace tenon::literals;
using Clock = tenon::clock::Independent<Rates{.input_hz = 50, .snapshot_hz = 10}>;

namespace {

struct Counted {
    int inputs = 0, snapshots = 0;
};
Counted play(auto& clock, Instant& now, Duration time, Duration frame) {
    Counted counted;
    for (const Instant end = now + time; now < end; now += frame) {
        counted.inputs += clock.input_due(now) ? 1 : 0;
        counted.snapshots += clock.snapshot_due(now) ? 1 : 0;
    }
    return counted;
}

} // namespace

TEST_CASE("each stream has its own rate, whatever the frame rate") {
    for (const Duration frame : {1_ms, 4_ms, 7_ms}) {
        Clock clock;
        Instant now{5'000'000'000};
        const Counted counted = play(clock, now, 10_s, frame);
        CHECK(counted.inputs >= 499);
        CHECK(counted.inputs <= 501);
        CHECK(counted.snapshots >= 99);
        CHECK(counted.snapshots <= 101);
    }
}

TEST_CASE("frames that are rarer than the rate give one of each, and nothing is caught up on after a stall") {
    Clock clock;
    Instant now{};
    CHECK(play(clock, now, 1_s, 100_ms).inputs == 10);
    now += 60_s;
    CHECK(clock.input_due(now));
    CHECK(!clock.input_due(now));
    CHECK(!clock.input_due(now + 19_ms));
    CHECK(clock.input_due(now + 20_ms));
}

TEST_CASE("next says when the first stream is due") {
    Clock clock;
    Instant now{1'000'000'000};
    CHECK(clock.next() <= now);
    CHECK(clock.input_due(now));
    CHECK(clock.snapshot_due(now));
    CHECK(clock.next() == now + 20_ms);
    CHECK(!clock.input_due(clock.next() - 1_ns));
    CHECK(clock.input_due(clock.next()));
}

TEST_CASE("a touched state goes ahead of its time, in a burst that is bounded") {
    clock::Independent<Rates{.snapshot_hz = 10, .max_burst = 2}> clock;
    Instant now{1'000'000'000};
    CHECK(clock.snapshot_due(now));
    CHECK(!clock.snapshot_due(now));
    int sent = 0;
    for (int i = 0; i < 10; ++i) {
        clock.touch();
        sent += clock.snapshot_due(now + 1_ms) ? 1 : 0;
    }
    CHECK(sent == 2);
    // Every regular one gives one of the burst back.
    CHECK(clock.snapshot_due(now + 100_ms));
    CHECK(!clock.snapshot_due(now + 101_ms));
    clock.touch();
    CHECK(clock.snapshot_due(now + 101_ms));
    clock.touch();
    CHECK(!clock.snapshot_due(now + 102_ms));
}

TEST_CASE("rates change while it runs, and a rate of zero is never due") {
    Clock clock;
    Instant now{1'000'000'000};
    CHECK(clock.snapshot_due(now));
    clock.configure({.input_hz = 0, .snapshot_hz = 1000});
    CHECK(clock.rates().snapshot_hz == 1000);
    const Counted fast = play(clock, now, 1_s, 1_ms);
    CHECK(fast.inputs == 0);
    CHECK(fast.snapshots >= 999);
    clock.configure({.input_hz = 0, .snapshot_hz = 0});
    CHECK(!clock.snapshot_due(now + 10_s));
    CHECK(!clock.input_due(now + 10_s));
    CHECK(clock.next() == Instant::never());
    clock.configure({.input_hz = 10, .snapshot_hz = 0});
    CHECK(clock.input_due(now + 11_s));
}

TEST_CASE("time that was set back does not stop the streams") {
    Clock clock;
    CHECK(clock.input_due(Instant{100'000'000'000}));
    CHECK(clock.input_due(Instant{1'000'000'000}));
    CHECK(!clock.input_due(Instant{1'010'000'000}));
    CHECK(clock.input_due(Instant{1'020'000'000}));
}

TEST_CASE("without rates everything waits for a touch, and is due at once then") {
    clock::Independent<Rates{.input_hz = 0, .snapshot_hz = 0, .max_burst = 3}> clock;
    Instant now{1'000'000'000};
    const Counted idle = play(clock, now, 60_s, 10_ms);
    CHECK(idle.inputs == 0);
    CHECK(idle.snapshots == 0);
    CHECK(clock.next() == Instant::never());
    clock.touch();
    CHECK(clock.next() <= now);
    CHECK(clock.input_due(now));
    CHECK(clock.snapshot_due(now));
    CHECK_FALSE(clock.input_due(now));
    CHECK_FALSE(clock.snapshot_due(now));
    // A snapshot may be lost and none follows by itself, so this one is said again.
    CHECK(clock.next() == now + 100_ms);
    const Counted after = play(clock, now, 60_s, 10_ms);
    CHECK(after.inputs == 0);
    CHECK(after.snapshots == 3);
    CHECK(clock.next() == Instant::never());
}

TEST_CASE("without rates a burst comes back with time, and no touch is forgotten") {
    clock::Independent<Rates{.input_hz = 0, .snapshot_hz = 0, .max_burst = 2}> clock;
    Instant now{1'000'000'000};
    int sent = 0;
    for (int i = 0; i < 10; ++i) {
        clock.touch();
        sent += clock.snapshot_due(now) ? 1 : 0;
    }
    CHECK(sent == 2);
    CHECK(clock.input_due(now));
    CHECK(clock.next() > now);
    CHECK(clock.next() <= now + 100_ms);
    CHECK(play(clock, now, 150_ms, 10_ms).snapshots == 1); // the touch that found the burst used up
    CHECK(play(clock, now, 10_s, 10_ms).snapshots == 3);   // and its echoes
    clock.touch();
    CHECK(clock.snapshot_due(now));
    now = now - 3600_s; // the clock was set back
    CHECK(play(clock, now, 10_s, 10_ms).snapshots == 3);
}

TEST_CASE("a touch that may go ahead is a deadline of its own") {
    Clock clock;
    Instant now{1'000'000'000};
    CHECK(clock.input_due(now));
    CHECK(clock.snapshot_due(now));
    CHECK(clock.next() > now);
    clock.touch();
    CHECK(clock.next() <= now);
    CHECK(clock.snapshot_due(now));
    CHECK(clock.next() > now);
}

TEST_CASE("a clock that jumps by hours harms no stream") {
    for (const Duration jump : {seconds(3 * 3600), -seconds(3 * 3600)}) {
        Clock clock;
        Instant now{20'000'000'000'000};
        CHECK(play(clock, now, 1_s, 1_ms).inputs == 50);
        now += jump;
        const Counted after = play(clock, now, 10_s, 1_ms);
        CHECK(after.inputs >= 499);
        CHECK(after.inputs <= 501);
        CHECK(after.snapshots >= 99);
        CHECK(after.snapshots <= 101);
    }
}

static_assert(tenon::ClockPolicy<tenon::clock::Independent<>> &&
              tenon::LeadsInputs<tenon::clock::Independent<>>);
