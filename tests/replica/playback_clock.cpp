#include "tenon/replica/playback_clock.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000};
// Ticks of 10 ms, a snapshot for every fifth.
struct Stream {
    PlaybackClock clock{PlaybackOptions{.tick = 10_ms}};
    Random random{1};
    Instant now = start, asked = start;
    std::uint64_t tick = 0;
    double last = -1e9, slowest = 2, fastest = 0;

    void play(Duration length, Duration jitter, double loss = 0) {
        for (const Instant end = now + length; now < end;) {
            tick += 5;
            const Instant sent = start + 10_ms * static_cast<std::int64_t>(tick);
            const Instant arrives = sent + seconds(random.real() * jitter.seconds());
            watch(max(now, arrives));
            if (!random.chance(loss)) clock.heard(now, tick);
        }
    }
    void watch(Instant until) {
        for (; now < until; now += 1_ms) {
            const double at = clock.at(now);
            if (last > 0) {
                CHECK(at >= last);
                const double ms = (now - asked).ms();
                if (ms > 0.5) slowest = std::min(slowest, (at - last) * 10 / ms);
                if (ms > 0.5) fastest = std::max(fastest, (at - last) * 10 / ms);
            }
            last = at;
            asked = now;
        }
        now = until;
    }
};

} // namespace

TEST_CASE("the delay is as long as the snapshots need, and no longer") {
    Stream stream;
    stream.clock.heard(start, 0);
    stream.play(30_s, 0_ms);
    CHECK(stream.clock.figures(stream.now).delay.ms() == doctest::Approx(55).epsilon(0.05));
    CHECK(stream.clock.figures(stream.now).late < 3);
}

TEST_CASE("it grows quickly and shrinks slowly, and time never goes back") {
    Stream stream;
    stream.clock.heard(start, 0);
    stream.play(20_s, 0_ms);
    const auto late = stream.clock.figures(stream.now).late;
    stream.slowest = 2, stream.fastest = 0;
    stream.play(2_s, 100_ms);
    CHECK(stream.clock.figures(stream.now).delay > 100_ms);
    CHECK(stream.slowest > 0.7);
    stream.play(20_s, 100_ms);
    CHECK(stream.clock.figures(stream.now).late - late < 30);
    CHECK(stream.clock.figures(stream.now).delay < 170_ms);
    stream.slowest = 2, stream.fastest = 0;
    stream.play(3_s, 0_ms);
    CHECK(stream.clock.figures(stream.now).delay > 90_ms);
    stream.play(30_s, 0_ms);
    CHECK(stream.clock.figures(stream.now).delay < 60_ms);
    CHECK(stream.fastest < 1.051);
    CHECK(stream.slowest > 0.99);
}

TEST_CASE("a lost snapshot in twenty is provided for") {
    Stream stream;
    stream.clock.heard(start, 0);
    stream.play(30_s, 20_ms, 0.05);
    const auto late = stream.clock.figures(stream.now).late;
    CHECK(stream.clock.figures(stream.now).delay > 100_ms);
    stream.play(60_s, 20_ms, 0.05);
    CHECK(stream.clock.figures(stream.now).late - late < 24); // of 1200
}

TEST_CASE("where nothing comes any more the clock waits, and then goes on from there") {
    Stream stream;
    stream.clock.heard(start, 0);
    stream.play(10_s, 0_ms);
    const double newest = static_cast<double>(stream.tick);
    stream.watch(stream.now + 5_s);
    CHECK(stream.last == doctest::Approx(newest + 25));
    SUBCASE("the authority went on") {
        stream.tick = static_cast<std::uint64_t>((stream.now - start).ns / 10'000'000);
        stream.clock.heard(stream.now, stream.tick);
        stream.play(1_s, 0_ms);
        CHECK(stream.clock.figures(stream.now).delay < 200_ms);
    }
    SUBCASE("or it had stood still") {
        const double before = stream.last;
        const Duration stood = 5_s;
        for (int i = 0; i < 100; ++i) {
            stream.tick += 5;
            stream.watch(start + stood + 10_ms * static_cast<std::int64_t>(stream.tick));
            stream.clock.heard(stream.now, stream.tick);
        }
        CHECK(stream.last > before);
        CHECK(stream.last < static_cast<double>(stream.tick));
    }
}

TEST_CASE("the delay keeps to its bounds") {
    PlaybackClock clock(PlaybackOptions{.tick = 10_ms, .delay_least = 200_ms, .delay_most = 300_ms});
    CHECK(!clock.known());
    Instant now = start;
    for (std::uint64_t tick = 0; tick < 3000; tick += 5, now += 50_ms) clock.heard(now, tick);
    CHECK(clock.figures(now).aim == 200_ms);
    for (std::uint64_t tick = 3000; tick < 6000; tick += 5, now += 50_ms)
        clock.heard(now + (tick % 50 == 0 ? 400_ms : 0_ms), tick);
    CHECK(clock.figures(now).aim == 300_ms);
    clock.heard(now, 5); // older than what is known: it teaches nothing
    CHECK(clock.figures(now).aim == 300_ms);
}
