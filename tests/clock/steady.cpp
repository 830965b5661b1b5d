#include "tenon/clock/steady.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace tenon;
using namespace tenon::literals;

TEST_CASE("an ordinary clock is passed on as it is, stalls and small steps back included") {
    clock::Steady steady;
    Instant now{5'000'000'000};
    for (const Duration step : {16_ms, 0_ms, 5_s, 59_s, -1_ms, -900_ms, 16_ms}) {
        now += step;
        steady.advance(now);
        CHECK(steady.at(now) == now);
        CHECK(steady.shown(now) == now);
    }
    CHECK(steady.leaps() == 0);
}

TEST_CASE("a jump of hours, either way, is time that did not pass") {
    clock::Steady steady;
    Instant now{50'000'000'000'000};
    steady.advance(now);
    const Instant before = steady.at(now);
    for (const Duration jump : {seconds(3 * 3600), -seconds(5 * 3600), -2_s}) {
        now += jump;
        steady.advance(now);
        CHECK(steady.at(now) == before);
    }
    CHECK(steady.leaps() == 3);
    now += 20_ms;
    steady.advance(now);
    CHECK(steady.at(now) == before + 20_ms);
    // What is due then is told in the caller's time.
    CHECK(steady.shown(steady.at(now) + 5_ms) == now + 5_ms);
    CHECK(steady.shown(Instant::never()) == Instant::never());
}

TEST_CASE("where nothing is at stake a step forwards is believed, a step back never") {
    clock::Steady steady;
    Instant now{5'000'000'000'000};
    steady.advance(now, true);
    now += 3600_s;
    steady.advance(now, true);
    CHECK(steady.at(now) == now);
    now += -600_s;
    steady.advance(now, true);
    CHECK(steady.at(now) == now + 600_s);
}
