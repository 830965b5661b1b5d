#include "tenon/codec/archive.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/codec/bits_in.hpp"
#include "tenon/codec/bits_out.hpp"
#include "tenon/codec/bits_size.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "../allocations.hpp"
#include "rich.hpp"

using rich::Bytes;
using rich::error_of;
using rich::Rich;
using tenon::Error;
using tenon::codec::Bits;

static_assert(tenon::CodecPolicy<Bits>);

namespace {

// The encoding, as hexadecimal.
template <class T>
std::string hex(const T& message) {
    std::string text;
    for (const std::byte byte : rich::encoded<Bits>(message))
        for (const unsigned shift : {4u, 0u})
            text += "0123456789abcdef"[(std::to_integer<unsigned>(byte) >> shift) & 15u];
    return text;
}
template <class T>
std::uint64_t bits_of() {
    return tenon::codec::max_bits<T>();
}

struct List {
    std::vector<std::uint64_t> items;
    void serialize(auto& ar) { ar(items); }
};
struct Crates {
    std::vector<rich::Crate> items;
    void serialize(auto& ar) { ar(items); }
};
template <std::size_t Max>
struct Short {
    std::vector<bool> items;
    void serialize(auto& ar) { ar(tenon::bounded(items, Max)); }
};
struct Chain {
    std::unique_ptr<Chain> next;
    void serialize(auto& ar) { ar(next); }
};
struct Pose {
    float x = 0;
    int hp = 0;
    bool alive = false;
    void serialize(auto& ar) { ar(tenon::quantized(x, -1, 1, 0.5), tenon::ranged(hp, 10, 13), alive); }
};

} // namespace

TEST_CASE("Bits brings back everything that a message holds") {
    Rich copy;
    CHECK(error_of<Bits>(rich::encoded<Bits>(rich::sample()), copy) == Error::none);
    CHECK(copy == rich::sample());
    CHECK(error_of<Bits>(rich::encoded<Bits>(Rich{}), copy) == Error::none);
    CHECK(copy == Rich{});
}

TEST_CASE("Bits takes fewer bytes than the fields do in memory") {
    CHECK(hex(true) == "01");
    CHECK(hex(std::uint8_t(0xA5)) == "a5");
    CHECK(hex(1.0f) == "0000803f");
    // 32 bits wide: five bits of width, and then the number without its leading one.
    CHECK(hex(std::uint32_t(0)) == "00");
    CHECK(hex(std::uint32_t(1)) == "20");
    CHECK(hex(std::uint32_t(6)) == "42");
    CHECK(hex(std::int32_t(-1)) == hex(std::uint32_t(1)));
    // x at index 3 of 0 to 4, hp at 2 of 0 to 3, and a flag: 3 + 2 + 1 bits, the first lowest.
    Pose pose;
    pose.x = 0.6f;
    pose.hp = 12;
    pose.alive = true;
    CHECK(hex(pose) == "33");
    CHECK(bits_of<Pose>() == 6);
    CHECK(Bits::max_bytes<Pose>() == 1);
}

TEST_CASE("no message takes more bits than its type may") {
    CHECK(rich::encoded<Bits>(rich::sample()).size() <= Bits::max_bytes<Rich>());
    CHECK(bits_of<bool>() == 1);
    CHECK(bits_of<std::uint8_t>() == 8);
    CHECK(bits_of<std::uint64_t>() == 6 + 63);
    CHECK(rich::encoded<Bits>(UINT64_MAX).size() == Bits::max_bytes<std::uint64_t>());
    CHECK(bits_of<std::optional<bool>>() == 2);
    CHECK(bits_of<std::variant<bool, std::uint8_t, bool>>() == 2 + 8);
    CHECK(bits_of<Short<63>>() == 6 + 63);
    CHECK(bits_of<Chain>() == tenon::codec::no_size_bound);
    CHECK(Bits::max_bytes<Chain>() == tenon::codec::no_size_bound);
}

