#include "tenon/clock/lead.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include <deque>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

// A client and an authority with a path between them, without a session. Times are the authority's.
struct Pair {
    clock::Lead lead{5_ms};
    clock::Arrivals arrivals;
    Random random{11};
    Duration there = 20_ms, jitter = 5_ms;
    double quartz = 1; // how fast the client's clock is
    Instant now{10'000'000'000}, ticks_at = now;
    double phase = 0; // inputs made, in part
    std::int64_t inputs = 0, late = 0, reports = 0;
    Duration least = 1_s, most = -1_s;
    struct Flying {
        Instant at;
        std::int64_t number;
    };
    std::deque<Flying> commands;
    struct Report {
        Instant at;
        Duration early;
    };
    std::deque<Report> told;
    static constexpr Duration period_of_tick = 10_ms;

    Instant needed(std::int64_t number) const { return ticks_at + period_of_tick * number; }
    Duration way() { return there + nanoseconds(random.between(-jitter.ns, jitter.ns)); }

    void run(Duration time) {
        least = 1_s;
        most = -1_s;
        late = 0;
        Duration since_report{};
        for (const Instant end = now + time; now < end; now += 1_ms, since_report += 1_ms) {
            while (!told.empty() && told.front().at <= now) {
                lead.hear(now, told.front().early);
                told.pop_front();
            }
            CHECK(lead.rate(now) >= 1 - clock::Lead::most);
            CHECK(lead.rate(now) <= 1 + clock::Lead::most);
            phase += 0.1 * quartz * lead.rate(now);
            for (; phase >= 1; phase -= 1) commands.push_back({now + way(), inputs++});
            for (; !commands.empty() && commands.front().at <= now; commands.pop_front()) {
                const Duration early = needed(commands.front().number) - now;
                arrivals.note(needed(commands.front().number), now);
                least = min(least, early);
                most = max(most, early);
                late += early.ns < 0 ? 1 : 0;
            }
            if (since_report < 250_ms || arrivals.count() == 0) continue;
            told.push_back({now + way(), arrivals.take()});
            ++reports;
            since_report = {};
        }
    }
};

} // namespace

TEST_CASE("inputs that come too late or far too early come just in time after some seconds, and stay so") {
    for (const Duration off : {-120_ms, -20_ms, 0_ms, 150_ms})
        for (const double quartz : {1.0, 1.0002, 0.9998}) {
            Pair pair;
            pair.quartz = quartz;
            pair.ticks_at = pair.now + off + pair.there;
            pair.run(15_s);
            pair.run(60_s);
            CHECK(pair.late == 0);
            CHECK(pair.least >= 1_ms);
            CHECK(pair.most <= 20_ms); // the jitter, twice five, is in it
        }
}

TEST_CASE("a path that gets longer makes inputs late for a while only") {
    Pair pair;
    pair.ticks_at = pair.now + pair.there;
    pair.run(20_s);
    pair.there = 60_ms;
    pair.run(10_s);
    CHECK(pair.late > 0);
    pair.run(30_s);
    CHECK(pair.late == 0);
    pair.there = 15_ms;
    pair.run(10_s);
    pair.run(30_s);
    CHECK(pair.late == 0);
    CHECK(pair.most <= 20_ms);
}

TEST_CASE("an old report says nothing any more, and a clock begins where inputs will be in time") {
    clock::Lead lead(5_ms);
    Instant now{1'000'000'000};
    CHECK(lead.rate(now) == 1);
    lead.hear(now, -10_s);
    CHECK(lead.rate(now) == 1 + clock::Lead::most);
    lead.hear(now, 10_s);
    CHECK(lead.rate(now) == 1 - clock::Lead::most);
    CHECK(lead.rate(now + 2_s) == 1);
    lead.hear(now, 5_ms);
    CHECK(lead.rate(now) == 1);
    CHECK(lead.start(40_ms, 3_ms) == 31_ms);
}

TEST_CASE("how commands lie among the moments at which they are taken tells how early the latest was") {
    const Duration every = 20_ms;
    // The latest comes so long before its moment, the others up to so much earlier.
    for (const Duration latest : {1_ms, 4_ms, 12_ms, 19_ms})
        for (const Duration spread : {0_ms, 3_ms, 10_ms}) {
            clock::Phases phases;
            for (int i = 0; i < 40; ++i)
                phases.note((latest + nanoseconds(spread.ns * (i % 20) / 19)) % every, every);
            CHECK(phases.count() == 40);
            Duration found;
            REQUIRE(phases.take(found));
            CHECK(phases.count() == 0);
            // Where they lie on both sides of a moment, the latest have missed it.
            const Duration wanted = latest + spread > every ? latest - every : latest;
            CHECK(abs(found - wanted) <= 1_ms);
            CHECK_FALSE(phases.take(found)); // nothing has come since
        }
    Random random(4);
    clock::Phases anywhere;
    for (int i = 0; i < 400; ++i) anywhere.note(nanoseconds(random.between(0, every.ns - 1)), every);
    Duration found;
    CHECK_FALSE(anywhere.take(found));
    anywhere.note(19_ms, every);
    anywhere.note(5_ms, 10_ms); // another rhythm begins anew
    CHECK(anywhere.count() == 1);
    REQUIRE(anywhere.take(found));
    CHECK(abs(found - 5_ms) <= 1_ms);
}

TEST_CASE("the figures show the last report while it is fresh") {
    clock::Lead lead;
    const Instant now{1'000'000'000};
    CHECK_FALSE(lead.figures(now).known);
    lead.aim(8_ms);
    lead.hear(now, 20_ms);
    CHECK(lead.figures(now).known);
    CHECK(lead.figures(now).early == 20_ms);
    CHECK(lead.figures(now).rate < 1);
    CHECK_FALSE(lead.figures(now + 3_s).known);
    CHECK(lead.figures(now + 3_s).rate == 1);
}
