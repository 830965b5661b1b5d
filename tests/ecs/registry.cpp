// The reference registry: entities die with their generation, and components stay packed.
#include "tenon/ecs/registry.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using ecs::Entity;

namespace {

struct Place {
    int x = 0;
};
struct Name {
    int letters = 0;
};
using Registry = ecs::Registry<Place, Name>;
static_assert(EcsRegistry<Registry, Place> && EcsRegistry<Registry, Name>);
static_assert(!EcsRegistry<Registry, int>, "it does not keep what it was not made for");

} // namespace

TEST_CASE("an entity that was destroyed is nobody, also when another has its place") {
    Registry registry;
    CHECK_FALSE(registry.valid(Entity{}));
    const Entity first = registry.create();
    CHECK(registry.valid(first));
    CHECK(registry.emplace<Place>(first, {7})->x == 7);
    CHECK(registry.destroy(first));
    CHECK_FALSE(registry.destroy(first));
    const Entity second = registry.create();
    CHECK(second.index == first.index);
    CHECK(second != first);
    CHECK_FALSE(registry.valid(first));
    CHECK(registry.try_get<Place>(second) == nullptr);
    CHECK(registry.emplace<Place>(first, {1}) == nullptr);
    CHECK(registry.try_get<Place>(first) == nullptr);
    CHECK_FALSE(registry.remove<Place>(first));
    CHECK_FALSE(registry.valid(Entity{17, 1}));
}

TEST_CASE("a component is set, replaced, and removed") {
    Registry registry;
    const Entity entity = registry.create();
    CHECK(registry.try_get<Name>(entity) == nullptr);
    registry.emplace<Name>(entity, {3});
    CHECK(registry.get<Name>(entity).letters == 3);
    registry.emplace<Name>(entity, {4});
    CHECK(registry.get<Name>(entity).letters == 4);
    CHECK(registry.count<Name>() == 1);
    CHECK(registry.remove<Name>(entity));
    CHECK_FALSE(registry.remove<Name>(entity));
    CHECK(registry.try_get<Name>(entity) == nullptr);
    CHECK(registry.valid(entity));
}

TEST_CASE("each meets those that have all of it, and may destroy whom it meets") {
    Registry registry;
    std::vector<Entity> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(registry.create());
        registry.emplace<Place>(all.back(), {i});
        if (i % 3 == 0) registry.emplace<Name>(all.back(), {i});
    }
    int both = 0;
    registry.each<Place, Name>([&](Entity entity, Place& place, Name& name) {
        CHECK(place.x == name.letters);
        CHECK(entity == all[static_cast<std::size_t>(place.x)]);
        ++both;
    });
    CHECK(both == 4);
    int met = 0;
    registry.each<Place>([&](Entity entity, Place& place) {
        ++met;
        if (place.x % 2 == 0) registry.destroy(entity);
    });
    CHECK(met == 10);
    CHECK(registry.count<Place>() == 5);
    CHECK(registry.count<Name>() == 2);
}

TEST_CASE("it is what a map would be, whatever is done to it") {
    Registry registry;
    registry.reserve(64);
    struct Model {
        std::optional<int> place, name;
    };
    std::map<Entity, Model> model;
    std::vector<Entity> ever;
    Random random(5);
    for (int i = 0; i < 20000; ++i) {
        const auto dice = random.below(10);
        if (model.size() < 40 && dice < 2) {
            ever.push_back(registry.create());
            CHECK(model.emplace(ever.back(), Model{}).second);
            continue;
        }
        if (ever.empty()) continue;
        const std::size_t newest = ever.size() < 60 ? ever.size() : 60;
        const Entity entity = ever[ever.size() - 1 - random.below(newest)];
        const auto known = model.find(entity);
        CHECK(registry.valid(entity) == (known != model.end()));
        if (dice == 2) {
            CHECK(registry.destroy(entity) == (known != model.end()));
            if (known != model.end()) model.erase(known);
        } else if (dice < 7) {
            const bool there = registry.emplace<Place>(entity, {i}) != nullptr;
            CHECK(there == (known != model.end()));
            if (there) known->second.place = i;
        } else if (dice < 9) {
            if (registry.emplace<Name>(entity, {i}) != nullptr) known->second.name = i;
        } else {
            const bool had = known != model.end() && known->second.place.has_value();
            CHECK(registry.remove<Place>(entity) == had);
            if (had) known->second.place.reset();
        }
    }
    std::size_t places = 0;
    for (const auto& [entity, has] : model) {
        const Place* place = registry.try_get<Place>(entity);
        const Name* name = registry.try_get<Name>(entity);
        CHECK((place != nullptr) == has.place.has_value());
        CHECK((name != nullptr) == has.name.has_value());
        if (place != nullptr) CHECK(place->x == *has.place);
        if (name != nullptr) CHECK(name->letters == *has.name);
        places += has.place.has_value();
    }
    CHECK(places > 0);
    CHECK(registry.count<Place>() == places);
}
