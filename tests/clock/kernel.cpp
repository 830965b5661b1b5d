#include "tenon/clock/kernel.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace tenon;
using namespace tenon::literals;
using clock::SteadyTime;
using clock::TickPacer;

static_assert(KernelClock<clock::Kernel<60>>);
static_assert(!KernelClock<clock::Independent<>>);
static_assert(clock_feature<clock::Kernel<60>>() != clock_feature<clock::Kernel<30>>());
static_assert(clock_feature<clock::Independent<>>() == 0);
static_assert(ClockText(clock_feature<clock::Kernel<60>>()).view() == "clock::Kernel<60>");
static_assert(ClockText(0).view() == "clock::Independent<>");

TEST_CASE("a kernel asks for no input by the wall, and for states only at the rate it is given") {
    clock::Kernel<60> kernel;
    for (Instant now{1'000'000'000}; now < Instant{3'000'000'000}; now += 1_ms) {
        CHECK(!kernel.input_due(now));
        CHECK(!kernel.snapshot_due(now));
    }
    CHECK(kernel.next() == Instant::never());
    Rates rates = kernel.rates();
    rates.input_hz = 60;
    rates.snapshot_hz = 10;
    kernel.configure(rates);
    CHECK(kernel.rates().input_hz == 0);
    int snapshots = 0;
    for (Instant now{3'000'000'000}; now < Instant{5'000'000'000}; now += 1_ms) {
        CHECK(!kernel.input_due(now));
        snapshots += kernel.snapshot_due(now);
    }
    CHECK(snapshots == 20);
    kernel.touch();
    CHECK(kernel.snapshot_due(Instant{5'000'000'000}));
}

TEST_CASE("ticks begin to the nanosecond, and do not drift in a year") {
    for (const unsigned hz : {1u, 7u, 60u, 144u, 1000u}) {
        CAPTURE(hz);
        TickPacer pacer(hz);
        pacer.begin(Instant{12'345});
        for (const std::uint64_t tick : {std::uint64_t(0), std::uint64_t(1), std::uint64_t(59),
                                         std::uint64_t(61), std::uint64_t(hz) * 3600 * 24 * 365}) {
            const Instant start = pacer.start_of(tick);
            CHECK(pacer.due(start) == tick + 1);
            CHECK(pacer.due(start - 1_ns) == tick);
        }
        CHECK(pacer.start_of(hz * 86'400ull) == Instant{12'345} + seconds(86'400));
    }
    TickPacer pacer(60);
    pacer.begin(Instant{1'000});
    CHECK(pacer.due(Instant{0}) == 0);
}

TEST_CASE("after a stall only so much is caught up, and the rest is let go") {
    TickPacer pacer(60);
    pacer.begin(Instant{});
    CHECK(!pacer.let_go(Instant{} + 500_ms, 0, 31));
    CHECK(pacer.let_go(Instant{} + 10_s, 60, 30));
    CHECK(pacer.due(Instant{} + 10_s) == 91);
    CHECK(!pacer.let_go(Instant{} + 10_s, 60, 31));
}

TEST_CASE("time goes on steadily while the clock jumps") {
    SteadyTime time;
    Instant clock{5'000'000'000'000};
    CHECK(time.feed(clock) == Duration{});
    const Instant began = time.at(clock);
    for (const Duration jump : {seconds(3600), seconds(-7200), 31_s, -1_ms}) {
        clock += 100_ms;
        CHECK(time.feed(clock) == Duration{});
        const Instant before = time.at(clock);
        clock += jump;
        CHECK(time.feed(clock) == jump);
        CHECK(time.at(clock) == before);
        CHECK(time.back(before) == clock);
    }
    CHECK(time.at(clock) == began + 400_ms);
    clock += SteadyTime::leap; // a long stall is no jump
    CHECK(time.feed(clock) == Duration{});
    CHECK(time.back(Instant::never()) == Instant::never());
}

static_assert(tenon::ClockPolicy<tenon::clock::Kernel<60>>);
