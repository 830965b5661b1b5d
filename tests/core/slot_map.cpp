#include "tenon/core/slot_map.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::SlotKey;
using tenon::SlotMap;

TEST_CASE("a key finds its item until that is erased, and nothing afterwards") {
    SlotMap<std::string> map;
    const SlotKey first = map.insert("first");
    CHECK(*map.get(first) == "first");
    CHECK(map.erase(first));
    CHECK(map.get(first) == nullptr);
    CHECK_FALSE(map.erase(first));
    const SlotKey second = map.insert("second");
    CHECK(second.index == first.index); // the place is used again
    CHECK(second.generation != first.generation);
    CHECK(map.get(first) == nullptr);
    CHECK(*map.get(second) == "second");
}

TEST_CASE("keys that were never given find nothing") {
    SlotMap<int> map;
    CHECK(map.get({}) == nullptr);
    CHECK(map.get({0, 1}) == nullptr);
    CHECK_FALSE(SlotKey::none());
    map.insert(1);
    CHECK(map.get({0, 0}) == nullptr);
    CHECK(map.get({1, 1}) == nullptr); // a place that nobody has had
    CHECK(map.get({5000, 1}) == nullptr);
    CHECK(map.at(1) == nullptr);
    CHECK_FALSE(map.key_at(1));
    CHECK(*map.at(0) == 1);
    CHECK(map.key_at(0) == SlotKey{0, 1});
}

TEST_CASE("a place whose generations are used up stays empty for good") {
    SlotMap<int, 3> map;
    std::vector<SlotKey> keys;
    for (int i = 0; i < 3; ++i) {
        keys.push_back(map.insert(i));
        CHECK(keys.back().index == 0);
        map.erase(keys.back());
    }
    const SlotKey next = map.insert(9);
    CHECK(next.index != 0);
    for (const SlotKey& key : keys) CHECK(map.get(key) == nullptr);
    CHECK(map.size() == 1);
}

TEST_CASE("a full table takes nothing until something leaves") {
    SlotMap<int> map(2);
    const SlotKey first = map.insert(1);
    CHECK(map.insert(2));
    CHECK_FALSE(map.insert(3));
    CHECK(map.size() == 2);
    map.erase(first);
    CHECK(map.insert(3));
    CHECK(map.limit() == 2);
    SlotMap<int> none(0);
    CHECK_FALSE(none.insert(1));
}

TEST_CASE("items stay where they are while others come and go") {
    SlotMap<std::array<int, 20>> map;
    std::vector<std::pair<SlotKey, const void*>> places;
    for (int i = 0; i < 1000; ++i) {
        const SlotKey key = map.insert({i});
        places.emplace_back(key, map.get(key));
        if (i % 5 == 0) {
            map.erase(places.front().first);
            places.erase(places.begin());
        }
    }
    for (const auto& [key, place] : places) REQUIRE(map.get(key) == place);
}

TEST_CASE("a table holds what a model of it holds, through random operations") {
    SlotMap<std::uint64_t> map;
    std::map<SlotKey, std::uint64_t> model;
    std::vector<SlotKey> dead;
    tenon::Random random(3);
    for (int turn = 0; turn < 20'000; ++turn) {
        const bool fills = (turn / 1000) % 2 == 0;
        if (model.empty() || random.chance(fills ? 0.6 : 0.4)) {
            const std::uint64_t value = random.next();
            const SlotKey key = map.insert(value);
            REQUIRE(key);
            REQUIRE(model.emplace(key, value).second); // no key twice
        } else {
            auto it = model.begin();
            std::advance(it, static_cast<std::ptrdiff_t>(random.below(model.size())));
            REQUIRE(*map.get(it->first) == it->second);
            REQUIRE(map.erase(it->first));
            dead.push_back(it->first);
            model.erase(it);
        }
        REQUIRE(map.size() == model.size());
        if (!dead.empty())
            REQUIRE(map.get(dead[static_cast<std::size_t>(random.below(dead.size()))]) == nullptr);
    }
    std::size_t met = 0;
    for (auto entry : map) {
        ++met;
        REQUIRE(model.at(entry.key) == entry.item);
    }
    CHECK(met == model.size());
    map.clear();
    CHECK(map.empty());
    CHECK_FALSE(map.begin() != map.end());
}

TEST_CASE("a loop may erase what it stands on, and what is ahead") {
    SlotMap<int> map;
    std::vector<SlotKey> keys;
    for (int i = 0; i < 200; ++i) keys.push_back(map.insert(i));
    int met = 0;
    for (auto entry : map) {
        ++met;
        const int item = entry.item;
        map.erase(entry.key);
        if (item + 1 < 200) map.erase(keys[static_cast<std::size_t>(item) + 1]);
    }
    CHECK(met == 100);
    CHECK(map.empty());
}

TEST_CASE("items are destroyed once, and are out of the table by then") {
    struct Watcher {
        SlotMap<Watcher>* map;
        std::shared_ptr<int> seen;
        SlotKey self{};
        Watcher(SlotMap<Watcher>* m, std::shared_ptr<int> s) : map(m), seen(std::move(s)) {}
        Watcher(Watcher&&) = default;
        ~Watcher() {
            if (self && map->get(self) == nullptr) ++*seen;
        }
    };
    const auto gone = std::make_shared<int>(0);
    SlotMap<Watcher> map;
    for (int i = 0; i < 5; ++i) {
        const SlotKey key = map.emplace(&map, gone);
        map.get(key)->self = key;
    }
    map.clear();
    CHECK(*gone == 5);
    CHECK(gone.use_count() == 1);
}

TEST_CASE("a table that moves takes its items with it") {
    SlotMap<std::string> map;
    const SlotKey key = map.insert("here");
    const std::string* place = map.get(key);
    SlotMap<std::string> other(std::move(map));
    CHECK(other.get(key) == place);
    map = std::move(other);
    CHECK(*map.get(key) == "here");
}
