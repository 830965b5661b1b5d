#include "tenon/replica/grid.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <vector>

#include "../allocations.hpp"
#include "tenon/core/random.hpp"
#include "tenon/replica/slot_chains.hpp"

using tenon::Grid;
using tenon::Point;

namespace {

template <std::size_t Dimensions>
Point<Dimensions> anywhere(tenon::Random& random, double reach) {
    Point<Dimensions> point;
    for (float& c : point.at) c = static_cast<float>((random.real() * 2 - 1) * reach);
    return point;
}

// Beside asking everybody, with entities that move, come and go.
template <std::size_t Dimensions>
void compare(std::uint64_t seed) {
    constexpr std::size_t slots = 200;
    tenon::Random random(seed);
    Grid<Dimensions> grid(slots, 5);
    std::size_t found_some = 0;
    for (int round = 0; round < 300; ++round) {
        for (int i = 0; i < 20; ++i) {
            const auto slot = static_cast<std::size_t>(random.below(slots));
            if (random.chance(0.2))
                grid.remove(slot);
            else
                grid.put(slot, anywhere<Dimensions>(random, random.chance(0.05) ? 1e12 : 40));
        }
        const auto centre = anywhere<Dimensions>(random, 45);
        const auto radius = static_cast<float>(random.real() * (round % 10 == 0 ? 1e9 : 30));
        std::multiset<std::size_t> found, expected;
        grid.around(centre, radius, [&](std::size_t slot, float square) {
            found.insert(slot);
            REQUIRE(square <= radius * radius);
        });
        for (std::size_t slot = 0; slot < slots; ++slot) {
            if (!grid.has(slot)) continue;
            float sum = 0;
            for (std::size_t i = 0; i < Dimensions; ++i) {
                const float apart = grid.place(slot).at[i] - centre.at[i];
                sum += apart * apart;
            }
            if (sum <= radius * radius) expected.insert(slot);
        }
        REQUIRE(found == expected);
        found_some += !found.empty();
    }
    CHECK(found_some > 100);
}

} // namespace

TEST_CASE("who is near is found, once, and nobody else") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        compare<2>(seed);
        compare<3>(seed);
    }
}

TEST_CASE("places that are none are nowhere, and looks that can't be find nobody") {
    Grid<2> grid(4, 1);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    far = std::numeric_limits<float>::infinity();
    grid.put(0, {{1, 1}});
    grid.put(1, {{nan, 1}});
    grid.put(2, {{far, 1}});
    grid.put(9, {{1, 1}});
    CHECK(grid.has(0));
    CHECK(!grid.has(1));
    CHECK(!grid.has(2));
    CHECK(!grid.has(9));
    std::size_t found = 0;
    const auto count = [&](std::size_t, float) { ++found; };
    grid.around({{nan, 0}}, 10, count);
    grid.around({{0, 0}}, nan, count);
    grid.around({{0, 0}}, -1, count);
    CHECK(found == 0);
    grid.around({{0, 0}}, far, count);
    CHECK(found == 1);
    grid.around({{1e30f, -1e30f}}, 10, count);
    CHECK(found == 1);
    grid.put(0, {{0, nan}}); // it is lost
    CHECK(!grid.has(0));
}

TEST_CASE("slots are found by their key, moved and taken out") {
    tenon::SlotChains chains(300);
    tenon::Random random(3);
    std::vector<std::uint64_t> keys(300, 0);
    for (int round = 0; round < 5000; ++round) {
        const auto slot = static_cast<std::size_t>(random.below(300));
        keys[slot] = random.chance(0.3) ? 0 : 1 + random.below(5) * (std::uint64_t(1) << 40);
        if (keys[slot] != 0)
            chains.put(slot, keys[slot]);
        else if (chains.remove(slot))
            CHECK(!chains.remove(slot)); // it can be taken out once
        if (round % 50 != 0) continue;
        for (std::uint64_t key = 1; key < 5 * (std::uint64_t(1) << 40); key += std::uint64_t(1) << 40) {
            std::multiset<std::size_t> found, expected;
            chains.each(key, [&](std::size_t s) { found.insert(s); });
            for (std::size_t s = 0; s < 300; ++s)
                if (keys[s] == key) expected.insert(s);
            REQUIRE(found == expected);
        }
    }
}

TEST_CASE("a grid allocates when it is made, and not again") {
    Grid<3> grid(100, 2);
    tenon::Random random(1);
    const allocations::Count count;
    std::size_t found = 0;
    for (int i = 0; i < 1000; ++i) {
        grid.put(static_cast<std::size_t>(random.below(100)), anywhere<3>(random, 20));
        grid.around(anywhere<3>(random, 20), 8, [&](std::size_t, float) { ++found; });
    }
    CHECK(found != 0);
    CHECK(count.bytes() == 0);
}
