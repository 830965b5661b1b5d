#include "tenon/replica/motion.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "tenon/core/random.hpp"

using tenon::Foretold;
using tenon::Samples;
using tenon::Trust;

namespace {

// A path seen at every tick before now, to the nearest step.
template <class Path>
Samples seen(Path&& path, std::size_t count) {
    Samples samples;
    samples.count = count;
    const auto at = [&](std::int64_t age) { return std::llround(path(-static_cast<double>(age))); };
    for (std::size_t i = 0; i < count; ++i) {
        samples.age[i] = static_cast<std::int64_t>(i);
        samples.at[i][0] = (at(samples.age[i]) - at(0)) * 256;
    }
    return samples;
}

} // namespace

TEST_CASE("what is still stays, what is straight goes on, what is seen once says nothing") {
    Foretold f = tenon::foretell(seen([](double) { return 5.0; }, 10), 1, 6, 320);
    CHECK(f.by[0] == 0);
    CHECK(f.trust == Trust::still);
    f = tenon::foretell(seen([](double t) { return 3 * t; }, 10), 1, 6, 320);
    CHECK(f.by[0] == 18 * 256);
    CHECK(f.trust == Trust::straight + 2);
    f = tenon::foretell(seen([](double t) { return 3 * t; }, 1), 1, 6, 320);
    CHECK(f.by[0] == 0);
    CHECK(f.trust == Trust::once);
}

TEST_CASE("many samples see between the steps") {
    tenon::Random random(1);
    double worst = 0;
    for (int i = 0; i < 500; ++i) {
        const double speed = random.real() * 8 - 4, phase = random.real();
        const auto path = [&](double t) { return phase + speed * t; };
        const Foretold f = tenon::foretell(seen(path, 16), 1, 6, 320);
        const double error = std::fabs(static_cast<double>(f.by[0]) / 256 + std::round(phase) - path(6));
        worst = std::max(worst, error);
    }
    CHECK(worst < 1.2); // from the last two alone it could be six steps
}

TEST_CASE("a line does not go on before a bend") {
    const auto path = [](double t) { return t < -4 ? -20 - 5 * (t + 4) : 5 * t; };
    const Foretold f = tenon::foretell(seen(path, 16), 1, 2, 320);
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
