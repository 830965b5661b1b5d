// What a slice is told is not there is noted here instead of stopping the program.
namespace test_slice {
int refused = 0;
}
#define TENON_ASSERT(condition, sentence) ((condition) ? (void)0 : (void)++test_slice::refused)
#ifndef _GLIBCXX_ASSERTIONS
#define _GLIBCXX_ASSERTIONS 1
#endif

#include "tenon/core/slice.hpp"

#include <doctest/doctest.h>

#include <array>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace test_slice {

// Of this file alone, so that no other file has the same functions with other assertions.
struct Coin {
    int value = 0;
};
struct Medal : Coin {};

using Coins = tenon::Slice<Coin>;
using Seen = tenon::Slice<const Coin>;

int sum(Seen coins) {
    int all = 0;
    for (const Coin& coin : coins) all += coin.value;
    return all;
}
int sum_of_span(std::span<const Coin> coins) { return sum(coins); }
void spend(std::span<Coin> coins) {
    for (Coin& coin : coins) --coin.value;
}
std::vector<Coin> purse() { return {{1}, {2}, {3}}; }

int refusals(auto&& act) {
    refused = 0;
    (void)act();
    return refused;
}

} // namespace test_slice

using test_slice::Coin;
using test_slice::Coins;
using test_slice::Seen;

TEST_CASE("a slice is made of whatever has its values in a row") {
    std::vector<Coin> vector{{1}, {2}, {3}};
    const std::array<Coin, 3> array{{{4}, {5}, {6}}};
    Coin plain[] = {{7}, {8}};
    CHECK(test_slice::sum(vector) == 6);
    CHECK(test_slice::sum(array) == 15);
    CHECK(test_slice::sum(plain) == 15);
    CHECK(test_slice::sum({plain, 1}) == 7);
    CHECK(test_slice::sum(test_slice::purse()) == 6);
    CHECK(test_slice::sum({}) == 0);
    CHECK(Seen().empty());
    CHECK(Seen().data() == nullptr);

    const Coins coins = vector;
    coins[1].value = 20;
    CHECK(vector[1].value == 20);
    CHECK(test_slice::sum(coins) == 24);
    CHECK(Seen(coins).data() == vector.data());
}

TEST_CASE("a slice becomes a std::span, and a std::span a slice") {
    std::vector<Coin> vector{{1}, {2}, {3}};
    Coins coins = std::span(vector).first(2);
    CHECK(coins.size() == 2);
    CHECK(test_slice::sum_of_span(Seen(coins)) == 3);
    test_slice::spend(coins);
    CHECK(vector[0].value == 0);
    CHECK(vector[2].value == 3);
}

TEST_CASE("a slice adds a const and takes none away, and never steps over values of another size") {
    CHECK(std::is_convertible_v<Coins, Seen>);
    CHECK(!std::is_convertible_v<Seen, Coins>);
    CHECK(!std::is_convertible_v<const std::vector<Coin>&, Coins>);
    CHECK(!std::is_convertible_v<std::vector<Coin>, Coins>); // it would be gone before it is written to
    CHECK(!std::is_convertible_v<std::vector<test_slice::Medal>&, Seen>);
    CHECK(!std::is_convertible_v<std::string&, Seen>);
    CHECK(!std::is_convertible_v<int, Seen>);
    CHECK(std::is_trivially_copyable_v<Coins>);
}

TEST_CASE("parts of a slice lie where they lay") {
    Coin plain[] = {{1}, {2}, {3}, {4}};
    const Coins coins = plain;
    CHECK(coins.front().value == 1);
    CHECK(coins.back().value == 4);
    CHECK(coins.first(0).empty());
    CHECK(test_slice::sum(coins.first(3)) == 6);
    CHECK(test_slice::sum(coins.last(1)) == 4);
    CHECK(coins.last(4).data() == plain);
    CHECK(test_slice::sum(coins.subspan(1)) == 9);
    CHECK(test_slice::sum(coins.subspan(1, 2)) == 5);
    CHECK(coins.subspan(4).empty());
    CHECK(coins.end() - coins.begin() == 4);
}

TEST_CASE("what lies beyond a slice is an assertion where the library has its own on") {
    Coin plain[] = {{1}, {2}, {3}, {4}};
    const Coins coins(plain, 2);
    using test_slice::refusals;
    CHECK(refusals([&] { return &coins[1] + coins.first(2).size() + coins.subspan(2).size(); }) == 0);
    CHECK(refusals([&] { return &coins[2]; }) == 1);
    CHECK(refusals([&] { return &coins.first(0).front(); }) == 1);
    CHECK(refusals([&] { return coins.first(3); }) == 1);
    CHECK(refusals([&] { return Coins(plain + 1, 2).last(3); }) == 1);
    CHECK(refusals([&] { return coins.subspan(3); }) == 1);
    CHECK(refusals([&] { return coins.subspan(1, 2); }) == 1);
    CHECK(refusals([&] { return coins.subspan(2, static_cast<std::size_t>(-1)); }) == 1);
}
