#include "tenon/core/prefetch.hpp"

#include <doctest/doctest.h>

#include <array>

TEST_CASE("memory that is fetched stays as it is, and an address where nothing is hurts nobody") {
    std::array<int, 100> numbers{};
    numbers[50] = 7;
    tenon::prefetch(numbers.data(), sizeof(numbers));
    tenon::prefetch(numbers.data());
    tenon::prefetch(nullptr, 4096);
    tenon::prefetch_to(numbers.data() + 3, numbers.data() + 90);
    tenon::prefetch_to(nullptr, nullptr);
    CHECK(numbers[50] == 7);
}
