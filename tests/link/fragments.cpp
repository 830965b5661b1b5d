#include "tenon/link/fragments.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/link/assembly.hpp"

using namespace tenon;

namespace {

std::vector<std::byte> content(std::size_t size, unsigned seed) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 13 + seed);
    return bytes;
}
Fragment part(BytesIn whole, std::uint16_t id, std::uint8_t index, std::uint8_t count) {
    Fragment fragment;
    fragment.id = id;
    fragment.index = index;
    fragment.count = count;
    fragment.whole_bytes = whole.size();
    fragment.part = whole.subspan(fragment.offset(), fragment.bytes_here());
    return fragment;
}
bool same(BytesIn a, BytesIn b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

} // namespace

TEST_CASE("an assembly takes as much as its message needs and no more") {
    Assembly assembly;
    const auto whole = content(1000, 1);
    CHECK(assembly.begin(1001, 1000).error() == Error::over_bound);
    REQUIRE(assembly.begin(1000, 1000));
    CHECK(assembly.add(BytesIn(whole).first(600)) == 600);
    CHECK_FALSE(assembly.complete());
    CHECK(assembly.add(BytesIn(whole).subspan(600)) == 400);
    CHECK(assembly.complete());
    CHECK(assembly.add(whole) == 0);
    CHECK(same(assembly.bytes(), whole));
    REQUIRE(assembly.begin(10, 1000)); // the buffer is used again
    CHECK(assembly.add(whole) == 10);
    CHECK(same(assembly.bytes(), BytesIn(whole).first(10)));
    REQUIRE(assembly.begin(0, 1000));
    CHECK(assembly.complete());
}

TEST_CASE("parts in any order, and twice, make the message once") {
    Random random(3);
    for (int game = 0; game < 200; ++game) {
        Fragments fragments;
        const auto count = static_cast<std::uint8_t>(random.between(2, 255));
        const auto whole = content(static_cast<std::size_t>(random.between(count * 10, 60'000)), 5);
        if (part(whole, 0, 0, count).part_bytes() * (count - 1u) >= whole.size()) continue;
        std::vector<std::uint8_t> order;
        for (unsigned i = 0; i < count; ++i) order.push_back(static_cast<std::uint8_t>(i));
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
        BytesIn message;
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto complete = fragments.add(part(whole, 7, order[i], count), 65536, message);
            REQUIRE(complete);
            REQUIRE(*complete == (i + 1 == order.size()));
            if (!*complete && random.chance(0.3)) {
                const auto again = fragments.add(part(whole, 7, order[i], count), 65536, message);
                REQUIRE(again);
                REQUIRE_FALSE(*again);
            }
        }
        CHECK(same(message, whole));
        const auto after = fragments.add(part(whole, 7, order[0], count), 65536, message);
        REQUIRE(after);
        CHECK_FALSE(*after); // a late copy begins nothing anew
        CHECK(fragments.forgotten() == 0);
    }
}

TEST_CASE("a message of which a part is lost makes room for newer ones as a whole") {
    Fragments fragments;
    const auto whole = content(4000, 2);
    BytesIn message;
    for (std::uint16_t id = 1; id <= 10; ++id)
        for (std::uint8_t index = 0; index < 3; ++index) // of four
            CHECK_FALSE(*fragments.add(part(whole, id, index, 4), 65536, message));
    CHECK(fragments.forgotten() == 10 - Fragments::messages_max);
    CHECK_FALSE(*fragments.add(part(whole, 1, 3, 4), 65536, message)); // too late
    CHECK(*fragments.add(part(whole, 10, 3, 4), 65536, message));
    CHECK(same(message, whole));
    CHECK(*fragments.add(part(whole, 9, 3, 4), 65536, message));
}

TEST_CASE("parts that contradict each other, or promise too much, are refused") {
    Fragments fragments;
    const auto whole = content(4000, 2), longer = content(4001, 2);
    BytesIn message;
    REQUIRE(fragments.add(part(whole, 1, 0, 4), 65536, message));
    CHECK(fragments.add(part(whole, 1, 1, 5), 65536, message).error() == Error::malformed);
    CHECK(fragments.add(part(longer, 1, 1, 4), 65536, message).error() == Error::malformed);
    CHECK(fragments.add(part(longer, 2, 1, 4), 4000, message).error() == Error::over_bound);
    for (std::uint8_t index = 1; index < 4; ++index)
        REQUIRE(fragments.add(part(whole, 1, index, 4), 65536, message));
    CHECK(same(message, whole));
}

TEST_CASE("the type stands in front of the message, and a message without one is malformed") {
    Fragments fragments;
    std::vector<std::byte> bytes(300);
    const auto feed = [&](std::uint16_t id, BytesIn whole) {
        MessageType type;
        BytesIn payload;
        Result<bool> complete = false;
        for (std::uint8_t index = 0; index < 2; ++index) {
            ByteWriter out(bytes);
            write_fragment_header(out, part(whole, id, index, 2));
            out.bytes(part(whole, id, index, 2).part);
            ByteReader in(BytesIn(bytes).first(out.position()));
            CHECK(in.u8() == frame::fragment);
            complete = fragments.read(in, 200, type, payload);
            if (!complete) break;
        }
        if (complete && *complete) CHECK(type.value == 300);
        return complete ? Error::none : complete.error();
    };
    std::vector<std::byte> whole(100);
    ByteWriter(whole).varint(300);
    CHECK(feed(1, whole) == Error::none);
    ByteWriter(whole).varint(70'000);
    CHECK(feed(2, whole) == Error::malformed);
    CHECK(feed(3, content(204, 0xFF)) == Error::over_bound);
    std::fill(whole.begin(), whole.end(), std::byte{0xFF});
    CHECK(feed(4, whole) == Error::malformed);
}
