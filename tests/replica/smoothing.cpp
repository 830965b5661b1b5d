#include "tenon/replica/smoothing.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "paths.hpp"

using namespace paths;
using namespace tenon::literals;

TEST_CASE("a difference fades from where it was seen, evenly and to nothing") {
    constexpr Instant start{1'000'000'000};
    tenon::Smoothing<Ship> smoothing;
    Ship shown, is;
    shown.x = 2, shown.heading = 6.2f;
    shown.qz = std::sin(0.2f), shown.qw = std::cos(0.2f);
    is.x = 1, is.heading = 0.1f;
    CHECK(smoothing.apply(is, start).x == 1);
    smoothing.begin(start, shown, is, 100_ms);
    CHECK(smoothing.active());
    const Ship first = smoothing.apply(is, start);
    CHECK(first.x == 2);
    CHECK(first.heading == doctest::Approx(6.2));
    CHECK(first.qz == doctest::Approx(std::sin(0.2)));
    Ship moved = is;
    moved.x = 5;
    const Ship later = smoothing.apply(moved, start + 100_ms);
    CHECK(later.x == doctest::Approx(5 + std::exp(-1)));
    // The short way over the whole turn.
    CHECK(tenon::detail::turn_between(0.1, static_cast<double>(later.heading)) ==
          doctest::Approx((6.2 - 0.1 - 6.283185307) * std::exp(-1)).epsilon(0.001));
    CHECK(later.qz == doctest::Approx(std::sin(0.2 * std::exp(-1))).epsilon(0.001));
    CHECK(smoothing.apply(moved, start + 1_s).x == 5);
    smoothing.clear();
    CHECK(smoothing.apply(is, start).x == 1);
}
