#include "tenon/core/swap.hpp"

#include <doctest/doctest.h>

using tenon::replaced;
using tenon::swap_values;

namespace {

// Can be moved and not copied, and says what it held before.
struct Held {
    int* value = nullptr;
    explicit Held(int* of) : value(of) {}
    Held(Held&& other) noexcept : value(replaced(other.value, nullptr)) {}
    Held& operator=(Held&& other) noexcept {
        value = replaced(other.value, nullptr);
        return *this;
    }
};

} // namespace

TEST_CASE("two values change places without a copy") {
    int one = 1, two = 2;
    Held a(&one), b(&two);
    swap_values(a, b);
    CHECK(*a.value == 2);
    CHECK(*b.value == 1);
    swap_values(a, a);
    CHECK(*a.value == 2);
}

TEST_CASE("what is replaced is given back") {
    bool due = true;
    CHECK(replaced(due, false));
    CHECK_FALSE(replaced(due, false));
    int one = 1, two = 2;
    Held held(&one);
    CHECK(*replaced(held, Held(&two)).value == 1);
    CHECK(*held.value == 2);
    constexpr int was = [] {
        int value = 7;
        return replaced(value, 9) * 10 + value;
    }();
    static_assert(was == 79);
}
