#include "tenon/wire/bits.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::BitReader;
using tenon::BitWriter;

namespace {
std::array<std::byte, 4> four(unsigned a, unsigned b, unsigned c, unsigned d) {
    return {std::byte(a), std::byte(b), std::byte(c), std::byte(d)};
}
} // namespace

TEST_CASE("the first field lies in the lowest bits of the first byte") {
    std::array<std::byte, 4> bytes{};
    BitWriter out(bytes);
    out.bits(0b101, 3);
    out.bits(0xFFFF, 5); // only the lowest five count
    out.bits(0x1234, 16);
    out.bits(1, 1);
    CHECK(out.bit_count() == 25);
    CHECK(out.bits_left() == 7);
    CHECK(out.finish() == 4);
    CHECK(bytes == four(0b11111101, 0x34, 0x12, 0x01));
}

TEST_CASE("fields of any widths come back as they went in") {
    tenon::Random random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(random.below(100)));
        std::vector<std::pair<std::uint64_t, unsigned>> fields;
        BitWriter out(bytes);
        for (;;) {
            const auto count = static_cast<unsigned>(random.below(65));
            const std::uint64_t value = random.next();
            if (count > out.bits_left()) break;
            out.bits(value, count);
            fields.emplace_back(tenon::low_bits(value, count), count);
        }
        REQUIRE(out.ok());
        const std::size_t size = out.finish();
        REQUIRE(size <= bytes.size());
        BitReader in(tenon::BytesIn(bytes).first(size));
        for (const auto& [value, count] : fields) {
            REQUIRE(tenon::low_bits(in.peek(), count > 56 ? 56 : count) ==
                    tenon::low_bits(value, count > 56 ? 56 : count));
            REQUIRE(in.bits(count) == value);
        }
        REQUIRE(in.finish());
    }
}

TEST_CASE("what does not fit is not written, not even in part, and nothing after it") {
    std::array<std::byte, 4> bytes = four(9, 9, 9, 9);
    BitWriter out(tenon::BytesOut(bytes).first(2));
    out.bits(0xFF, 8);
    out.bits(0, 9);
    CHECK_FALSE(out.ok());
    out.bits(1, 1);
    CHECK(out.finish() == 0);
    CHECK(bytes[2] == std::byte{9});
    BitWriter wide(bytes);
    wide.bits(0, 65);
    CHECK_FALSE(wide.ok());
    BitWriter none{tenon::BytesOut()};
    none.bits(0, 0);
    CHECK(none.ok());
    CHECK(none.finish() == 0);
    none.bits(0, 1);
    CHECK_FALSE(none.ok());
}

TEST_CASE("nothing past the end is read: zero, and no field after it") {
    const std::array<std::byte, 4> bytes = four(0xFF, 0xFF, 0xFF, 0xFF);
    BitReader in(tenon::BytesIn(bytes).first(1));
    CHECK(in.bits(3) == 7);
    CHECK(in.peek() == 31);
    CHECK(in.bits(6) == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.bits(1) == 0);
    CHECK(in.bits_left() == 0);
    CHECK_FALSE(in.finish());
    BitReader skips(bytes);
    CHECK(skips.skip(32));
    CHECK(skips.peek() == 0);
    CHECK_FALSE(skips.skip(1));
    BitReader empty;
    CHECK(empty.bits(0) == 0);
    CHECK(empty.finish());
    BitReader wide(bytes);
    CHECK(wide.bits(65) == 0);
    CHECK_FALSE(wide.ok());
}

TEST_CASE("padding must be zero, and nothing may follow it") {
    const std::array<std::byte, 4> bytes = four(0x07, 0x0F, 0, 0);
    BitReader padded(tenon::BytesIn(bytes).first(1));
    padded.bits(3);
    CHECK(padded.finish());
    BitReader dirty(tenon::BytesIn(bytes).first(2));
    dirty.bits(11);
    CHECK_FALSE(dirty.finish());
    BitReader longer(tenon::BytesIn(bytes).first(3));
    longer.bits(12);
    CHECK_FALSE(longer.finish());
}

TEST_CASE("whole bytes go in and out at any bit") {
    std::array<std::byte, 21> text{};
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::byte>(i * 37 + 1);
    for (unsigned shift = 0; shift <= 64; ++shift)
        for (std::size_t size = 0; size <= text.size(); ++size) {
            std::array<std::byte, 40> bytes{};
            BitWriter out(bytes);
            out.bits(0, shift);
            out.bytes(tenon::BytesIn(text).first(size));
            out.bits(1, 1);
            const std::size_t whole = out.finish();
            REQUIRE(whole == (shift + size * 8 + 8) / 8);
            BitReader in(tenon::BytesIn(bytes).first(whole));
            in.bits(shift);
            std::array<std::byte, 21> back{};
            in.bytes(tenon::BytesOut(back).first(size));
            for (std::size_t i = 0; i < size; ++i) REQUIRE(back[i] == text[i]);
            REQUIRE(in.bits(1) == 1);
            REQUIRE(in.finish());
        }
}

TEST_CASE("bytes that are not there are zeros, in place none") {
    const std::array<std::byte, 4> bytes = four(1, 2, 3, 4);
    BitReader in(bytes);
    in.bits(1);
    std::array<std::byte, 4> back = four(9, 9, 9, 9);
    in.bytes(back);
    CHECK(back == four(0, 0, 0, 0));
    CHECK_FALSE(in.ok());
    BitReader view(bytes);
    CHECK(view.bytes_view(3).size() == 3);
    CHECK(view.bytes_view(2).empty());
    CHECK_FALSE(view.ok());
    BitReader between(bytes);
    between.bits(1);
    CHECK(between.bytes_view(1).empty()); // not at a whole byte
    BitWriter out(tenon::BytesOut(back).first(3));
    out.bytes(bytes);
    CHECK_FALSE(out.ok());
}

TEST_CASE("the width of a range holds its largest value and no more") {
    static_assert(tenon::bits_for(0) == 0);
    static_assert(tenon::bits_for(1) == 1);
    static_assert(tenon::bits_for(255) == 8);
    static_assert(tenon::bits_for(256) == 9);
    static_assert(tenon::bits_for(UINT64_MAX) == 64);
    CHECK(tenon::low_bits(0xFF, 0) == 0);
    CHECK(tenon::low_bits(UINT64_MAX, 64) == UINT64_MAX);
}

TEST_CASE("zigzag puts small numbers of either sign first, and comes back") {
    static_assert(tenon::zigzag(0) == 0 && tenon::zigzag(-1) == 1 && tenon::zigzag(1) == 2);
    static_assert(tenon::zigzag(INT64_MIN) == UINT64_MAX);
    for (const std::int64_t value :
         {std::int64_t(0), std::int64_t(-5), std::int64_t(77), INT64_MAX, INT64_MIN})
        CHECK(tenon::unzigzag(tenon::zigzag(value)) == value);
}
