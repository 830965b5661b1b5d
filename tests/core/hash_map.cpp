#include "tenon/core/hash_map.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"

namespace {

struct Key {
    std::uint32_t value = 0;
    std::uint64_t hash() const { return value; }
    friend bool operator==(Key, Key) = default;
};

// Counts how often keys are compared, which is how long the searches are.
std::uint64_t comparisons = 0;
struct CountedKey {
    std::uint64_t value = 0;
    std::uint64_t hash() const { return value; }
    friend bool operator==(const CountedKey& a, const CountedKey& b) {
        ++comparisons;
        return a.value == b.value;
    }
};

// All keys have one hash, whatever the seed.
struct SameHash {
    std::uint32_t value = 0;
    std::uint64_t hash() const { return 7; }
    friend bool operator==(SameHash, SameHash) = default;
};

// Wider than its hash: unseeded, the two halves cancel each other at a stranger's will.
struct WideKey {
    std::uint64_t low = 0, high = 0;
    std::uint64_t hash(std::uint64_t seed) const {
        ++comparisons;
        return tenon::splitmix(tenon::splitmix(low ^ seed) + tenon::splitmix(high + seed));
    }
    friend bool operator==(const WideKey&, const WideKey&) = default;
};

template <class K>
void compare_with_model(std::uint64_t seed, std::uint32_t range, std::size_t limit) {
    tenon::HashMap<K, std::string> map(limit, seed);
    std::unordered_map<std::uint32_t, std::string> model;
    tenon::Random random(seed);
    for (int turn = 0; turn < 20'000; ++turn) {
        const auto number = static_cast<std::uint32_t>(random.below(range));
        const K key{number};
        const bool fills = (turn / 2000) % 2 == 0;
        if (random.chance(fills ? 0.6 : 0.3)) {
            const std::string value = std::to_string(turn);
            const std::string* place = map.insert(key, value);
            if (model.count(number) != 0 || model.size() < limit) {
                REQUIRE(place != nullptr);
                REQUIRE(*place == value);
                model[number] = value;
            } else {
                REQUIRE(place == nullptr);
            }
        } else {
            REQUIRE(map.erase(key) == (model.erase(number) == 1));
        }
        REQUIRE(map.size() == model.size());
        const auto asked = static_cast<std::uint32_t>(random.below(range));
        const std::string* found = std::as_const(map).find(K{asked});
        REQUIRE((found != nullptr) == (model.count(asked) == 1));
        if (found != nullptr) REQUIRE(*found == model[asked]);
        if (turn % 4000 == 3999) {
            map.erase_if([](const K& k, const std::string&) { return k.value % 3 == 0; });
            for (auto it = model.begin(); it != model.end();)
                it = it->first % 3 == 0 ? model.erase(it) : std::next(it);
            std::size_t met = 0;
            map.for_each([&](const K& k, std::string& value) {
                ++met;
                REQUIRE(model.at(k.value) == value);
            });
            REQUIRE(met == model.size());
        }
    }
    map.clear();
    CHECK(map.empty());
    CHECK(map.find(K{1}) == nullptr);
}

} // namespace

TEST_CASE("a map holds what a model of it holds, through thousands of random operations") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        compare_with_model<Key>(seed, 30, 1 << 20);
        compare_with_model<Key>(seed, 5000, 1 << 20);
        compare_with_model<Key>(seed, 500, 100);
    }
}

TEST_CASE("keys that all collide are slow but never wrong") { compare_with_model<SameHash>(4, 60, 1 << 20); }

TEST_CASE("keys that a stranger chose to collide don't in a map with a seed of its own") {
    // 500 keys that all begin their search at one place of an unseeded map.
    std::vector<CountedKey> hostile;
    for (std::uint64_t i = 0; hostile.size() < 500; ++i)
        if (tenon::splitmix(i) % 1024 == 0) hostile.push_back({i});
    const auto cost = [&](std::uint64_t seed) {
        tenon::HashMap<CountedKey, int> map(1 << 20, seed);
        REQUIRE(map.reserve(512));
        REQUIRE(map.capacity() == 1024);
        comparisons = 0;
        for (const CountedKey& key : hostile) map.insert(key, 1);
        return comparisons;
    };
    CHECK(cost(0) > 500 * 499 / 4);            // the attack works where the seed is known
    CHECK(cost(0x1234'5678'9ABC'DEF0) < 2000); // and not where it isn't
}

TEST_CASE("a key that mixes the seed in itself is asked to, each time") {
    tenon::HashMap<WideKey, int> map(100, 9);
    comparisons = 0;
    map.insert({1, 2}, 3);
    CHECK(comparisons != 0);
    CHECK(map.find({1, 2}) != nullptr);
    CHECK(map.find({2, 1}) == nullptr);
}

TEST_CASE("at its limit a map still replaces what it has") {
    tenon::HashMap<Key, int> map(3);
    for (std::uint32_t i = 0; i < 3; ++i) CHECK(map.insert({i}, 1) != nullptr);
    CHECK(map.insert({3}, 1) == nullptr);
    CHECK(*map.insert({2}, 5) == 5);
    CHECK(map.size() == 3);
    CHECK(map.limit() == 3);
    CHECK(map.erase({0}));
    CHECK(map.insert({3}, 1) != nullptr);
    CHECK_FALSE(map.reserve(4));
    tenon::HashMap<Key, int> none(0);
    CHECK(none.insert({1}, 1) == nullptr);
    CHECK_FALSE(none.erase({1}));
}

TEST_CASE("reserved room is used without growing") {
    tenon::HashMap<Key, int> map;
    CHECK(map.capacity() == 0);
    CHECK(map.reserve(100));
    const std::size_t capacity = map.capacity();
    for (std::uint32_t i = 0; i < 100; ++i) map.insert({i}, 0);
    CHECK(map.capacity() == capacity);
}

TEST_CASE("only an empty map takes another seed") {
    tenon::HashMap<Key, int> map;
    map.insert({1}, 10);
    map.set_seed(77); // would lose the key if it were taken
    CHECK(*map.find({1}) == 10);
    map.erase({1});
    map.set_seed(77);
    map.insert({1}, 11);
    CHECK(*map.find({1}) == 11);
}

TEST_CASE("a map that moves takes everything with it") {
    tenon::HashMap<Key, std::string> map(10, 5);
    map.insert({1}, "one");
    tenon::HashMap<Key, std::string> other(std::move(map));
    CHECK(*other.find({1}) == "one");
    map = std::move(other);
    CHECK(*map.find({1}) == "one");
    CHECK(map.limit() == 10);
}

TEST_CASE("what fetching a place gives finds the key there, also where there is none") {
    tenon::HashMap<WideKey, int> map(1000, 77);
    const WideKey none{1, 2};
    CHECK(map.find(none, map.prefetch(none)) == nullptr);
    for (std::uint64_t i = 0; i < 300; ++i) REQUIRE(map.insert({i, i * 7}, static_cast<int>(i)) != nullptr);
    for (std::uint64_t i = 0; i < 300; ++i) {
        const WideKey key{i, i * 7}, other{i, i * 7 + 1};
        const int* found = map.find(key, map.prefetch(key));
        REQUIRE(found != nullptr);
        CHECK(*found == static_cast<int>(i));
        CHECK(map.find(other, map.prefetch(other)) == nullptr);
    }
}
