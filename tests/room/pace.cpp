#include "tenon/room/pace.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Duration every = 50_ms; // twenty snapshots a second

// A path that carries a number of snapshots a second; what is too much waits.
struct Bottleneck {
    Pace pace;
    Random random{3};
    double carries = 1000; // snapshots a second
    Duration rtt = 40_ms;
    double loss = 0, noise = 0;
    Instant now{10'000'000'000};
    double waiting = 0;
    int sent = 0, changes = 0;
    std::vector<Instant> changed{};

    void run(Duration time) {
        sent = changes = 0;
        for (const Instant end = now + time; now < end; now += every) {
            const double carried = carries * every.seconds() * (1 + noise * (random.real() * 2 - 1));
            waiting = waiting > carried ? waiting - carried : 0;
            if (!pace.take(0)) continue;
            Health health;
            health.rtt = rtt + nanoseconds(random.between(-2'000'000, 2'000'000));
            health.loss = loss;
            health.queue_time = seconds(waiting / carries);
            const unsigned before = pace.level();
            pace.look(now, health, seconds(every.seconds() / pace.share()));
            if (pace.level() != before) ++changes, changed.push_back(now);
            waiting = 1; // the newest replaces what still waits
            ++sent;
        }
    }
};

} // namespace

TEST_CASE("a healthy path is sent all, however long") {
    Bottleneck path;
    path.run(600_s);
    CHECK(path.sent == 12'000);
    CHECK(path.changes == 0);
    Bottleneck far; // far away, and a little lossy
    far.rtt = 300_ms;
    far.loss = 0.04;
    far.run(600_s);
    CHECK(far.changes == 0);
}

TEST_CASE("a path that narrows is sent less within seconds, and all again when it is wide") {
    Bottleneck path;
    path.run(60_s);
    path.carries = 6;
    path.run(20_s);
    path.run(20_s);
    CHECK(path.sent >= 20 * 2);
    CHECK(path.sent <= 20 * 7);
    path.carries = 1000;
    path.run(60_s);
    CHECK(path.pace.level() == 0);
    path.run(60_s);
    CHECK(path.sent == 1200);
}

TEST_CASE("a path that gets longer, or loses much, is sent less for as long") {
    Bottleneck longer;
    longer.run(30_s);
    longer.rtt = 400_ms;
    longer.run(20_s);
    CHECK(longer.pace.level() >= 3);
    longer.rtt = 40_ms;
    longer.run(60_s);
    CHECK(longer.pace.level() == 0);
    // A path that is long for good is only another path.
    longer.rtt = 400_ms;
    longer.run(240_s);
    CHECK(longer.pace.level() == 0);

    Bottleneck lossy;
    lossy.loss = 0.15;
    lossy.run(30_s);
    CHECK(lossy.pace.share() == 0.5); // loss alone costs no more than that
    lossy.loss = 0.4;
    lossy.run(30_s);
    CHECK(lossy.pace.share() == 0.25);
    lossy.loss = 0.01;
    lossy.run(60_s);
    CHECK(lossy.pace.level() == 0);
}

TEST_CASE("at the edge it comes to rest: it tries again more and more seldom") {
    for (const double carries : {4.0, 7.5, 11.0, 13.0, 16.0, 19.0})
        for (const double noise : {0.0, 0.1, 0.3}) {
            Bottleneck path;
            path.carries = carries;
            path.noise = noise;
            path.run(300_s);
            path.run(600_s);
            CHECK_MESSAGE(path.changes <= 12, carries, " a second, noise ", noise, ": ", path.changes);
            CHECK(path.sent >= static_cast<int>(600 * carries / 4));
        }
}

TEST_CASE("no share is less than the least, and the shares are kept") {
    Pace pace;
    Health bad;
    bad.rtt = 10_ms;
    bad.queue_time = 10_s;
    Instant now{1'000'000'000};
    for (int i = 0; i < 1000; ++i) pace.look(now += 200_ms, bad, every);
    CHECK(pace.share() == 0.1);
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += pace.take(0) ? 1 : 0;
    CHECK(taken >= 99);
    CHECK(taken <= 101);
    taken = 0;
    for (int i = 0; i < 1000; ++i) taken += pace.take(0.5) ? 1 : 0;
    CHECK(taken >= 499);
    CHECK(taken <= 501);
    taken = 0;
    for (int i = 0; i < 1000; ++i) taken += pace.take(1) ? 1 : 0;
    CHECK(taken == 1000);
}

TEST_CASE("a clock that was set back does not stop it") {
    Bottleneck path;
    path.run(30_s);
    path.now = path.now - 9_s;
    path.carries = 5;
    path.run(30_s);
    CHECK(path.pace.level() >= 2);
    path.now = path.now - 25_s;
    path.carries = 1000;
    path.run(90_s);
    CHECK(path.pace.level() == 0);
}
