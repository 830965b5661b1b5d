#include "tenon/replica/playback.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../allocations.hpp"
#include "paths.hpp"
#include "tenon/replica/per_component.hpp"
#include "tenon/replica/sample.hpp"

using namespace paths;
using namespace tenon::literals;
using tenon::BytesIn;
using tenon::BytesOut;
using tenon::EntityId;
using tenon::PeerId;

namespace {

constexpr std::size_t entities = 64;
constexpr Instant start{5'000'000'000};

// Snapshots by hand: a tick is 10 ms, and what is written may be lost.
struct Bench {
    World world{{.entities_max = entities, .ticks = 128}};
    tenon::SnapshotCache cache{entities, 1200, 4, 7};
    tenon::DeltaModels models{world.layout()};
    tenon::SnapshotSender sender{world, cache, models};
    Replica replica{entities};
    Playback playback{replica, {.tick = 10_ms}};
    std::array<std::byte, 1200> buffer{};
    std::uint64_t tick = 100;
    bool tells_of_rest = true;

    Instant time(std::uint64_t of) const { return start + 10_ms * static_cast<std::int64_t>(of); }
    Instant now() const { return time(tick); }
    void snapshot(bool lost = false) {
        world.commit({tick});
        const std::size_t size = sender.write(buffer);
        if (lost) return;
        if (size == 0) return tells_of_rest && sender.settled() ? playback.rested(now(), {tick}) : void();
        const auto number = replica.handle(BytesIn(buffer).first(size));
        REQUIRE(number);
        (void)sender.acknowledged(*number);
        playback.heard(now(), *number);
    }
    // The first tick at which everything before it is shown.
    void settle(auto&& each, std::uint64_t ticks = 400) {
        for (const std::uint64_t end = tick + ticks; tick < end;) {
            ++tick;
            each();
            if (tick % 5 == 0) snapshot();
        }
    }
};
Ship at_x(double x) {
    Ship ship;
    ship.x = static_cast<float>(x);
    return ship;
}

} // namespace

TEST_CASE("what moves is shown in between its snapshots, a little late, and what is known is there at once") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    bench.settle([&] { bench.world.set(ship, at_x(0.1 * static_cast<double>(bench.tick - 100))); });
    const auto figures = bench.playback.figures(bench.now());
    CHECK(figures.interval == doctest::Approx(5));
    CHECK(figures.delay > 40_ms);
    CHECK(figures.delay < 100_ms);
    for (int ms = 0; ms < 50; ms += 7) {
        const Instant now = bench.now() + tenon::milliseconds(ms);
        const double ticks = bench.playback.moment(now).ticks();
        const auto shown = bench.playback.get<Ship>(ship, now);
        REQUIRE(shown);
        CHECK(static_cast<double>(shown->x) == doctest::Approx(0.1 * (ticks - 100)).epsilon(0.002));
    }
    CHECK(bench.playback.authoritative<Ship>(ship)->x == doctest::Approx(40));
    std::size_t count = 0;
    for (const auto& [entity, shown] : bench.playback.view<Ship>(bench.now())) {
        CHECK(entity == ship);
        CHECK(shown.x < 40);
        ++count;
    }
    CHECK(count == 1);
    const auto labels = bench.playback.view<Label>(bench.now());
    CHECK(labels.begin() == labels.end());
}

