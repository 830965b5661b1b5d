#include "tenon/replica/prediction.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "../allocations.hpp"
#include "paths.hpp"
#include "tenon/replica/predicted_world.hpp"

using namespace paths;
using namespace tenon::literals;
using tenon::BytesIn;
using tenon::EntityId;
using tenon::Error;
using tenon::Outcome;
using tenon::PeerId;

namespace {

constexpr std::size_t entities = 64;
constexpr PeerId self{4};

// One client and its authority, and the commands between them by hand.
struct Bench {
    World world{{.entities_max = entities, .ticks = 64}};
    tenon::SnapshotCache cache{entities, 1200, 4, 7};
    tenon::DeltaModels models{world.layout()};
    tenon::SnapshotSender sender{world, cache, models};
    Replica replica{entities};
    tenon::Prediction<Game, Steer> prediction{replica, {.commands_max = 20, .spawns_max = 3}};
    std::array<std::byte, 1200> buffer{};
    Instant now{1'000'000'000};
    Rules rules;
    EntityId ship = world.spawn(self);
    std::vector<Steer> given{{}}; // from 1 on
    std::uint32_t played = 0;
    std::uint64_t tick = 0;
    bool refuses = false;

    Bench() {
        world.set(ship, Ship{});
        prediction.begin(self);
        tell();
    }
    Error give(Steer steer) {
        const auto number = prediction.command(steer, rules);
        if (number) given.push_back(steer);
        return number.error();
    }
    struct Referee {
        Bench& bench;
        template <class T>
        auto get(EntityId entity) const {
            return bench.world.get<T>(entity);
        }
        template <class T>
        bool set(EntityId entity, const T& state) {
            return bench.world.set(entity, state);
        }
        bool despawn(EntityId entity) { return bench.world.despawn(entity); }
        PeerId owner(EntityId entity) const { return bench.world.owner(entity); }
        EntityId spawn(PeerId owner, tenon::Origin origin) {
            return bench.refuses ? EntityId::none() : bench.world.spawn(owner, origin);
        }
    };
    void play(std::uint32_t count) {
        Referee referee{*this};
        while (count-- > 0) {
            ++played;
            EntityId things[entities];
            std::size_t size = 0;
            world.each([&](EntityId entity) { things[size++] = entity; });
            for (std::size_t i = 0; i < size; ++i)
                if (world.owner(things[i]) == self) rules(referee, things[i], given[played], played);
        }
    }
    void tell() {
        now += 16_ms;
        world.commit({++tick});
        const std::size_t size = sender.write(buffer);
        if (size == 0) {
            CHECK(prediction.rested(now, played, rules));
            return;
        }
        const auto number = replica.handle(BytesIn(buffer).first(size));
        REQUIRE(number);
        (void)sender.acknowledged(*number);
        CHECK(prediction.heard(now, *number, played, rules));
    }
    Ship mine() const { return *prediction.get<Ship>(ship); }
};

bool same(const Ship& a, const Ship& b) { return a.x == b.x && a.y == b.y && a.heading == b.heading; }

} // namespace

TEST_CASE("a command is seen at once, and what the authority makes of it is the same to the bit") {
    Bench bench;
    CHECK(bench.prediction.predicts(bench.ship));
    for (int i = 0; i < 300; ++i) {
        const Ship before = bench.mine();
        REQUIRE(bench.give({.turn = static_cast<float>(i % 7) * 0.01f}) == Error::none);
        CHECK(distance(before, bench.mine()) == doctest::Approx(0.1).epsilon(0.2));
        CHECK(same(*bench.prediction.predicted<Ship>(bench.ship, bench.now), bench.mine()));
        if (i > 8) bench.play(1);
        if (i % 3 == 0) bench.tell();
    }
    CHECK(bench.prediction.pending() <= 12);
    CHECK(bench.prediction.figures().corrections == 0);
    const Ship ahead = bench.mine();
    bench.play(9);
    CHECK(same(*bench.world.get<Ship>(bench.ship), ahead));
    CHECK(bench.prediction.figures().replayed > 300);
}

TEST_CASE("what nobody could foresee is put right, and fades from sight") {
    Bench bench;
    for (int i = 0; i < 10; ++i) bench.give({});
    Ship pushed = *bench.world.get<Ship>(bench.ship);
    pushed.y += 2;
    bench.world.set(bench.ship, pushed);
    bench.play(4);
    const Ship before = bench.mine();
    bench.tell();
    CHECK(bench.mine().y == doctest::Approx(before.y + 2));
    CHECK(bench.mine().x == doctest::Approx(before.x));
    CHECK(bench.prediction.figures().corrections == 1);
    CHECK(bench.prediction.figures().largest == doctest::Approx(2));
    const auto shown = [&](Duration later) {
        return bench.prediction.predicted<Ship>(bench.ship, bench.now + later)->y - before.y;
    };
    CHECK(shown(0_ms) == doctest::Approx(0).epsilon(0.001));
    CHECK(shown(100_ms) == doctest::Approx(2 - 2 * std::exp(-1)));
    CHECK(shown(1_s) == doctest::Approx(2));
}

TEST_CASE("what is too far off is put right at once, and so is what was carried elsewhere") {
    Bench bench;
    for (int i = 0; i < 4; ++i) bench.give({});
    Ship pushed = *bench.world.get<Ship>(bench.ship);
    SUBCASE("too far") { pushed.y += 20; }
    SUBCASE("elsewhere") {
        pushed.y += 5;
        bench.world.teleport(bench.ship);
    }
    bench.world.set(bench.ship, pushed);
    bench.tell();
    CHECK(same(*bench.prediction.predicted<Ship>(bench.ship, bench.now), bench.mine()));
    CHECK(bench.mine().y >= 5);
}

TEST_CASE("a full ring of commands is seen, and nothing happens") {
    Bench bench;
    for (int i = 0; i < 20; ++i) CHECK(bench.give({}) == Error::none);
    const Ship before = bench.mine();
    CHECK(bench.give({}) == Error::queue_full);
    CHECK(same(bench.mine(), before));
    CHECK(bench.prediction.figures().refused == 1);
    CHECK(bench.prediction.figures().played == 0);
    bench.play(5);
    bench.tell();
    CHECK(bench.prediction.figures().played == 5);
    CHECK(bench.give({}) == Error::none);
    CHECK(bench.prediction.pending() == 16);
    CHECK(bench.prediction.heard(bench.now, 0, 1000, bench.rules).error() == Error::malformed);
    CHECK(bench.prediction.rested(bench.now, 1000, bench.rules).error() == Error::malformed);
    CHECK(bench.prediction.heard(bench.now, 30'000, 5, bench.rules).error() == Error::stale);
}

TEST_CASE("what is not ours is not run ahead, and cannot be changed") {
    Bench bench;
    const EntityId other = bench.world.spawn(PeerId{9});
    bench.world.set(other, Ship{});
    bench.tell();
    const auto meddle = [&](auto& world, EntityId entity, const Steer&, std::uint32_t number) {
        CHECK(entity == bench.ship);
        CHECK(world.self() == self);
        CHECK(world.owner(other) == PeerId{9});
        CHECK(world.template get<Ship>(other));
        CHECK(!world.set(other, Ship{}));
        CHECK(!world.despawn(other));
        CHECK(!world.teleport(other));
        CHECK(!world.template remove<Ship>(other));
        CHECK(!world.spawn(PeerId{9}, {number, 1}));
        CHECK(!world.spawn(self, {number + 1, 1}));
        CHECK(!world.spawn(self, {number, 0}));
        CHECK(!world.template remove<Label>(entity));
        CHECK(world.set(entity, Label{3}));
        CHECK(world.template remove<Label>(entity));
    };
    CHECK(bench.prediction.command({}, meddle));
    CHECK(!bench.prediction.predicts(other));
    CHECK(!bench.prediction.predicted<Ship>(other, bench.now));
    // It becomes ours, and is not any more.
    bench.world.set_owner(other, self);
    bench.tell();
    CHECK(bench.prediction.predicts(other));
    bench.world.set_owner(other, PeerId{9});
    bench.world.despawn(bench.ship);
    bench.tell();
    CHECK(!bench.prediction.predicts(other));
    CHECK(!bench.prediction.predicts(bench.ship));
    bench.prediction.each([](EntityId) { CHECK(false); });
}

TEST_CASE("a shot is seen at once, and handed over to the real one without a step") {
    Bench bench;
    for (int i = 0; i < 3; ++i) bench.give({});
    bench.give({.fire = true});
    EntityId shot;
    bench.prediction.each([&](EntityId entity) { shot = entity != bench.ship ? entity : shot; });
    REQUIRE(shot);
    CHECK(shot.slot >= bench.replica.slots());
    CHECK(bench.prediction.get<Label>(shot)->number == 60);
    for (int i = 0; i < 5; ++i) bench.give({});
    CHECK(bench.prediction.get<Label>(shot)->number == 55);
    bench.play(2);
    bench.tell(); // not played yet: it is run again with all the rest
    CHECK(bench.prediction.get<Label>(shot)->number == 55);
    const Ship before = *bench.prediction.predicted<Ship>(shot, bench.now);
    bench.play(4);
    bench.tell();
    Outcome outcome;
    REQUIRE(bench.prediction.poll_event(outcome));
    CHECK(outcome.foreseen == shot);
    REQUIRE(outcome.real);
    CHECK(!bench.prediction.poll_event(outcome));
    CHECK(bench.world.alive(outcome.real));
    CHECK(!bench.prediction.predicts(shot));
    CHECK(same(*bench.prediction.predicted<Ship>(outcome.real, bench.now), before));
    CHECK(bench.prediction.get<Label>(outcome.real)->number == 55);
    std::size_t count = 0;
    bench.prediction.each([&](EntityId) { ++count; });
    CHECK(count == 2);
    // Its life ends here first, and then there.
    for (int i = 0; i < 60; ++i) {
        bench.give({});
        bench.play(1);
        if (i % 3 == 0) bench.tell();
    }
    CHECK(!bench.prediction.get<Ship>(outcome.real));
    CHECK(bench.prediction.figures().corrections == 0);
}

TEST_CASE("a shot that is refused is withdrawn, and so is one that is not fired after all") {
    Bench bench;
    bench.refuses = true;
    bench.give({.fire = true});
    bench.give({});
    bench.play(2);
    bench.tell();
    Outcome outcome;
    REQUIRE(bench.prediction.poll_event(outcome));
    CHECK(!outcome.real);
    CHECK(!bench.prediction.predicts(outcome.foreseen));
    CHECK(bench.prediction.figures().withdrawn == 1);
    // No ship, no shot: the authority took it away before the shot was played.
    bench.give({.fire = true});
    bench.world.despawn(bench.ship);
    bench.tell();
    REQUIRE(bench.prediction.poll_event(outcome));
    CHECK(!outcome.real);
    bench.prediction.each([](EntityId) { CHECK(false); });
}

TEST_CASE("as many things are foreseen as there is room for, and the oldest outcomes are forgotten") {
    Bench bench;
    for (int i = 0; i < 6; ++i) bench.give({.fire = true});
    std::size_t count = 0;
    bench.prediction.each([&](EntityId) { ++count; });
    CHECK(count == 1 + 3);
    bench.play(6);
    bench.tell();
    count = 0;
    bench.prediction.each([&](EntityId) { ++count; });
    CHECK(count == 1 + 6);
    CHECK(bench.prediction.figures().matched == 3);
    CHECK(bench.prediction.figures().corrections == 0);
}

TEST_CASE("once it is open a prediction allocates nothing") {
    Bench bench;
    bench.given.reserve(300);
    const allocations::Count count;
    for (int i = 0; i < 200; ++i) {
        bench.give({.turn = 0.02f, .fire = i % 10 == 0});
        if (i > 8) bench.play(1);
        if (i % 3 == 0) bench.tell();
        Outcome outcome;
        while (bench.prediction.poll_event(outcome)) CHECK(outcome.real);
    }
    CHECK(count.bytes() == 0);
    CHECK(bench.prediction.figures().matched > 15);
}
