#include "tenon/sim/world.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tenon;
using sim::World;
using transport::Memory;
using transport::MemoryAddress;

namespace {

struct Nothing {};

// The least that a world can drive: says its number to another at a rate, and notes what it hears and when.
struct Beeper {
    Memory port;
    MemoryAddress to;
    Duration every = Duration::max();
    Instant next = Instant::never(), last_tick{};
    std::vector<Instant> ticks;
    std::vector<Instant> heard;

    Beeper(World& world, std::uint32_t host) : port(world.port(host)) { REQUIRE(port.open(100)); }
    void beep(std::uint32_t host, Duration period, Instant from) {
        to = {host, 100};
        every = period;
        next = from;
    }

    void tick(Instant now, Nothing&) {
        ticks.push_back(now);
        port.poll([&](const MemoryAddress&, Lane, BytesIn) { heard.push_back(now); });
        if (now < next) return;
        next = now + every;
        CHECK(port.send(to, Lane{}, bytes_of("beep")) == Sent::sent);
    }
    Instant next_deadline() const { return next; }
    const Memory& transport() const { return port; }
};

} // namespace

TEST_CASE("a world ticks when a datagram arrives and when a deadline comes, and else not") {
    World world(1, *sim::Faults::parse("latency_ms=30"));
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    const Instant begin = world.now();
    a.beep(2, milliseconds(100), begin);
    world.run(milliseconds(950));
    CHECK(world.now() == begin + milliseconds(950));
    CHECK(world.elapsed() == milliseconds(950));
    CHECK(a.ticks.size() == 10);
    REQUIRE(b.ticks.size() == 10);
    REQUIRE(b.heard.size() == 10);
    CHECK(b.heard[3] == begin + milliseconds(330));
    CHECK(world.ticks() == 20);
    CHECK(world.restless() == 0);
}

TEST_CASE("with a frame rate a session is ticked at its frames alone") {
    World world(1);
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing, {.frame_hz = 20});
    a.beep(2, milliseconds(1), world.now());
    world.run(seconds(2));
    CHECK(b.ticks.size() >= 39);
    CHECK(b.ticks.size() <= 41);
    CHECK(b.heard.size() > 1900);
    for (std::size_t i = 1; i < b.ticks.size(); ++i) CHECK(b.ticks[i] - b.ticks[i - 1] == milliseconds(50));
}

TEST_CASE("run_until stops at the very moment, or says that it never came") {
    World world(1, *sim::Faults::parse("latency_ms=30"));
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    const Instant begin = world.now();
    a.beep(2, milliseconds(100), begin);
    CHECK(world.run_until([&] { return b.heard.size() == 3; }, seconds(5)));
    CHECK(world.now() == begin + milliseconds(230));
    CHECK_FALSE(world.run_until([&] { return b.heard.size() == 100; }, seconds(1)));
    CHECK(world.now() == begin + milliseconds(1230));
    CHECK(world.run_until([] { return true; }, seconds(1)));
    CHECK(world.now() == begin + milliseconds(1230));
}

TEST_CASE("several sessions live on one host, each with its own port") {
    World world(1);
    Nothing nothing;
    Beeper far(world, 1), one(world, 2);
    Memory port = world.port(2);
    REQUIRE(port.open(101));
    Beeper other(world, 3);
    other.port = std::move(port);
    world.add(far, nothing);
    world.add(one, nothing);
    world.add(other, nothing);
    far.beep(2, milliseconds(10), world.now());
    far.to.port = 101;
    world.run(milliseconds(95));
    CHECK(other.heard.size() == 10);
    CHECK(one.ticks.empty());
}

TEST_CASE("a paused host does not tick, and finds what had arrived") {
    World world(1);
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    const Instant begin = world.now();
    a.beep(2, milliseconds(10), begin);
    world.pause(2, milliseconds(505));
    world.run(milliseconds(500));
    CHECK(b.ticks.empty());
    world.run(milliseconds(6));
    CHECK(b.ticks.size() == 1);
    CHECK(b.ticks[0] == begin + milliseconds(505));
    CHECK(b.heard.size() == 51);
}

TEST_CASE("partitions and pauses come as often as the faults say, and calm ends them") {
    World world(3, *sim::Faults::parse("partitions=60,partition_ms=200,pauses=30,pause_ms=100"));
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    a.beep(2, milliseconds(10), world.now());
    world.run(seconds(60));
    const sim::Counters before = world.network().counters(1, 2);
    CHECK(before.cut > 600); // about a fifth of 6,000, less what fell into a's pauses
    CHECK(before.cut < 1800);
    int gaps = 0;
    for (std::size_t i = 1; i < a.ticks.size(); ++i) gaps += a.ticks[i] - a.ticks[i - 1] > milliseconds(40);
    CHECK(gaps > 7); // half of thirty pauses are this host's
    CHECK(gaps < 25);
    world.calm();
    world.run(seconds(10));
    CHECK(world.network().counters(1, 2).cut == before.cut);
    CHECK(world.network().counters(1, 2).delivered >= before.delivered + 998);
}

TEST_CASE("hosts have clocks of their own when the faults say so") {
    World world(5, *sim::Faults::parse("clock_ms=5000,latency_ms=10"));
    Nothing nothing;
    Beeper a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    CHECK(world.now(1) != world.now(2));
    CHECK(abs(world.now(1) - world.now()) <= seconds(5));
    a.beep(2, milliseconds(100), world.now(1));
    world.run(milliseconds(950));
    CHECK(b.heard.size() == 10);
    CHECK(a.ticks.size() == 10);
    CHECK(a.ticks[9] - a.ticks[0] == milliseconds(900));
}

TEST_CASE("a session that always wants its turn gets it soon, and time goes on") {
    World world(1);
    Nothing nothing;
    Beeper a(world, 1);
    world.add(a, nothing);
    a.next = Instant{};
    a.every = Duration{};
    world.run(milliseconds(10));
    CHECK(a.ticks.size() <= 102);
    CHECK(world.restless() == a.ticks.size());
    world.remove(a);
    const std::size_t ticks = a.ticks.size();
    world.run(milliseconds(10));
    CHECK(a.ticks.size() == ticks);
}

TEST_CASE("one seed is one world") {
    const auto history = [](std::uint64_t seed) {
        World world(seed, sim::Faults::from(4));
        Nothing nothing;
        Beeper a(world, 1), b(world, 2);
        world.add(a, nothing);
        world.add(b, nothing, {.frame_hz = 60});
        a.beep(2, milliseconds(7), world.now());
        b.beep(1, milliseconds(9), world.now());
        world.run(seconds(20));
        return world.network().hash();
    };
    CHECK(history(1) == history(1));
    CHECK(history(1) != history(2));
}
