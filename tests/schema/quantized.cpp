#include "tenon/schema/quantized.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using tenon::bounded;
using tenon::quantized;
using tenon::ranged;

TEST_CASE("a quantized value is at most half a step off, everywhere in its range") {
    float x = 0;
    const auto grid = quantized(x, -256, 256, 0.01);
    CHECK(grid.index_max == 51200);
    for (int i = -256000; i <= 256000; i += 7) {
        x = static_cast<float>(i) / 1000;
        const auto back = static_cast<double>(grid.at(grid.index()));
        if (std::abs(back - static_cast<double>(x)) > 0.005 + 1e-4) FAIL_CHECK(x);
    }
}

TEST_CASE("a quantized value outside its range is clamped, and NaN is the lowest") {
    double x = 0;
    const auto grid = quantized(x, 1, 4, 0.5);
    const auto index_of = [&](double value) {
        x = value;
        return grid.index();
    };
    CHECK(grid.index_max == 6);
    CHECK(index_of(-1e300) == 0);
    CHECK(index_of(1e300) == 6);
    CHECK(index_of(std::numeric_limits<double>::infinity()) == 6);
    CHECK(index_of(std::numeric_limits<double>::quiet_NaN()) == 0);
    CHECK(index_of(1.24) == 0);
    CHECK(index_of(1.26) == 1);
    CHECK(index_of(4) == 6);
}

TEST_CASE("the ends of a quantized range are exact, also where the step does not divide it") {
    float x = 0;
    const auto grid = quantized(x, 0, 1, 0.3);
    CHECK(grid.index_max == 3);
    CHECK(grid.at(0) == 0);
    CHECK(grid.at(3) <= 1);
    x = 1;
    CHECK(grid.index() == 3);
    for (std::uint64_t i = 0; i <= grid.index_max; ++i) {
        x = grid.at(i);
        CHECK(grid.index() == i);
    }
}

TEST_CASE("what a plain archive has read is clamped to a quantized range") {
    float x = 0;
    const auto grid = quantized(x, -1, 2, 0.5);
    const auto clamped = [&](float value) {
        x = value;
        grid.clamp();
        return x;
    };
    CHECK(clamped(0.3f) == 0.3f);
    CHECK(clamped(-5) == -1);
    CHECK(clamped(5) == 2);
    CHECK(clamped(std::numeric_limits<float>::quiet_NaN()) == -1);
    CHECK(clamped(-std::numeric_limits<float>::infinity()) == -1);
}

TEST_CASE("a ranged integer is an index from its lowest value, whatever its type") {
    std::int64_t n = 0;
    const auto whole = ranged(n, INT64_MIN, INT64_MAX);
    CHECK(whole.index_max() == UINT64_MAX);
    for (const std::int64_t value : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_MAX}) {
        n = value;
        CHECK(whole.at(whole.index()) == value);
    }
    std::int8_t small = 0;
    const auto range = ranged(small, -100, 100);
    CHECK(range.index_max() == 200);
    for (int value = -128; value <= 127; ++value) {
        small = static_cast<std::int8_t>(value);
        CHECK(range.at(range.index()) == (value < -100 ? -100 : value > 100 ? 100 : value));
        CHECK(range.holds() == (value >= -100 && value <= 100));
    }
    enum class Team : std::uint8_t { red, green, blue } team = Team::blue;
    const auto teams = ranged(team, Team::red, Team::blue);
    CHECK(teams.index_max() == 2);
    CHECK(teams.index() == 2);
    CHECK(teams.at(1) == Team::green);
    team = static_cast<Team>(9);
    CHECK_FALSE(teams.holds());
}

TEST_CASE("a range of one value needs no index") {
    unsigned n = 7;
    const auto one = ranged(n, 7u, 7u);
    CHECK(one.index_max() == 0);
    CHECK(one.index() == 0);
    CHECK(one.at(0) == 7);
}

TEST_CASE("a container has a bound even where nobody wrote one") {
    static_assert(tenon::bound_of<std::string> == tenon::default_chars_max);
    static_assert(tenon::bound_of<std::vector<int>> == tenon::default_elements_max);
    std::vector<int> list;
    CHECK(bounded(list, 7).max == 7);
    CHECK(&bounded(list, 7).value == &list);
}
