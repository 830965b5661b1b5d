#include "tenon/core/bytes.hpp"

#include <doctest/doctest.h>

#include <array>

TEST_CASE("a number is stored with its lowest byte first, whatever the machine does") {
    std::array<std::byte, 8> bytes{};
    tenon::store_le<std::uint64_t>(bytes.data(), 0x0807060504030201u);
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(std::to_integer<std::size_t>(bytes[i]) == i + 1);
    CHECK(tenon::load_le<std::uint64_t>(bytes.data()) == 0x0807060504030201u);
    CHECK(tenon::load_le<std::uint16_t>(bytes.data() + 1) == 0x0302u);
    CHECK(tenon::load_le<std::uint8_t>(bytes.data() + 7) == 8u);
}

TEST_CASE("a width known only at run time reads and writes that many bytes and no more") {
    for (unsigned width = 0; width <= 8; ++width) {
        std::array<std::byte, 9> bytes{};
        bytes.fill(std::byte{0xAA});
        const std::uint64_t value =
            0x1122334455667788u & (width == 8 ? ~0ull : (std::uint64_t(1) << 8 * width) - 1);
        tenon::store_le_n(bytes.data(), value, width);
        CHECK(tenon::load_le_n(bytes.data(), width) == value);
        CHECK(bytes[width] == std::byte{0xAA});
    }
}

TEST_CASE("text and bytes are two views of the same memory") {
    const tenon::BytesIn bytes = tenon::bytes_of("tenon");
    CHECK(bytes.size() == 5);
    CHECK(bytes[0] == std::byte{'t'});
    CHECK(tenon::text_of(bytes) == "tenon");
    CHECK(tenon::text_of({}).empty());
}

TEST_CASE("copying nothing touches nothing") {
    std::array<std::byte, 2> to{std::byte{1}, std::byte{2}};
    tenon::copy(to.data(), {});
    tenon::copy(nullptr, {});
    CHECK(to[0] == std::byte{1});
    tenon::copy(to.data(), tenon::bytes_of("ab"));
    CHECK(tenon::text_of(to) == "ab");
}
