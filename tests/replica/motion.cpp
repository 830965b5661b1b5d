#include "tenon/replica/motion.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "tenon/core/random.hpp"

using tenon::Foretold;
using tenon::Trust;

namespace {

// A path seen at every tick before now, to the nearest step; what it will be so long after the newest.
template <class Path>
Foretold seen(Path&& path, std::size_t count, std::int64_t ahead) {
    const auto at = [&](std::int64_t age) { return std::llround(path(-static_cast<double>(age))); };
    const auto sample = [&](std::size_t i, std::int64_t& age, std::int64_t* into) {
        age = static_cast<std::int64_t>(i);
        into[0] = (at(age) - at(0)) * 256;
        return i < count;
    };
    return tenon::foretell(sample, 1, ahead, 320);
}

} // namespace

TEST_CASE("what is still stays, what is straight goes on, what is seen once says nothing") {
    Foretold f = seen([](double) { return 5.0; }, 10, 6);
    CHECK(f.by[0] == 0);
    CHECK(f.trust == Trust::still);
    f = seen([](double t) { return 3 * t; }, 10, 6);
    CHECK(f.by[0] == 18 * 256);
    CHECK(f.trust == Trust::straight + 2);
    f = seen([](double t) { return 3 * t; }, 1, 6);
    CHECK(f.by[0] == 0);
    CHECK(f.trust == Trust::once);
}

TEST_CASE("many samples see between the steps") {
    tenon::Random random(1);
    double worst = 0;
    for (int i = 0; i < 500; ++i) {
        const double speed = random.real() * 8 - 4, phase = random.real();
        const auto path = [&](double t) { return phase + speed * t; };
        const Foretold f = seen(path, 16, 6);
        const double error = std::fabs(static_cast<double>(f.by[0]) / 256 + std::round(phase) - path(6));
        worst = std::max(worst, error);
    }
    CHECK(worst < 1.2); // from the last two alone it could be six steps
}

TEST_CASE("a line does not go on before a bend") {
    const auto path = [](double t) { return t < -4 ? -20 - 5 * (t + 4) : 5 * t; };
    const Foretold f = seen(path, 16, 2);
    CHECK(f.by[0] == 10 * 256);
    CHECK(f.trust == Trust::straight);
}

TEST_CASE("turns that were taken apart are put together again") {
    using tenon::detail::FixedTurn;
    tenon::Random random(2);
    for (int i = 0; i < 500; ++i) {
        std::int64_t half[3];
        for (std::int64_t& part : half) part = random.between(-FixedTurn::one / 3, FixedTurn::one / 3);
        std::int64_t back[3];
        REQUIRE(FixedTurn::exp(half).log(back));
        for (int k = 0; k < 3; ++k) REQUIRE(std::llabs(back[k] - half[k]) < FixedTurn::one / 400);
    }
    FixedTurn about{{0, FixedTurn::one, 0, 0}};
    std::int64_t none[3];
    CHECK(!about.log(none)); // half way round, it could be either way
}
