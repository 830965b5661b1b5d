#include "tenon/core/sequence.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

TEST_CASE("newer holds over the wrap, and a number is not newer than itself") {
    CHECK(tenon::newer<std::uint8_t>(1, 0));
    CHECK_FALSE(tenon::newer<std::uint8_t>(0, 1));
    CHECK_FALSE(tenon::newer<std::uint8_t>(5, 5));
    CHECK(tenon::newer<std::uint16_t>(3, 0xFFFE));
    CHECK_FALSE(tenon::newer<std::uint16_t>(0xFFFE, 3));
    CHECK(tenon::newer<std::uint32_t>(0, 0xFFFF'FFFF));
}

TEST_CASE("of two different numbers never are both newer") {
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned b = 0; b < 256; ++b) {
            const auto x = static_cast<std::uint8_t>(a), y = static_cast<std::uint8_t>(b);
            REQUIRE_FALSE((tenon::newer(x, y) && tenon::newer(y, x)));
            if (a != b && static_cast<std::uint8_t>(a - b) != 128)
                REQUIRE((tenon::newer(x, y) || tenon::newer(y, x)));
        }
}

TEST_CASE("a truncated number comes back whole while it is within half its span of the nearest") {
    for (const unsigned bits : {8u, 12u, 16u, 24u}) {
        const std::uint64_t span = std::uint64_t(1) << bits;
        for (const std::uint64_t whole : {std::uint64_t(0), span - 1, span, 3 * span + 5, span * 1000 - 1})
            for (const std::int64_t distance :
                 {std::int64_t(0), std::int64_t(1), std::int64_t(-1), static_cast<std::int64_t>(span / 2 - 1),
                  -static_cast<std::int64_t>(span / 2 - 1)}) {
                const std::int64_t near = static_cast<std::int64_t>(whole) + distance;
                if (near < 0) continue;
                CAPTURE(bits);
                CAPTURE(whole);
                CAPTURE(near);
                CHECK(tenon::expand(whole & (span - 1), bits, static_cast<std::uint64_t>(near)) == whole);
            }
    }
}
