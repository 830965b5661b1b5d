#include "tenon/bus/concept.hpp"

#include <doctest/doctest.h>

TEST_CASE("a subject that ends in .> stands for all that begin like it") {
    using tenon::bus::matches;
    CHECK(matches("a.b", "a.b"));
    CHECK_FALSE(matches("a.b", "a.b.c"));
    CHECK(matches("a.>", "a.b"));
    CHECK(matches("a.>", "a.b.c"));
    CHECK_FALSE(matches("a.>", "a."));
    CHECK_FALSE(matches("a.>", "a"));
    CHECK_FALSE(matches("a.>", "ab.c"));
    CHECK_FALSE(matches("", "a"));
}
