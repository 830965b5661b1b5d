#include "tenon/clock/common_time.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

// Answers from the other clock over a path of 20 +- 5 ms each way.
struct Answers {
    Random random;
    double drift = 0;
    bool best_of_eight = false; // as a link tells it: of the last eight the one with the shortest round trip
    Instant began{}, asked{};
    int count = 0;
    Duration offsets[8] = {}, trips[8] = {};
    Duration told{};

    Duration truth(Instant now) const { return 7_s + seconds((now - began).seconds() * drift); }
    Duration way() { return 20_ms + nanoseconds(random.between(-5'000'000, 5'000'000)); }
    // True when there is a new one, in `told`.
    bool ask(Instant now, Duration every) {
        if (count != 0 && now - asked < (count < 6 ? 100_ms : every)) return false;
        asked = now;
        const Duration there = way(), back = way();
        const int place = count++ % 8;
        offsets[place] = truth(now) + (there - back) / 2;
        trips[place] = there + back;
        int least = place;
        for (int i = 0; best_of_eight && i < 8 && i < count; ++i)
            if (trips[i] < trips[least]) least = i;
        told = offsets[least];
        return true;
    }
};

// The worst error after half a minute, in three minutes, over many seeds; of the answers themselves in `raw`.
Duration worst_error(bool best_of_eight, Duration every, Duration& raw) {
    Duration worst{};
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        for (const double drift : {0.0, 50e-6, -100e-6}) {
            Instant now{100'000'000'000};
            Answers answers{Random(seed), drift, best_of_eight, now};
            clock::CommonTime time;
            Instant before{};
            bool back = false;
            for (int i = 0; i < 18'000; ++i, now += 10_ms) {
                if (answers.ask(now, every) || best_of_eight) time.hear(now, answers.told);
                back = back || time.at(now) < before;
                before = time.at(now);
                if (i < 3'000) continue;
                worst = max(worst, abs(time.at(now) - (now + answers.truth(now))));
                raw = max(raw, abs(answers.told - answers.truth(now)));
            }
            CHECK_FALSE(back);
            CHECK(time.drift() >= drift - 80e-6);
            CHECK(time.drift() <= drift + 80e-6);
        }
    return worst;
}

} // namespace

TEST_CASE("offset and drift are found through jitter") {
    Duration raw{}, of_single{};
    const Duration by_single = worst_error(false, 500_ms, of_single);
    const Duration by_best = worst_error(true, 2_s, raw);
    MESSAGE("worst: ", by_single.ms(), " ms from all answers, two a second, of which the worst was ",
            of_single.ms(), " ms off; ", by_best.ms(), " ms from the best of eight in 16 s, ", raw.ms());
    CHECK(by_single < 2_ms);
    CHECK(of_single > 4_ms); // without it, it would not be
    CHECK(by_best < 5_ms);
    CHECK(by_best < raw);
}

TEST_CASE("another clock is another time at once, and nothing is known before the first answer") {
    clock::CommonTime time;
    Instant now{5'000'000'000};
    CHECK_FALSE(time.known());
    CHECK(time.at(now) == now);
    time.hear(now, 3_s);
    CHECK(time.known());
    CHECK(time.ahead(now) == 3_s);
    for (int i = 0; i < 1000; ++i) time.hear(now += 10_ms, 3_s);
    CHECK(abs(time.ahead(now) - 3_s) < 10_us);
    time.hear(now += 10_ms, -20_s);
    CHECK(time.ahead(now) == -20_s);
    time.clear();
    CHECK_FALSE(time.known());
}
