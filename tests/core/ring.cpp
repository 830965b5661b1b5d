#include "tenon/core/ring.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tenon/core/random.hpp"

using tenon::Ring;

TEST_CASE("a ring is a queue whose items keep their order through wraps and growth") {
    Ring<int> ring;
    std::deque<int> model;
    tenon::Random random(1);
    for (int turn = 0; turn < 50'000; ++turn) {
        // Phases of filling and of emptying, so that it wraps at many sizes.
        const bool fills = (turn / 500) % 2 == 0;
        if (model.empty() || random.chance(fills ? 0.7 : 0.35)) {
            const int* const place = ring.size() < ring.capacity() ? ring.next_place() : nullptr;
            const int* const pushed = ring.push_back(turn);
            REQUIRE(*pushed == turn);
            REQUIRE((place == nullptr || place == pushed));
            model.push_back(turn);
        } else if (random.chance(0.8)) {
            REQUIRE(ring.front() == model.front());
            ring.pop_front();
            model.pop_front();
        } else {
            REQUIRE(ring.back() == model.back());
            ring.pop_back();
            model.pop_back();
        }
        if (random.chance(0.001)) ring.shrink();
        REQUIRE(ring.size() == model.size());
        REQUIRE(ring.empty() == model.empty());
        if (!model.empty()) {
            const std::size_t at = static_cast<std::size_t>(random.below(model.size()));
            REQUIRE(ring[at] == model[at]);
            REQUIRE(ring.front() == model.front());
            REQUIRE(ring.back() == model.back());
        }
    }
}

TEST_CASE("a full ring takes nothing more until something leaves") {
    for (const std::size_t limit : {1u, 7u, 8u, 9u}) {
        CAPTURE(limit);
        Ring<std::size_t> ring(limit);
        for (std::size_t i = 0; i < limit; ++i) REQUIRE(ring.push_back(i) != nullptr);
        CHECK(ring.push_back(99) == nullptr);
        CHECK(ring.size() == limit);
        ring.pop_front();
        CHECK(ring.push_back(limit) != nullptr);
        for (std::size_t i = 0; i < limit; ++i) CHECK(ring[i] == i + 1);
    }
    Ring<int> none(0);
    CHECK(none.push_back(1) == nullptr);
    CHECK(none.capacity() == 0);
}

TEST_CASE("reserved room is used without growing, and shrinking gives back what is not needed") {
    Ring<int> ring(1000);
    CHECK(ring.capacity() == 0);
    CHECK(ring.reserve(100));
    const std::size_t capacity = ring.capacity();
    CHECK(capacity >= 100);
    for (int i = 0; i < 100; ++i) ring.push_back(i);
    CHECK(ring.capacity() == capacity);
    CHECK_FALSE(ring.reserve(1001));
    CHECK(ring.capacity() == capacity);
    CHECK(ring.limit() == 1000);
    while (ring.size() > 3) ring.pop_front();
    ring.shrink();
    CHECK(ring.capacity() == 8);
    CHECK(ring[0] == 97);
    CHECK(ring[2] == 99);
    ring.clear();
    CHECK(ring.empty());
    ring.shrink();
    CHECK(ring.capacity() == 0);
    CHECK(*ring.push_back(5) == 5);
}

TEST_CASE("items that own something are moved and destroyed exactly once") {
    const auto token = std::make_shared<int>(0);
    {
        Ring<std::shared_ptr<int>> ring;
        for (int i = 0; i < 100; ++i) {
            ring.push_back(token);
            if (i % 3 == 0) ring.pop_front();
        }
        CHECK(token.use_count() == static_cast<long>(ring.size()) + 1);
        Ring<std::shared_ptr<int>> other(std::move(ring));
        CHECK(token.use_count() == static_cast<long>(other.size()) + 1);
        other.clear();
        CHECK(token.use_count() == 1);
        other.push_back(token);
        ring = std::move(other);
        CHECK(token.use_count() == 2);
        CHECK(ring.front() == token);
    }
    CHECK(token.use_count() == 1);
    Ring<std::unique_ptr<std::string>> unmovable_copy;
    CHECK(**unmovable_copy.emplace_back(std::make_unique<std::string>("here")) == "here");
}

TEST_CASE("an aggregate is made in its place") {
    struct Pair {
        int first, second;
    };
    Ring<Pair> ring;
    CHECK(ring.emplace_back(3, 4)->second == 4);
}
