#include "tenon/core/time.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace tenon::literals;
using tenon::Duration;
using tenon::Instant;

TEST_CASE("units agree with each other") {
    static_assert(1_s == 1000_ms && 1_ms == 1000_us && 1_us == 1000_ns);
    CHECK(tenon::seconds(2) == 2_s);
    CHECK(tenon::seconds(0.5) == 500_ms);
    CHECK((1500_ms).seconds() == doctest::Approx(1.5));
    CHECK((1500_us).ms() == doctest::Approx(1.5));
    CHECK((1500_ns).us() == doctest::Approx(1.5));
}

TEST_CASE("more seconds than can be counted are as many as can be") {
    CHECK(tenon::seconds(1e300) == Duration::max());
    CHECK(tenon::seconds(-1e300) == -Duration::max());
    CHECK(tenon::seconds(Duration::max().seconds() * 2) == Duration::max());
    CHECK(tenon::seconds(std::numeric_limits<double>::infinity()) == Duration::max());
    CHECK(tenon::seconds(-2.5) == tenon::milliseconds(-2500));
    CHECK(tenon::period(1e-300) == Duration::max());
}

TEST_CASE("the arithmetic of moments and lengths") {
    Instant t{100};
    t += 50_ns;
    CHECK(t == Instant{150});
    CHECK(t - Instant{100} == 50_ns);
    CHECK(t - 50_ns == Instant{100});
    Duration d = 7_ms;
    d -= 2_ms;
    d += 1_ms;
    CHECK(d == 6_ms);
    CHECK(d * 2 == 12_ms);
    CHECK(d / 4 == 1500_us);
    CHECK(d / 4_ms == 1);
    CHECK(d % 4_ms == 2_ms);
    CHECK(tenon::abs(-d) == d);
    CHECK(tenon::clamp(d, 7_ms, 9_ms) == 7_ms);
    CHECK(tenon::clamp(10_ms, 7_ms, 9_ms) == 9_ms);
    CHECK(tenon::min(t, Instant::never()) == t);
    CHECK(tenon::max(t, Instant{0}) == t);
}

TEST_CASE("never is after everything, also when something is added to it") {
    CHECK(Instant::never() > Instant{} + Duration::max());
    CHECK(Instant::never() + Duration::max() > Instant::never());
    CHECK(Instant::never() - Instant{} > Duration::max());
}

TEST_CASE("a rate has a period, and a rate of nothing is never due") {
    CHECK(tenon::period(50) == 20_ms);
    CHECK(tenon::period(0) == Duration::max());
    CHECK(tenon::period(-1) == Duration::max());
}
