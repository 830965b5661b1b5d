#include "tenon/transport/now.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("the clock never goes back, and does go on") {
    const Instant start = now();
    Instant last = start;
    while (last == start) {
        const Instant next = now();
        REQUIRE(next >= last);
        last = next;
    }
    CHECK(last > start);
    CHECK(last < Instant::never());
}
