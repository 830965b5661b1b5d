#include "tenon/ecs/fingerprint.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tenon/schema/quantized.hpp"

using namespace tenon;

namespace {

struct Ball {
    float x = 0;
    std::uint32_t bounces = 0;
    int cache = 0; // does not travel
    void serialize(auto& ar) { ar(quantized(x, -100, 100, 0.5), bounces); }
};
// The most that a component may have.
struct Large {
    std::uint32_t cell[256] = {};
    void serialize(auto& ar) { ar(cell); }
};

} // namespace

TEST_CASE("what would travel alike has one fingerprint, and all else another") {
    const Ball ball{10, 3, 0};
    CHECK(ecs::fingerprint(ball) == ecs::fingerprint(Ball{10.2f, 3, 9}));
    CHECK(ecs::fingerprint(ball) != ecs::fingerprint(Ball{10.3f, 3, 0}));
    CHECK(ecs::fingerprint(ball) != ecs::fingerprint(Ball{10, 4, 0}));
    CHECK(ecs::fingerprint(Ball{500, 0, 0}) == ecs::fingerprint(Ball{100, 0, 0}));
}

TEST_CASE("the largest component has one") {
    Large large;
    for (std::uint32_t& cell : large.cell) cell = 0xFFFF'FFFF;
    const std::uint64_t before = ecs::fingerprint(large);
    large.cell[255] = 0xFFFF'FFFE;
    CHECK(ecs::fingerprint(large) != before);
}
