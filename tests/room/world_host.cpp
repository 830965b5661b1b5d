#include "tenon/room/world_host.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tenon/schema/quantized.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(quantized(x, -100.0f, 100.0f, 0.01f)); }
};
struct Steer {
    float by = 0;
    bool fires = false;
    void serialize(auto& ar) { ar(by, fires); }
};
using Sky = Game<"sky", 1, Component<Ship>, Command<Steer>>;

constexpr Instant start{1'000'000'000};
constexpr Rates rates{.input_hz = 50, .snapshot_hz = 20};
constexpr PeerId one{1}, two{2};

struct Pilot {
    int heard = 0, steps = 0;
    void on(PeerId, const Steer&) { ++heard; }
    void step(auto& world, EntityId entity, const Steer& steer, std::uint32_t number) {
        ++steps;
        auto ship = world.template get<Ship>(entity);
        ship->x += steer.by;
        world.set(entity, *ship);
        if (steer.fires) world.set(world.spawn(world.owner(entity), {number, 1}), *ship);
    }
};
struct Stage {
    WorldHost<Sky> host{{}, rates, 1100, 1};
    Pilot pilot{};
    Instant now = start;

    EntityId ship(PeerId owner) {
        const EntityId entity = host.world().spawn(owner);
        host.world().set(entity, Ship{});
        return entity;
    }
    float x(EntityId entity) { return host.world().get<Ship>(entity)->x; }
    void play(const Steer* own = nullptr) { host.play(now += 20_ms, PeerId::host(), own, pilot); }
    bool commit(Instant at) {
        return host.commit(at, [](auto&) {});
    }
};

} // namespace

TEST_CASE("ticks keep their time: frames are late, a stall leaves some out, and none comes twice") {
    Stage stage;
    REQUIRE(stage.commit(start));
    CHECK(stage.host.newest() == 1);
    CHECK(!stage.commit(start + 10_ms)); // a touched state is not another tick
    REQUIRE(stage.commit(start + 62_ms));
    CHECK(stage.host.newest() == 2);
    REQUIRE(stage.commit(start + 101_ms));
    CHECK(stage.host.newest() == 3);
    REQUIRE(stage.commit(start + 1'003_ms));
    CHECK(stage.host.newest() == 21);
    CHECK(stage.host.world().newest_tick() == 21);
    CHECK(!stage.commit(start)); // a clock that was set back
}

TEST_CASE("each command moves the things of its peer, once and in its turn") {
    Stage stage;
    const EntityId a = stage.ship(one), b = stage.ship(two), own = stage.ship(PeerId::host()),
                   nobody = stage.ship({9});
    for (std::uint32_t i = 1; i <= 5; ++i) {
        REQUIRE(stage.host.command(stage.now, one, i, Steer{1}, {}));
        CHECK(stage.host.command(stage.now, one, i, Steer{1}, {}).error() == Error::duplicate);
        const Steer mine{-1};
        stage.play(&mine);
    }
    stage.play();
    CHECK(stage.x(a) == doctest::Approx(5));
    CHECK(stage.x(b) == doctest::Approx(0));
    CHECK(stage.x(own) == doctest::Approx(-5));
    CHECK(stage.x(nobody) == doctest::Approx(0));
    CHECK(stage.pilot.heard == 5); // its own are heard when they are given
    CHECK(stage.pilot.steps == 10);
    CHECK(stage.host.command(stage.now, one, 1000, Steer{1}, {}).error() == Error::too_early);
    CHECK(stage.host.commands_refused() == 1);
    stage.host.forget(one);
    CHECK(stage.host.commands_refused() == 0);
}

TEST_CASE("what a command brings about takes no step with it") {
    Stage stage;
    stage.ship(one);
    REQUIRE(stage.host.command(stage.now, one, 1, Steer{1, true}, {}));
    REQUIRE(stage.host.command(stage.now, one, 2, Steer{1}, {}));
    stage.play();
    CHECK(stage.pilot.steps == 1);
    CHECK(stage.host.world().size() == 2);
    stage.play();
    CHECK(stage.pilot.steps == 3); // but with the next it does
}

TEST_CASE("the past of a peer is what it saw with the command that is played") {
    Stage stage;
    const EntityId ship = stage.ship(PeerId::host());
    for (int tick = 1; tick <= 10; ++tick) {
        stage.host.world().set(ship, Ship{static_cast<float>(tick)});
        REQUIRE(stage.commit(start + 50_ms * tick));
    }
    CHECK(stage.host.rewind(one).get<Ship>(ship)->x == doctest::Approx(10)); // of whom nothing is known
    stage.host.applied(one, 1, Moment::of(6.5));
    CHECK(stage.host.rewind(one).get<Ship>(ship)->x == doctest::Approx(6.5));
    REQUIRE(stage.host.command(stage.now, two, 1, Steer{}, Moment::of(3.0)));
    stage.play();
    stage.play();
    CHECK(stage.host.rewind(two).get<Ship>(ship)->x == doctest::Approx(3));
}

TEST_CASE("what no guest would say is refused: of what it was never told it can refuse nothing") {
    Stage stage;
    std::byte bytes[RefusedWord::bytes];
    CHECK(stage.host.hear(one, RefusedWord{7, Error::diverged}.write(bytes)).error() == Error::malformed);
    CHECK(stage.host.hear(one, BytesIn(bytes, 2)).error() == Error::malformed);
    CHECK(stage.host.refused() == 0);
}
