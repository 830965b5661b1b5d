#include "tenon/replica/scene.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <map>

#include "../allocations.hpp"
#include "paths.hpp"

using namespace paths;
using namespace tenon::literals;
using tenon::BytesIn;
using tenon::EntityId;
using tenon::PeerId;

TEST_CASE("a scene shows what is ours as it is foreseen, and the others as they are played back") {
    constexpr std::size_t entities = 64;
    constexpr PeerId self{4};
    World world({.entities_max = entities, .ticks = 64});
    tenon::SnapshotCache cache(entities, 1200, 4, 7);
    tenon::DeltaModels models(world.layout());
    tenon::SnapshotSender sender(world, cache, models);
    Replica replica(entities);
    Playback playback(replica, {.tick = 16_ms});
    tenon::Prediction<Game, Steer> prediction(replica);
    const tenon::Scene<Game, Steer> scene(playback, prediction);
    std::array<std::byte, 1200> buffer{};
    Rules rules;
    Instant now{1'000'000'000};
    std::uint64_t tick = 0;
    const EntityId mine = world.spawn(self), other = world.spawn(PeerId{5});
    world.set(mine, Ship{});
    world.set(other, Ship{});
    prediction.begin(self);
    const auto step = [&] {
        now += 16_ms;
        ++tick;
        world.set(other, Ship{.x = static_cast<float>(tick) * 0.1f});
        world.commit({tick});
        const std::size_t size = sender.write(buffer);
        const auto number = replica.handle(BytesIn(buffer).first(size));
        REQUIRE(number);
        (void)sender.acknowledged(*number);
        playback.heard(now, *number);
        CHECK(prediction.heard(now, *number, 0, rules));
    };
    for (int i = 0; i < 50; ++i) step();
    for (int i = 0; i < 9; ++i) CHECK(prediction.command({.fire = i == 0}, rules));
    std::size_t size = 0;
    const allocations::Count count;
    for (const auto& [entity, ship] : scene.view<Ship>(now)) {
        ++size;
        const bool is_same = ship.x == scene.get<Ship>(entity, now)->x;
        CHECK(is_same);
        if (entity == mine)
            CHECK(ship.x == doctest::Approx(0.9));
        else if (entity == other)
            CHECK(ship.x < world.get<Ship>(other)->x - 0.05f);
        else
            CHECK(ship.x > 2); // the shot
    }
    CHECK(size == 3);
    for (const auto& [entity, label] : scene.view<Label>(now)) {
        CHECK(entity != mine);
        CHECK(label.number == 52);
    }
    CHECK(count.bytes() == 0);
    // What was ours is gone at once, although it would still be played back for a while.
    world.despawn(mine);
    step();
    CHECK(playback.shows(mine, now));
    CHECK(!scene.get<Ship>(mine, now));
    for (const auto& [entity, ship] : scene.view<Ship>(now)) CHECK(entity == other);
    // What was given away goes on where it is played back.
    world.set_owner(other, self);
    step();
    CHECK(prediction.predicts(other));
    world.set_owner(other, PeerId{6});
    step();
    CHECK(scene.get<Ship>(other, now));
}