TEST_CASE("what was last seen to move goes on for a while, then stands still, and never steps back") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    const auto move = [&] { bench.world.set(ship, at_x(0.1 * static_cast<double>(bench.tick - 100))); };
    bench.settle(move);
    const Instant from = bench.now();
    double last = 0;
    for (int ms = 0; ms < 1000; ms += 5) {
        const double x =
            static_cast<double>(bench.playback.get<Ship>(ship, from + tenon::milliseconds(ms))->x);
        CHECK(x >= last);
        last = x;
    }
    // 250 ms at 10 a second beyond what was known.
    CHECK(last == doctest::Approx(42.5).epsilon(0.002));
    CHECK(bench.playback.get<Ship>(ship, from + 5_s)->x == doctest::Approx(42.5).epsilon(0.002));
    // It went on a little slower than it was thought: it waits for the truth rather than step back.
    const auto slower = [&] {
        bench.world.set(ship, at_x(40 + 0.08 * static_cast<double>(bench.tick - 500)));
    };
    while (bench.tick < 520) ++bench.tick, slower();
    last = static_cast<double>(bench.playback.get<Ship>(ship, bench.now())->x);
    CHECK(last > 41);
    bench.snapshot();
    for (int i = 0; i < 200; ++i) {
        ++bench.tick;
        slower();
        const double x = static_cast<double>(bench.playback.get<Ship>(ship, bench.now())->x);
        CHECK(x >= last - 1e-6);
        last = x;
        if (bench.tick % 5 == 0) bench.snapshot();
    }
    const double ticks = bench.playback.moment(bench.now()).ticks();
    CHECK(last == doctest::Approx(40 + 0.08 * (ticks - 500)).epsilon(0.002));
}

TEST_CASE("what rested begins to move when it did, and not since it was last told of") {
    Bench bench;
    const EntityId ship = bench.world.spawn(), other = bench.world.spawn();
    bench.world.set(ship, at_x(3));
    const auto busy = [&] { bench.world.set(other, at_x(0.05 * static_cast<double>(bench.tick % 1000))); };
    bench.settle(busy);
    const std::uint64_t moves = bench.tick;
    for (int i = 0; i < 60; ++i) {
        ++bench.tick;
        busy();
        bench.world.set(ship, at_x(3 + 0.1 * static_cast<double>(bench.tick - moves)));
        if (bench.tick % 5 == 0) bench.snapshot();
        const double ticks = bench.playback.moment(bench.now()).ticks();
        const double wanted =
            ticks > static_cast<double>(moves) ? 0.1 * (ticks - static_cast<double>(moves)) : 0;
        CHECK(static_cast<double>(bench.playback.get<Ship>(ship, bench.now())->x) ==
              doctest::Approx(3 + wanted).epsilon(0.01));
    }
}

TEST_CASE("a world in which nothing is due is still, and then moves when it does") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    bench.settle([&] { bench.world.set(ship, at_x(0.1 * static_cast<double>(bench.tick - 100))); });
    bench.settle([] {}, 300);
    const std::uint64_t moves = bench.tick;
    for (int i = 0; i < 100; ++i) {
        ++bench.tick;
        bench.world.set(ship, at_x(40 + 0.1 * static_cast<double>(bench.tick - moves)));
        if (bench.tick % 5 == 0) bench.snapshot();
        const double ticks = bench.playback.moment(bench.now()).ticks();
        const double wanted =
            ticks > static_cast<double>(moves) ? 0.1 * (ticks - static_cast<double>(moves)) : 0;
        CHECK(static_cast<double>(bench.playback.get<Ship>(ship, bench.now())->x) ==
              doctest::Approx(40 + wanted).epsilon(0.01));
    }
    CHECK(bench.playback.figures(bench.now()).delay < 150_ms);
    // Told nothing of the rest, it goes on for a while, and is put right when something moves again.
    bench.tells_of_rest = false;
    const float last = bench.world.get<Ship>(ship)->x;
    bench.settle([] {}, 300);
    CHECK(bench.playback.get<Ship>(ship, bench.now())->x > last + 1);
    const EntityId other = bench.world.spawn();
    bench.settle([&] { bench.world.set(other, at_x(0.01 * static_cast<double>(bench.tick % 1000))); }, 100);
    CHECK(bench.playback.get<Ship>(ship, bench.now())->x == doctest::Approx(last));
}