TEST_CASE("a Bits message that ends anywhere too early is truncated, and one too long has bytes left") {
    const Bytes whole = rich::encoded<Bits>(rich::sample());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Rich copy;
        CAPTURE(size);
        CHECK(error_of<Bits>({whole.data(), size}, copy) == Error::truncated);
        Bytes into(size);
        CHECK(Bits::encode(into, rich::sample()).error() == Error::too_large);
    }
    Bytes more = whole;
    more.push_back({});
    Rich copy;
    CHECK(error_of<Bits>(more, copy) == Error::trailing_bytes);
}

TEST_CASE("the bits that fill the last byte must be zeros") {
    bool value = false;
    CHECK(error_of<Bits>(Bytes{std::byte{1}}, value) == Error::none);
    CHECK(error_of<Bits>(Bytes{std::byte{3}}, value) == Error::malformed);
}

TEST_CASE("a Bits length over its bound is refused before anything is allocated") {
    for (const int fill : {0xFF, 0x0B, 0x0A}) {
        const Bytes bytes(9, static_cast<std::byte>(fill));
        const allocations::Count counted;
        List list;
        const Error error = Bits::decode(bytes, list).error();
        CHECK((error == Error::over_bound || error == Error::truncated));
        CHECK(counted.bytes() == 0);
        Crates crates;
        CHECK(Bits::decode(bytes, crates).error() != Error::none);
        CHECK(counted.bytes() <= 16 * sizeof(rich::Crate));
    }
    Short<4> few;
    few.items.resize(5);
    Bytes into(16);
    CHECK(Bits::encode(into, few).error() == Error::over_bound);
    CHECK(error_of<Bits>(Bytes{std::byte{5}}, few) == Error::over_bound);
}

TEST_CASE("what is outside a range or a list of alternatives is malformed") {
    std::variant<bool, bool, bool> choice;
    CHECK(error_of<Bits>(Bytes{std::byte{2}}, choice) == Error::none);
    CHECK(error_of<Bits>(Bytes{std::byte{3}}, choice) == Error::malformed);
    Pose pose;
    CHECK(error_of<Bits>(Bytes{std::byte{4}}, pose) == Error::none);
    CHECK(error_of<Bits>(Bytes{std::byte{5}}, pose) == Error::malformed);
    Pose wild;
    wild.x = std::numeric_limits<float>::quiet_NaN();
    wild.hp = 99;
    CHECK(error_of<Bits>(rich::encoded<Bits>(wild), pose) == Error::none);
    CHECK(pose.x == -1);
    CHECK(pose.hp == 13);
}

TEST_CASE("the same key twice is malformed where keys are unique") {
    const Bytes twice = rich::encoded<Bits>(std::multiset<char>{'a', 'a'});
    std::set<char> set;
    std::multiset<char> multiset;
    CHECK(error_of<Bits>(twice, set) == Error::malformed);
    CHECK(error_of<Bits>(twice, multiset) == Error::none);
    CHECK(multiset.size() == 2);
}

TEST_CASE("a Bits message nests as deeply as it may, and no deeper") {
    const auto chain = [](std::size_t links) {
        Bytes bytes(links / 8 + 1);
        for (std::size_t i = 0; i < links; ++i) bytes[i / 8] |= std::byte{1} << (i % 8);
        Chain head;
        return Bits::decode(bytes, head).error();
    };
    CHECK(chain(tenon::codec::nesting_max) == Error::none);
    CHECK(chain(tenon::codec::nesting_max + 1) == Error::over_bound);
    CHECK(chain(100000) == Error::over_bound);
    Chain head;
    Chain* last = &head;
    for (unsigned i = 0; i <= tenon::codec::nesting_max; ++i)
        last = (last->next = std::make_unique<Chain>()).get();
    Bytes into(64);
    CHECK(Bits::encode(into, head).error() == Error::over_bound);
}

TEST_CASE("decoding again into the same message allocates nothing") {
    Crates crates;
    crates.items.resize(3);
    for (rich::Crate& crate : crates.items) crate = {"a label that is on the heap", {{1, 2}, {3, 4}}, {}};
    const Bytes bytes = rich::encoded<Bits>(crates);
    Crates copy;
    CHECK(Bits::decode(bytes, copy));
    const allocations::Count counted;
    CHECK(Bits::decode(bytes, copy));
    CHECK(counted.bytes() == 0);
    CHECK(copy.items == crates.items);
}
