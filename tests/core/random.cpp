#include "tenon/core/random.hpp"

#include <doctest/doctest.h>

#include <array>

using tenon::Random;

namespace {
// xoshiro256** as its authors print it.
struct Reference {
    std::uint64_t s[4];
    static std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    std::uint64_t next() {
        const std::uint64_t result = rotl(s[1] * 5, 7) * 9;
        const std::uint64_t t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotl(s[3], 45);
        return result;
    }
};
} // namespace

TEST_CASE("the stream is xoshiro256** of a state spread by splitmix64") {
    CHECK(tenon::splitmix(0) == 0xE220A8397B1DCDAFu); // published
    Reference reference{};
    std::uint64_t seed = 42;
    for (auto& word : reference.s) word = seed = tenon::splitmix(seed);
    Random random(42);
    for (int i = 0; i < 1000; ++i) REQUIRE(random.next() == reference.next());
}

TEST_CASE("the stream is the same in a constant expression") {
    constexpr std::uint64_t compiled = [] {
        Random random(7);
        random.next();
        return random.below(1'000'000);
    }();
    Random random(7);
    random.next();
    CHECK(random.below(1'000'000) == compiled);
}

TEST_CASE("below a bound every number comes up about equally often") {
    Random random(1);
    std::array<int, 10> seen{};
    for (int i = 0; i < 100'000; ++i) ++seen[static_cast<std::size_t>(random.below(10))];
    for (int count : seen) {
        CHECK(count > 9'600); // four standard deviations are 380
        CHECK(count < 10'400);
    }
    CHECK(random.below(0) == 0);
    CHECK(random.below(1) == 0);
}

TEST_CASE("between two numbers both ends are reached") {
    Random random(2);
    bool low = false, high = false;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t n = random.between(-2, 2);
        REQUIRE(n >= -2);
        REQUIRE(n <= 2);
        low = low || n == -2;
        high = high || n == 2;
    }
    CHECK(low);
    CHECK(high);
    CHECK(random.between(5, 5) == 5);
}

TEST_CASE("a chance of none and of one are certain, and a half is about a half") {
    Random random(3);
    int heads = 0;
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE_FALSE(random.chance(0));
        REQUIRE(random.chance(1));
        const double real = random.real();
        REQUIRE(real >= 0);
        REQUIRE(real < 1);
        heads += random.chance(0.5);
    }
    CHECK(heads > 4'800);
    CHECK(heads < 5'200);
}

TEST_CASE("a fork goes its own way, and its draws don't shift its parent's") {
    Random parent(9), twin(9);
    Random child = parent.fork();
    twin.fork();
    CHECK(child.next() != twin.next());
    for (int i = 0; i < 100; ++i) child.next();
    twin = Random(9);
    twin.fork();
    CHECK(parent.next() == twin.next());
}

TEST_CASE("a key is hashed by a seed in its own way, or else by the hash that it has") {
    struct Plain {
        std::uint64_t hash() const { return 5; }
    };
    struct Seeded {
        std::uint64_t hash() const { return 5; }
        std::uint64_t hash(std::uint64_t seed) const { return seed + 1; }
    };
    CHECK(tenon::seeded_hash(Plain{}, 9) == tenon::splitmix(5 ^ 9));
    CHECK(tenon::seeded_hash(Plain{}, 9) != tenon::seeded_hash(Plain{}, 10));
    CHECK(tenon::seeded_hash(Seeded{}, 9) == 10);
}
