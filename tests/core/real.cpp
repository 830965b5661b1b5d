#include "tenon/core/real.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace tenon;

TEST_CASE("real numbers come to what <cmath> says, to the bit") {
    for (int i = -4000; i <= 4000; ++i) {
        const double x = i * 0.00025 + (i % 7) * 1e-9;
        CHECK(real::abs(x * 300) == std::fabs(x * 300));
        CHECK(real::floor(x * 300) == std::floor(x * 300));
        CHECK(real::sin(x * 300) == std::sin(x * 300));
        CHECK(real::exp(x * 300) == std::exp(x * 300));
        if (x >= -1 && x <= 1) CHECK(real::acos(x) == std::acos(x));
        if (x >= 0) CHECK(real::sqrt(x * 300) == std::sqrt(x * 300));
    }
}

TEST_CASE("what is no number stays none") {
    const double none = std::numeric_limits<double>::quiet_NaN();
    CHECK(std::isnan(real::abs(none)));
    CHECK(std::isnan(real::floor(none)));
    CHECK(std::isnan(real::sqrt(-1.0)));
    CHECK(std::isnan(real::acos(2.0)));
    CHECK(real::exp(-std::numeric_limits<double>::infinity()) == 0);
}
