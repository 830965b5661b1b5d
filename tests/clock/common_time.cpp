#include "tenon/clock/common_time.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

// The other clock, seven seconds ahead and drifting, over a path that is longer by up to ten milliseconds
// each way.
struct Other {
    Random random{1};
    double drift = 0;
    Duration latency = 15_ms, back_longer{};
    Instant began{100'000'000'000}, now = began;
    clock::CommonTime time{};
    Duration raw{}, worst{}; // errors

    Duration truth(Instant when) const { return 7_s + seconds((when - began).seconds() * drift); }
    Duration error() const { return abs(time.at(now) - (now + truth(now))); }
    void ask() {
        const Duration there = latency + nanoseconds(random.between(0, 10'000'000)),
                       back = latency + back_longer + nanoseconds(random.between(0, 10'000'000));
        const Instant came = now + there, at = now + (there + back) / 2;
        const Duration offset = came + truth(came) - at;
        raw = max(raw, abs(offset - truth(at)));
        const Instant asked = now;
        pass(there + back);
        time.hear(now, at, offset, there + back);
        pass(milliseconds(500) - (now - asked));
    }
    // Time goes forwards, in steps as small as a fast game's.
    void pass(Duration passed) {
        for (const Instant end = now + passed; now < end;) {
            const Instant before = time.at(now), last = now;
            now = min(now + 2_ms, end);
            if (!time.known()) continue;
            const Duration went = time.at(now) - before;
            const bool even = went >= (now - last) * 9 / 10 && went <= (now - last) * 11 / 10;
            CHECK(even);
            worst = max(worst, error());
        }
    }
    void run(Duration length) {
        raw = worst = {};
        for (const Instant end = now + length; now < end;) ask();
    }
};

} // namespace

TEST_CASE("offset and drift are found through jitter") {
    Duration worst{}, raw{};
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        for (const double drift : {0.0, 50e-6, -100e-6}) {
            Other other;
            other.random = Random(seed);
            other.drift = drift;
            other.run(20_s);
            other.run(180_s);
            worst = max(worst, other.worst);
            raw = max(raw, other.raw);
            CHECK(other.time.drift() >= drift - 30e-6);
            CHECK(other.time.drift() <= drift + 30e-6);
        }
    MESSAGE("worst: ", worst.ms(), " ms; of the answers themselves ", raw.ms());
    CHECK(worst < 2_ms);
    CHECK(raw > 4_ms); // without it, it would not be
}

TEST_CASE("an answer that was long on its way counts little, and a path that stays long counts in the end") {
    Other other;
    other.run(60_s);
    const Duration before = other.error();
    CHECK(before < 1_ms);
    other.back_longer = 60_ms; // its answers are wrong by thirty
    other.run(3_s);
    CHECK(other.raw > 25_ms);
    CHECK(other.worst < 4_ms);
    other.back_longer = {};
    other.run(60_s);
    CHECK(other.error() < 1_ms);
    other.back_longer = 60_ms;
    other.run(600_s);
    CHECK(other.error() > 25_ms); // nobody can know better
    CHECK(other.error() < 32_ms);
}

TEST_CASE("between answers it goes on with its drift") {
    Other other;
    other.drift = 100e-6;
    other.run(120_s);
    other.now += 60_s; // that alone would be six milliseconds
    CHECK(other.error() < 1500_us);
}

TEST_CASE("what an answer shows to be impossible is not held on to") {
    clock::CommonTime time;
    Instant now{5'000'000'000};
    for (int i = 0; i < 100; ++i, now += 500_ms) time.hear(now, now - 20_ms, 30_ms + 5_ms * (i % 2), 40_ms);
    CHECK(abs(time.ahead(now) - 32500_us) < 3_ms);
    // A path of a tenth of a millisecond: the offset is known to half of that.
    time.hear(now, now, 50_ms, 100_us);
    for (int i = 0; i < 10; ++i) time.hear(now += 500_ms, now, 50_ms, 100_us);
    CHECK(abs(time.ahead(now) - 50_ms) < 200_us);
}

TEST_CASE("another clock is another time at once, and nothing is known before the first answer") {
    clock::CommonTime time;
    Instant now{5'000'000'000};
    CHECK_FALSE(time.known());
    CHECK(time.at(now) == now);
    time.hear(now, now, 3_s, 20_ms);
    CHECK(time.known());
    CHECK(time.ahead(now) == 3_s);
    for (int i = 0; i < 1000; ++i) time.hear(now += 10_ms, now, 3_s, 20_ms);
    CHECK(abs(time.ahead(now) - 3_s) < 10_us);
    time.hear(now += 10_ms, now, -20_s, 20_ms);
    CHECK(time.ahead(now) == -20_s);
    time.hear(now + 5_ms, now - 1_s, 70_s, 20_ms); // an older question's answer, of another clock
    time.clear();
    CHECK_FALSE(time.known());
}
