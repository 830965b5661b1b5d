#include "tenon/core/hash.hpp"

#include <doctest/doctest.h>

#include <array>

TEST_CASE("the hash is XXH3 with its published values") {
    CHECK(tenon::hash64({}) == 0x2D06800538D394C2u);
    CHECK(tenon::hash64(tenon::bytes_of("abc")) == 0x78AF5F94892F3950u);
}

TEST_CASE("a seed or one bit makes another hash") {
    std::array<std::byte, 64> bytes{};
    const std::uint64_t plain = tenon::hash64(bytes);
    CHECK(tenon::hash64(bytes, 1) != plain);
    for (auto& byte : bytes)
        for (unsigned bit = 0; bit < 8; ++bit) {
            byte ^= std::byte{1} << bit;
            CHECK(tenon::hash64(bytes) != plain);
            byte ^= std::byte{1} << bit;
        }
    CHECK(tenon::hash64(bytes) == plain);
}
