#include "tenon/schema/delivery.hpp"

#include <doctest/doctest.h>

#include <string>

using tenon::Delivery;

namespace {

template <class D>
void says_the_same() {
    static_assert(tenon::DeliveryPolicy<D>);
    CHECK(tenon::is_reliable(D::value) == D::is_reliable);
    CHECK(tenon::is_ordered(D::value) == D::is_ordered);
    CHECK(tenon::is_newest(D::value) == D::is_newest);
}

} // namespace

TEST_CASE("a delivery's type and its value say the same") {
    says_the_same<tenon::BestEffort>();
    says_the_same<tenon::Newest>();
    says_the_same<tenon::Reliable>();
    says_the_same<tenon::Ordered>();
    static_assert(!tenon::DeliveryPolicy<int>);
    static_assert(tenon::Ordered::is_reliable);
}

TEST_CASE("every delivery has a name of its own") {
    CHECK(tenon::name(Delivery::best_effort) == "best_effort");
    CHECK(tenon::name(Delivery::newest) == "newest");
    CHECK(tenon::name(Delivery::reliable) == "reliable");
    CHECK(tenon::name(Delivery::ordered) == "ordered");
    CHECK(tenon::name(static_cast<Delivery>(9)) == "unknown");
}
