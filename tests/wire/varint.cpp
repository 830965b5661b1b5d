#include "tenon/wire/varint.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::ByteReader;
using tenon::ByteWriter;

namespace {
std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}
} // namespace

TEST_CASE("integers are little-endian, varints low groups first") {
    std::array<std::byte, 32> room{};
    ByteWriter out(room);
    out.u8(0x01);
    out.u16(0x0302);
    out.u32(0x07060504);
    out.u64(0x0F0E0D0C0B0A0908);
    out.varint(0x7F);
    out.varint(0x80);
    out.varint(300);
    CHECK(out.position() == 20);
    const auto want =
        bytes({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x7F, 0x80, 0x01, 0xAC, 0x02});
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(room[i] == want[i]);
    ByteReader in(want);
    CHECK(in.u8() == 1);
    CHECK(in.u16() == 0x0302);
    CHECK(in.u32() == 0x07060504);
    CHECK(in.u64() == 0x0F0E0D0C0B0A0908);
    CHECK(in.varint() == 127);
    CHECK(in.varint() == 128);
    CHECK(in.varint() == 300);
    CHECK(in.left() == 0);
    CHECK(in.ok());
}

TEST_CASE("every length of varint comes back, and says its size before") {
    tenon::Random random(1);
    for (unsigned bits = 0; bits <= 64; ++bits)
        for (int i = 0; i < 20; ++i) {
            const std::uint64_t value = bits == 0 ? 0 : random.next() >> (64 - bits);
            std::array<std::byte, 10> room{};
            ByteWriter out(room);
            out.varint(value);
            REQUIRE(out.ok());
            REQUIRE(out.position() == tenon::varint_size(value));
            ByteReader in(tenon::BytesIn(room).first(out.position()));
            REQUIRE(in.varint() == value);
            REQUIRE(in.left() == 0);
            // With any byte missing it is none.
            ByteReader cut(tenon::BytesIn(room).first(out.position() - 1));
            REQUIRE(cut.varint() == 0);
            REQUIRE_FALSE(cut.ok());
        }
    CHECK(tenon::varint_size(UINT64_MAX) == 10);
    CHECK(tenon::varint_size(0) == 1);
}

TEST_CASE("a number has one form: over-long and too large ones are refused") {
    for (const auto& bad : {bytes({0x80, 0x00}), bytes({0xFF, 0x80, 0x00}), bytes({0x80}), bytes({}),
                            bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}),
                            bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})}) {
        ByteReader in(bad);
        CHECK(in.varint() == 0);
        CHECK_FALSE(in.ok());
    }
    const auto largest = bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01});
    ByteReader in(largest);
    CHECK(in.varint() == UINT64_MAX);
    CHECK(in.ok());
}

TEST_CASE("after the first failure nothing is read any more") {
    const auto four = bytes({1, 2, 3, 4});
    ByteReader in(four);
    CHECK(in.u64() == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.u8() == 0);
    CHECK(in.varint() == 0);
    CHECK(in.le(1) == 0);
    CHECK(in.bytes(1).empty());
    CHECK(in.rest().empty());
    CHECK(in.left() == 0);
    ByteReader stopped(four);
    stopped.fail();
    CHECK(stopped.u8() == 0);
}

TEST_CASE("after the first failure nothing is written any more") {
    std::array<std::byte, 4> room{};
    ByteWriter out(tenon::BytesOut(room).first(3));
    out.u16(0x0101);
    out.u16(0x0202);
    CHECK_FALSE(out.ok());
    out.u8(3);
    out.varint(3);
    out.skip(1);
    CHECK(out.position() == 2);
    CHECK(room[2] == std::byte{0});
    ByteWriter varint(tenon::BytesOut(room).first(1));
    varint.varint(300);
    CHECK_FALSE(varint.ok());
    CHECK(varint.position() == 0);
}

TEST_CASE("sized bytes have their count in front, and a count that lies gives nothing") {
    std::array<std::byte, 8> room{};
    const auto three = bytes({7, 8, 9});
    ByteWriter out(room);
    out.sized(three);
    CHECK(out.position() == 4);
    ByteReader in(tenon::BytesIn(room).first(4));
    const tenon::BytesIn back = in.sized();
    CHECK(back.size() == 3);
    CHECK(back[2] == std::byte{9});
    for (const auto& bad : {bytes({4, 1, 2, 3}), bytes({0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1}),
                            bytes({0x81, 0x80, 0x80, 0x80, 0x10, 1})}) { // 2^32 + 1, which is no 1
        ByteReader lies(bad);
        CHECK(lies.sized().empty());
        CHECK_FALSE(lies.ok());
    }
    ByteWriter narrow(tenon::BytesOut(room).first(3));
    narrow.sized(three);
    CHECK_FALSE(narrow.ok());
    CHECK(narrow.position() == 0);
}

TEST_CASE("a number of few bytes is read whole") {
    const auto some = bytes({0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08});
    for (unsigned count = 0; count <= 8; ++count) {
        ByteReader in(some);
        std::uint64_t want = 0;
        for (unsigned i = 0; i < count; ++i) want |= std::uint64_t(i + 1) << (8 * i);
        CHECK(in.le(count) == want);
        CHECK(in.position() == count);
    }
}
