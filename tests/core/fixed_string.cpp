#include "tenon/core/fixed_string.hpp"

#include <doctest/doctest.h>

#include <type_traits>

namespace {
template <tenon::FixedString text>
struct Named {
    static constexpr std::string_view name = text.view();
};
} // namespace

TEST_CASE("text becomes a template argument, and the same text the same argument") {
    CHECK(Named<"arena">::name == "arena");
    CHECK(std::is_same_v<Named<"arena">, Named<"arena">>);
    CHECK_FALSE(std::is_same_v<Named<"arena">, Named<"arenb">>);
    CHECK_FALSE(std::is_same_v<Named<"arena">, Named<"aren">>);
}

TEST_CASE("the zero at the end is no part of the text, one in the middle is") {
    static_assert(tenon::FixedString("").size() == 0);
    static_assert(tenon::FixedString("").view().empty());
    static_assert(tenon::FixedString("a\0b").size() == 3);
    CHECK(tenon::FixedString("a\0b").view() == std::string_view("a\0b", 3));
    CHECK_FALSE(tenon::FixedString("a\0b") == tenon::FixedString("a"));
    CHECK(tenon::FixedString("abc") == tenon::FixedString("abc"));
}