TEST_CASE("a teleport is not a motion, whatever lies between") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    double x = 0;
    const auto move = [&] { bench.world.set(ship, at_x(x += 0.01)); };
    bench.settle(move);
    x = 300;
    bench.world.teleport(ship);
    CHECK(!bench.world.teleport({9, 9}));
    const std::uint64_t leapt = bench.tick + 1;
    bool seen = false;
    for (int i = 0; i < 60; ++i) {
        ++bench.tick;
        move();
        if (bench.tick % 5 == 0) bench.snapshot();
        for (int part = 0; part < 10; ++part) {
            const Instant now = bench.now() + tenon::milliseconds(part);
            const double shown = static_cast<double>(bench.playback.get<Ship>(ship, now)->x);
            CHECK((shown < 10 || shown > 299));
            seen = seen || shown > 299;
            if (shown > 299) CHECK(bench.playback.moment(now).ticks() >= static_cast<double>(leapt));
        }
    }
    CHECK(seen);
    // Without the flag it is a motion.
    x = 0;
    bool between = false;
    for (int i = 0; i < 60; ++i) {
        ++bench.tick;
        move();
        if (bench.tick % 5 == 0) bench.snapshot();
        const double shown = static_cast<double>(bench.playback.get<Ship>(ship, bench.now())->x);
        between = between || (shown > 20 && shown < 280);
    }
    CHECK(between);
}

TEST_CASE("entities come and go when their time is shown") {
    Bench bench;
    const EntityId other = bench.world.spawn();
    bench.settle([&] { bench.world.set(other, at_x(0.01 * static_cast<double>(bench.tick % 1000))); });
    Playback::Change change;
    while (bench.playback.poll_event(bench.now(), change)) CHECK(change.entity == other);
    const EntityId ship = bench.world.spawn(PeerId{3});
    bench.world.set(ship, at_x(7));
    const std::uint64_t born = bench.tick + 5;
    std::uint64_t came = 0, went = 0, dies = 0;
    for (int i = 0; i < 200; ++i) {
        ++bench.tick;
        bench.world.set(other, at_x(0.01 * static_cast<double>(bench.tick % 1000)));
        if (i == 100) bench.world.despawn(ship);
        if (bench.tick % 5 == 0) bench.snapshot();
        if (i == 100) dies = bench.tick;
        const double ticks = bench.playback.moment(bench.now()).ticks();
        CHECK(bench.playback.shows(ship, bench.now()) == bool(bench.playback.get<Ship>(ship, bench.now())));
        while (bench.playback.poll_event(bench.now(), change)) {
            CHECK(change.entity == ship);
            (change.spawned ? came : went) = static_cast<std::uint64_t>(ticks);
        }
    }
    CHECK(came >= born);
    CHECK(came <= born + 2);
    CHECK(went >= dies);
    CHECK(went <= dies + 7);
    CHECK(!bench.playback.shows(ship, bench.now()));
    CHECK(!bench.playback.get<Ship>(EntityId{}, bench.now()));
    CHECK(!bench.playback.get<Ship>(EntityId{60'000, 1}, bench.now()));
}

TEST_CASE("angles and turns go the short way") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    const Path path{5, 20, 0};
    bench.settle([&] { bench.world.set(ship, path.at(0.01 * static_cast<double>(bench.tick))); });
    for (int i = 0; i < 200; ++i) {
        ++bench.tick;
        bench.world.set(ship, path.at(0.01 * static_cast<double>(bench.tick)));
        if (bench.tick % 5 == 0) bench.snapshot();
        const auto shown = bench.playback.get<Ship>(ship, bench.now());
        const Ship truth = path.at(0.01 * bench.playback.moment(bench.now()).ticks());
        const double off = tenon::detail::turn_between(static_cast<double>(truth.heading),
                                                       static_cast<double>(shown->heading));
        CHECK(std::fabs(off) < 0.005);
        CHECK(std::fabs(shown->qz * truth.qz + shown->qw * truth.qw) > 0.9999f);
    }
}

TEST_CASE("a playback allocates when it is opened, and never again") {
    Bench bench;
    const EntityId ship = bench.world.spawn();
    const auto move = [&] { bench.world.set(ship, at_x(0.01 * static_cast<double>(bench.tick % 1000))); };
    bench.settle(move);
    const allocations::Count count;
    double sum = 0;
    bench.settle([&] {
        move();
        for (const auto& [entity, shown] : bench.playback.view<Ship>(bench.now()))
            sum += static_cast<double>(shown.x);
    });
    CHECK(count.bytes() == 0);
    CHECK(sum > 0);
}
