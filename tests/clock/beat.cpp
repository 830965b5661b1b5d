#include "tenon/clock/beat.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

// How often it is due in `time`, asked at frames that come `frame` after each other, give or take `jitter`.
int count(clock::Beat& beat, Instant& now, Duration every, Duration time, Duration frame, Duration jitter) {
    Random random(7);
    int beats = 0;
    Instant shown = now;
    for (const Instant end = now + time; now < end; now += frame) {
        shown = max(shown, now + nanoseconds(random.between(0, jitter.ns)));
        beats += beat.due(shown, every) ? 1 : 0;
    }
    return beats;
}

} // namespace

TEST_CASE("the rate holds, however the frames fall") {
    for (const Duration frame : {1_ms, 5_ms, 7_ms, 11_ms, 16_ms})
        for (const Duration jitter : {0_ms, 3_ms, 9_ms}) {
            clock::Beat beat;
            Instant now{5'000'000'000};
            const int beats = count(beat, now, 20_ms, 60_s, frame, jitter);
            CHECK(beats >= 2998);
            CHECK(beats <= 3002);
        }
}

TEST_CASE("of what a stall has cost, one beat is made up and no more") {
    clock::Beat beat;
    Instant now{1'000'000'000};
    CHECK(beat.due(now, 20_ms));
    now += 50_ms; // the beats of 20 and of 40
    CHECK(beat.due(now, 20_ms));
    CHECK(beat.due(now, 20_ms));
    CHECK_FALSE(beat.due(now, 20_ms));
    CHECK(beat.next() == now + 10_ms);
    now += 70_ms;
    CHECK(beat.due(now, 20_ms));
    CHECK_FALSE(beat.due(now, 20_ms));
    CHECK(beat.next() == now + 20_ms);
}

TEST_CASE("a clock that jumps by hours, either way, costs a beat at most") {
    for (const Duration jump : {seconds(3 * 3600), -seconds(3 * 3600)}) {
        clock::Beat beat;
        Instant now{20'000'000'000'000};
        CHECK(count(beat, now, 10_ms, 1_s, 1_ms, 0_ms) == 100);
        now += jump;
        const int after = count(beat, now, 10_ms, 1_s, 1_ms, 0_ms);
        CHECK(after >= 99);
        CHECK(after <= 101);
    }
}

TEST_CASE("without a period it is never due, and another one holds from now on") {
    clock::Beat beat;
    const Instant now{1'000'000'000};
    CHECK_FALSE(beat.due(now, Duration::max()));
    CHECK(beat.next() == Instant::never());
    CHECK(beat.due(now, 10_ms));
    CHECK(beat.next() == now + 10_ms);
    CHECK_FALSE(beat.due(now + 1_ms, 10_s));
    CHECK(beat.due(now + 10_ms, 10_s));
    CHECK(beat.due(now + 11_ms, 5_ms));
}
