// What a path is made of: round trips, pacing, silence, and the path that joins them.
#include "tenon/link/path.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tenon/core/random.hpp"
#include "tenon/link/pacer.hpp"
#include "tenon/link/rtt.hpp"
#include "tenon/link/silence.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {
constexpr Instant start{1'000'000'000};
}

TEST_CASE("a round trip is smoothed, and its variation says how long to wait for an answer") {
    RoundTrip trip;
    CHECK_FALSE(trip.known());
    CHECK(trip.resend_timeout(25_ms) == 250_ms);
    trip.sample(start, 50_ms, Duration{});
    CHECK(trip.known());
    CHECK(trip.smoothed() == 50_ms);
    CHECK(trip.variation() == 25_ms);
    for (int i = 1; i < 100; ++i) trip.sample(start + 10_ms * i, 50_ms, Duration{});
    CHECK(trip.variation() < 1_us);
    CHECK(trip.resend_timeout(25_ms) >= 76_ms);
    CHECK(trip.resend_timeout(25_ms) < 77_ms);
    Random random(1);
    for (int i = 1; i < 500; ++i)
        trip.sample(start + 1_s + 10_ms * i, milliseconds(random.between(40, 80)), Duration{});
    CHECK(trip.smoothed() > 48_ms);
    CHECK(trip.smoothed() < 72_ms);
    CHECK(trip.variation() > 4_ms);
    CHECK(trip.minimum() == 40_ms);
}

TEST_CASE("what the other side says that it waited is taken off, as far as it can be true") {
    RoundTrip trip;
    trip.sample(start, 50_ms, Duration{});
    for (int i = 0; i < 50; ++i) trip.sample(start + 10_ms * i, 75_ms, 25_ms);
    CHECK(trip.smoothed() == 50_ms);
    for (int i = 0; i < 50; ++i) trip.sample(start + 1_s + 10_ms * i, 75_ms, 10_s); // a lie
    CHECK(trip.smoothed() == 50_ms);
    CHECK(trip.latest() == 75_ms);
    trip.sample(start + 2_s, Duration{-5}, Duration{}); // a clock that went back
    CHECK(trip.minimum() > Duration{});
}

TEST_CASE("the least round trip is forgotten after a while, since paths change") {
    RoundTrip trip;
    trip.sample(start, 10_ms, Duration{});
    for (int i = 1; i <= 14; ++i) trip.sample(start + seconds(i), 60_ms, Duration{});
    CHECK(trip.minimum() == 10_ms);
    for (int i = 15; i <= 46; ++i) trip.sample(start + seconds(i), 60_ms, Duration{});
    CHECK(trip.minimum() == 60_ms);
}

TEST_CASE("a pacer lets through its rate, and after a pause no more than a tick's worth at once") {
    Pacer pacer;
    CHECK(pacer.may_send(1'000'000)); // no rate, no limit
    pacer.set_rate(100'000);
    std::uint64_t bytes = 0;
    Instant now = start;
    for (; now < start + 10_s; now += 1_ms)
        for (pacer.advance(now); pacer.may_send(1000); bytes += 1000) pacer.spent(1000);
    CHECK(bytes >= 995'000);
    CHECK(bytes <= 1'006'000);
    pacer.advance(now + 60_s);
    for (bytes = 0; pacer.may_send(1000); bytes += 1000) pacer.spent(1000);
    CHECK(bytes <= 5'000);
    // When it says ready, it is; and not long before.
    const Instant ready = pacer.ready_at(1000);
    pacer.advance(ready - 100_us);
    CHECK_FALSE(pacer.may_send(1000));
    pacer.advance(ready);
    CHECK(pacer.may_send(1000));
    pacer.advance(start); // a time that goes back changes nothing
    CHECK(pacer.may_send(1000));
}

TEST_CASE("what was sent over the rate is owed, but not for ever") {
    Pacer pacer;
    pacer.set_rate(100'000);
    pacer.advance(start);
    for (int i = 0; i < 1000; ++i) pacer.spent(1000);
    CHECK(pacer.ready_at(1000) > start + 50_ms);
    CHECK(pacer.ready_at(1000) < start + 200_ms);
}

TEST_CASE("silence is asked about with growing pauses, until nothing in flight is believed any more") {
    Silence silence(start);
    CHECK(silence.asks_at(start + 10_ms, 100_ms) == start + 110_ms);
    CHECK_FALSE(silence.may_send());
    CHECK_FALSE(silence.ask(start + 110_ms));
    CHECK(silence.may_send()); // two packets, whatever the window says
    silence.spend();
    silence.spend();
    silence.spend();
    CHECK_FALSE(silence.may_send());
    CHECK(silence.asks_at(start + 110_ms, 100_ms) == start + 310_ms);
    CHECK_FALSE(silence.ask(start + 310_ms));
    CHECK(silence.ask(start + 710_ms));
    for (int i = 0; i < 20; ++i) silence.ask(start + 1_s);
    CHECK(silence.asks_at(start, 100_ms) == start + 1_s + 6400_ms); // and no longer than that
    silence.broken(start + 2_s);
    CHECK(silence.asks_at(start, 100_ms) == start + 2_s + 100_ms);
}

TEST_CASE("answers come once there was one, and as long as none has been due for long") {
    Silence silence(start);
    CHECK_FALSE(silence.is_broken(start, 1_s));
    silence.begin(start);
    silence.broken(start + 50_ms);
    CHECK(silence.is_broken(start + 10_s, 1_s)); // nothing was asked since
    silence.begin(start + 10_s);
    silence.begin(start + 10900_ms);
    CHECK(silence.is_broken(start + 10999_ms, 1_s));
    CHECK_FALSE(silence.is_broken(start + 11_s, 1_s));
    silence.broken(start + 12_s);
    CHECK(silence.is_broken(start + 12_s, 1_s));
    CHECK_FALSE(Silence(start).is_broken(start + 12_s, 1_s)); // a path that is begun anew
}

TEST_CASE("a path takes the lower of what it carries and what the user allows") {
    Path path(1200, 0);
    CHECK(path.rate() == 0);
    CHECK(path.may_send(0));
    CHECK(path.may_send(Congestion::window_first - 1));
    CHECK_FALSE(path.may_send(Congestion::window_first));
    CHECK(path.ready_at(Congestion::window_first) == Instant::never());
    path.set_bandwidth(50'000);
    CHECK(path.rate() == 50'000);
    path.advance(start);
    while (path.may_send(0)) path.sent(1200);
    CHECK(path.ready_at(0) > start);
    CHECK(path.ready_at(0) < start + 200_ms);
    path.set_bandwidth(0);
    CHECK(path.may_send(0));
}

TEST_CASE("the share that is lost is that of the last few hundred packets") {
    Path path(1200, 0);
    const InFlight in_flight;
    Settled settled;
    for (int i = 0; i < 2000; ++i) {
        settled.acked_packets = i % 10 == 0 ? 0 : 1;
        settled.lost_packets = i % 10 == 0 ? 1 : 0;
        path.settled(start, settled, {}, in_flight);
    }
    CHECK(path.loss() == doctest::Approx(0.1).epsilon(0.15));
    settled.acked_packets = 1;
    settled.lost_packets = 0;
    for (int i = 0; i < 2000; ++i) path.settled(start, settled, {}, in_flight);
    CHECK(path.loss() < 0.001);
}
