#include "tenon/replica/stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::EntityId;
using tenon::PeerId;
using tenon::Reach;
using tenon::Stage;
using tenon::Viewer;

namespace {

std::vector<std::size_t> seen(Stage<2>& stage) {
    std::vector<std::size_t> slots;
    stage.sighting().take([&](std::size_t slot, float) { slots.push_back(slot); });
    return slots;
}

} // namespace

TEST_CASE("who may see what follows from reach, room, team and owner") {
    const PeerId me{3}, you{4};
    CHECK(Viewer{me}.may_see({}));
    CHECK(!Viewer{me}.may_see({.reach = Reach::owner, .owner = you}));
    CHECK(Viewer{me}.may_see({.reach = Reach::owner, .owner = me}));
    CHECK(!Viewer{}.may_see({.reach = Reach::owner})); // nobody is not the owner of what nobody owns
    CHECK(!Viewer{me, 1}.may_see({.room = 2}));
    CHECK(Viewer{me, 2}.may_see({.room = 2}));
    CHECK(Viewer{me, 2}.may_see({.room = 0}));
    CHECK(Viewer{me, 1}.may_see({.room = 2, .owner = me}));
    CHECK(!Viewer{me, 0, 0b01}.may_see({.teams = 0b10}));
    CHECK(Viewer{me, 0, 0b11}.may_see({.teams = 0b10}));
}

TEST_CASE("near ones are found by place, others by room or owner, each once and in order") {
    Stage<2> stage(70, 10);
    const auto id = [](int slot) { return EntityId{static_cast<std::uint16_t>(slot), 1}; };
    stage.place(id(65), {{3, 4}});
    stage.place(id(2), {{100, 0}});
    stage.place(id(3), {{1, 0}});
    stage.set(id(3), {.reach = Reach::owner, .owner = PeerId{5}}); // near, but only its owner's
    stage.set(id(4), {.reach = Reach::room});
    stage.set(id(5), {.reach = Reach::room, .room = 7});
    stage.set(id(6), {.reach = Reach::room, .room = 8});
    stage.place(id(1), {{500, 500}});
    stage.set(id(1), {.owner = PeerId{5}});
    stage.look_around({{0, 0}}, 10, 0);
    CHECK(seen(stage) == std::vector<std::size_t>{65});
    stage.look_about({PeerId{5}, 7});
    stage.look_around({{0, 0}}, 10, 0);
    stage.look_around({{0, 1}}, 10, 0);
    CHECK(seen(stage) == std::vector<std::size_t>{1, 3, 4, 5, 65});
    CHECK(seen(stage).empty());
    float far = 0;
    stage.look_around({{0, 0}}, 10, 0);
    stage.look_around({{3, 3}}, 10, 0);
    stage.sighting().take([&](std::size_t, float how) { far = how; });
    CHECK(far == doctest::Approx(0.1)); // from the nearer of the two
}

TEST_CASE("a slot's next tenant has nothing from the one before, and who is gone is told by its id") {
    Stage<2> stage(4, 10);
    stage.place({1, 1}, {{0, 0}});
    stage.set({1, 1}, {.reach = Reach::room, .owner = PeerId{5}});
    stage.place({1, 2}, {{1, 0}});
    CHECK(!stage.is({1, 1}));
    CHECK(stage.scope(1).reach == Reach::around);
    stage.look_about({PeerId{5}});
    CHECK(seen(stage).empty());
    stage.remove({1, 1}); // was gone already
    CHECK(stage.is({1, 2}));
    stage.remove({1, 2});
    stage.look_around({{0, 0}}, 10, 0);
    CHECK(seen(stage).empty());
    stage.place({9, 1}, {{0, 0}}); // there is no such slot
    stage.place(EntityId::none(), {{0, 0}});
    CHECK(!stage.is({9, 1}));
}

TEST_CASE("of too many the nearest stay, in their order") {
    tenon::Random random(1);
    Stage<2> stage(300, 10);
    for (int round = 0; round < 300; ++round) {
        const auto count = static_cast<std::size_t>(1 + random.below(300));
        const auto most = static_cast<std::size_t>(random.below(count + 1));
        std::vector<float> ranks;
        for (std::size_t i = 0; i < count; ++i) {
            // Many of them equally far.
            ranks.push_back(static_cast<float>(random.below(round % 2 == 0 ? 5 : 100'000)));
            stage.found()[i] = {{static_cast<std::uint16_t>(i), 1, 1, 1}, 0, ranks[i]};
        }
        REQUIRE(stage.nearest(count, most) == most);
        std::sort(ranks.begin(), ranks.end());
        std::vector<float> kept;
        for (std::size_t i = 0; i < most; ++i) {
            kept.push_back(stage.found()[i].rank);
            if (i != 0) REQUIRE(stage.found()[i].seen.slot > stage.found()[i - 1].seen.slot);
        }
        std::sort(kept.begin(), kept.end());
        ranks.resize(most);
        REQUIRE(kept == ranks);
    }
}
