#include "tenon/core/big_endian.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

TEST_CASE("the highest byte comes first, and nothing else is touched") {
    std::array<std::byte, 6> bytes{};
    tenon::store_be32(bytes.data() + 1, 0x0102'F3F4);
    CHECK(bytes == std::array<std::byte, 6>{std::byte{0}, std::byte{1}, std::byte{2}, std::byte{0xF3},
                                            std::byte{0xF4}, std::byte{0}});
    CHECK(tenon::load_be32(bytes.data() + 1) == 0x0102'F3F4);
    CHECK(tenon::load_be16(bytes.data() + 3) == 0xF3F4);
    tenon::store_be16(bytes.data() + 4, 0xABCD);
    CHECK(tenon::load_be32(bytes.data() + 2) == 0x02F3'ABCD);
}
