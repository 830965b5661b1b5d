#include "tenon/wire/fragment.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::ByteReader;
using tenon::ByteWriter;
using tenon::Error;
using tenon::Fragment;

namespace {

// A fragment frame as it stands on the wire, whatever it says.
std::vector<std::byte> frame(unsigned index, unsigned count, std::uint64_t whole, std::size_t part) {
    std::vector<std::byte> bytes(Fragment::header_bytes_max + 10 + part);
    ByteWriter out(bytes);
    out.u16(7);
    out.u8(static_cast<std::uint8_t>(index));
    out.u8(static_cast<std::uint8_t>(count));
    out.varint(whole);
    bytes.resize(out.position() + part);
    return bytes;
}
Error read(const std::vector<std::byte>& bytes) {
    ByteReader in(bytes);
    return tenon::read_fragment(in).error();
}

} // namespace

TEST_CASE("the parts of a message cover it once, without a gap") {
    tenon::Random random(1);
    for (int round = 0; round < 2000; ++round) {
        const std::size_t room = static_cast<std::size_t>(random.between(300, 1200)),
                          whole = static_cast<std::size_t>(random.between(
                              static_cast<std::int64_t>(room) + 1, static_cast<std::int64_t>(room) * 255));
        const std::size_t count = tenon::fragment_count(whole, room);
        REQUIRE(count >= 2);
        std::size_t at = 0;
        Fragment fragment;
        fragment.id = static_cast<std::uint16_t>(round);
        fragment.count = static_cast<std::uint8_t>(count);
        fragment.whole_bytes = whole;
        for (std::size_t i = 0; i < count; ++i) {
            fragment.index = static_cast<std::uint8_t>(i);
            REQUIRE(fragment.offset() == at);
            REQUIRE(fragment.bytes_here() >= 1);
            REQUIRE(fragment.bytes_here() <= room);
            at += fragment.bytes_here();
            std::array<std::byte, Fragment::header_bytes_max> header{};
            ByteWriter out(header);
            tenon::write_fragment_header(out, fragment);
            REQUIRE(out.ok());
            std::vector<std::byte> bytes(header.begin(),
                                         header.begin() + static_cast<std::ptrdiff_t>(out.position()));
            bytes.resize(bytes.size() + fragment.bytes_here());
            ByteReader in(bytes);
            REQUIRE(in.u8() == tenon::frame::fragment);
            const auto back = tenon::read_fragment(in);
            REQUIRE(back);
            REQUIRE(back->id == fragment.id);
            REQUIRE(back->offset() == fragment.offset());
            REQUIRE(back->part.size() == fragment.bytes_here());
            REQUIRE(in.left() == 0);
        }
        REQUIRE(at == whole);
    }
}

TEST_CASE("a message that no number of parts holds has none") {
    CHECK(tenon::fragment_count(255 * 1000, 1000) == 255);
    CHECK(tenon::fragment_count(255 * 1000 + 1, 1000) == 0);
    CHECK(tenon::fragment_count(1001, 1000) == 2);
}

TEST_CASE("a part that contradicts itself is refused") {
    CHECK(read(frame(0, 2, 10, 5)) == Error::none);
    CHECK(read(frame(1, 2, 9, 4)) == Error::none);
    CHECK(read(frame(0, 1, 10, 10)) == Error::malformed); // one part is no fragment
    CHECK(read(frame(0, 0, 10, 10)) == Error::malformed); // and none even less
    CHECK(read(frame(2, 2, 10, 5)) == Error::malformed);  // a place past the last
    CHECK(read(frame(0, 5, 4, 1)) == Error::malformed);   // fewer bytes than parts
    CHECK(read(frame(0, 2, 10, 4)) == Error::malformed);  // too few bytes here
    CHECK(read(frame(0, 2, 10, 6)) == Error::malformed);  // too many
    CHECK(read(frame(1, 2, 9, 5)) == Error::malformed);   // the last has the rest only
    CHECK(read(frame(3, 4, 5, 0)) == Error::malformed);   // an empty last part
    CHECK(read(frame(0, 2, 0x1000'0000, 5)) == Error::malformed);
    CHECK(read(frame(0, 2, UINT64_MAX, 5)) == Error::malformed);
}

TEST_CASE("a header that is cut short is truncated") {
    const auto whole = frame(0, 2, 300, 150);
    for (std::size_t size = 0; size < 6; ++size) {
        ByteReader in(tenon::BytesIn(whole).first(size));
        CHECK(tenon::read_fragment(in).error() == Error::truncated);
    }
}
