#include "tenon/replica/rewind.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "../allocations.hpp"
#include "paths.hpp"
#include "tenon/replica/moment.hpp"

using namespace paths;
using tenon::EntityId;
using tenon::Error;
using tenon::Moment;
using tenon::PeerId;
using tenon::Tick;

namespace {

Ship at_x(double x) {
    Ship ship;
    ship.x = static_cast<float>(x);
    return ship;
}
// A ship that goes a unit in each tick, from tick 1000 on.
struct Past {
    World world{{.entities_max = 8, .ticks = 64}};
    EntityId ship = world.spawn(PeerId{2});
    std::uint64_t tick = 999;

    void run(int ticks) {
        while (ticks-- > 0) {
            ++tick;
            world.set(ship, at_x(static_cast<double>(tick - 1000)));
            world.commit({tick});
        }
    }
};

} // namespace

TEST_CASE("a moment is a tick and 256ths") {
    CHECK(Moment::of(Tick{7}).parts == 7 * 256);
    CHECK(Moment::of(7.5).ticks() == 7.5);
    CHECK(Moment::of(7.999).tick() == Tick{7});
    CHECK(Moment::of(-3.0).parts == 0);
    CHECK(Moment::of(1e300).parts == std::uint64_t(1) << 62);
    CHECK(Moment::of(Tick{3}) < Moment::of(3.25));
}

TEST_CASE("the past is as it was, and between two ticks in between") {
    Past past;
    past.run(50);
    tenon::Rewinder<Game> rewinder(past.world, 20);
    for (double ticks = 1030; ticks <= 1049; ticks += 0.25) {
        const auto then = rewinder.to(Moment::of(ticks));
        CHECK(then.verdict() == Error::none);
        CHECK(then.moment() == Moment::of(ticks));
        CHECK(then.owner(past.ship) == PeerId{2});
        REQUIRE(then.get<Ship>(past.ship));
        CHECK(static_cast<double>(then.get<Ship>(past.ship)->x) == doctest::Approx(ticks - 1000));
        CHECK(!then.get<Label>(past.ship));
        std::size_t count = 0;
        for (const auto& [entity, ship] : then.view<Ship>()) {
            CHECK(entity == past.ship);
            CHECK(static_cast<double>(ship.x) == doctest::Approx(ticks - 1000));
            ++count;
        }
        CHECK(count == 1);
    }
}

TEST_CASE("nobody goes further back than is allowed, nor into what has not been") {
    Past past;
    tenon::Rewinder<Game> rewinder(past.world, 20);
    CHECK(!rewinder.to(Moment::of(5.0)).get<Ship>(past.ship)); // before the first tick
    past.run(50);
    const auto early = rewinder.to(Moment::of(1010.5));
    CHECK(early.verdict() == Error::stale);
    CHECK(early.moment() == Moment::of(Tick{1029}));
    CHECK(early.get<Ship>(past.ship)->x == doctest::Approx(29));
    const auto later = rewinder.to(Moment::of(1049.5));
    CHECK(later.verdict() == Error::too_early);
    CHECK(later.get<Ship>(past.ship)->x == doctest::Approx(49));
    CHECK(rewinder.to({UINT64_MAX}).verdict() == Error::too_early);
    CHECK(rewinder.counters().stale == 1);
    CHECK(rewinder.counters().too_early == 2);
    CHECK(rewinder.counters().asked == 4);
    // The history itself is shorter than what is allowed.
    past.run(200);
    tenon::Rewinder<Game> generous(past.world, 100'000);
    const auto oldest = generous.to(Moment::of(1100.0));
    CHECK(oldest.verdict() == Error::stale);
    CHECK(oldest.moment() == Moment::of(Tick{1249 - 63}));
    CHECK(oldest.get<Ship>(past.ship)->x == doctest::Approx(249 - 63));
}

TEST_CASE("what did not exist then is not there, and what has gone since is") {
    Past past;
    past.run(30);
    const EntityId late = past.world.spawn();
    past.world.set(late, at_x(5));
    past.run(10);
    past.world.despawn(past.ship);
    const EntityId heir = past.world.spawn();
    past.run(10);
    REQUIRE(heir.slot == past.ship.slot);
    tenon::Rewinder<Game> rewinder(past.world, 40);
    const auto before = rewinder.to(Moment::of(1029.5));
    CHECK(!before.alive(late));
    CHECK(!before.get<Ship>(late));
    CHECK(before.get<Ship>(past.ship));
    CHECK(!before.alive(heir));
    const auto between = rewinder.to(Moment::of(1035.5));
    CHECK(between.get<Ship>(late)->x == doctest::Approx(5));
    CHECK(between.get<Ship>(past.ship)->x == doctest::Approx(35.5));
    const auto after = rewinder.to(Moment::of(1045.0));
    CHECK(!after.get<Ship>(past.ship));
    CHECK(after.alive(heir));
    CHECK(!after.get<Ship>(heir));
    // Half way between a last tick and a first one it is where it was.
    CHECK(rewinder.to(Moment::of(1039.5)).get<Ship>(past.ship)->x == doctest::Approx(39));
}

TEST_CASE("a teleport is no motion in the past either") {
    Past past;
    past.run(10);
    past.world.teleport(past.ship);
    past.world.set(past.ship, at_x(400));
    past.world.commit({1010});
    tenon::Rewinder<Game> rewinder(past.world, 40);
    CHECK(rewinder.to(Moment::of(1009.5)).get<Ship>(past.ship)->x == doctest::Approx(9));
    CHECK(rewinder.to(Moment::of(1010.0)).get<Ship>(past.ship)->x == doctest::Approx(400));
}

TEST_CASE("whoever aims at what is seen hits it in the past and misses it in the present") {
    Past past;
    past.run(60);
    tenon::Rewinder<Game> rewinder(past.world, 40);
    const allocations::Count count;
    int hits = 0, unwound = 0;
    for (int shot = 0; shot < 100; ++shot) {
        const Moment seen = Moment::of(1045.0 + shot * 0.05);
        const double aim = seen.ticks() - 1000, reach = 0.5;
        const auto hit = [&](const Ship& ship) {
            return std::fabs(static_cast<double>(ship.x) - aim) < reach;
        };
        hits += hit(*rewinder.to(seen).get<Ship>(past.ship));
        unwound += hit(*past.world.get<Ship>(past.ship));
    }
    CHECK(hits == 100);
    CHECK(unwound == 0);
    CHECK(count.bytes() == 0);
}
