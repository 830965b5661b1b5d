#include "tenon/bus/refusals.hpp"

#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon::literals;

TEST_CASE("what is refused is counted by its name") {
    bus::Refusals refusals;
    CHECK(refusals.count(Error::flooded) == Error::flooded);
    refusals.count(Result<>(Error::flooded));
    refusals.count(Result<>());
    CHECK(refusals.of(Error::flooded) == 2);
    CHECK(refusals.total() == 2);
}

TEST_CASE("an allowance is used up, and grows again with time, up to what may come at once") {
    bus::Allowance allowance(10, 3);
    Instant now{1'000'000'000};
    for (int i = 0; i < 3; ++i) CHECK(allowance.take(now));
    CHECK_FALSE(allowance.take(now));
    now += 100_ms;
    CHECK(allowance.take(now));
    CHECK_FALSE(allowance.take(now));
    CHECK_FALSE(allowance.take(now - 50_ms)); // time that goes back gives nothing
    now += 10_s;
    for (int i = 0; i < 3; ++i) CHECK(allowance.take(now));
    CHECK_FALSE(allowance.take(now));
}
