#include "tenon/codec/binary.hpp"
#include "tenon/codec/binary_in.hpp"
#include "tenon/codec/binary_out.hpp"

#include <doctest/doctest.h>

#include <cereal/archives/portable_binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/base_class.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <limits>
#include <sstream>
#include <vector>

#include "../allocations.hpp"
#include "rich.hpp"
#include "tenon/core/ids.hpp"

using rich::Bytes;
using rich::error_of;
using rich::Rich;
using tenon::Error;
using tenon::codec::Binary;

static_assert(tenon::CodecPolicy<Binary>);

namespace {

template <class T>
std::string by_cereal(const T& message, bool little = true) {
    using Archive = cereal::PortableBinaryOutputArchive;
    std::ostringstream stream;
    Archive archive(stream, little ? Archive::Options::LittleEndian() : Archive::Options::BigEndian());
    archive(message);
    return stream.str();
}

template <class T>
std::string by_us(const T& message) {
    return std::string(tenon::text_of(rich::encoded<Binary>(message)));
}

struct Derived : rich::Point {
    int z = 0;
    int raw[3] = {};
    tenon::PeerId peer{};
    void serialize(auto& ar) {
        ar(cereal::base_class<rich::Point>(this), cereal::make_nvp("depth", z), raw, peer);
    }
};

struct List {
    std::vector<std::uint64_t> items;
    void serialize(auto& ar) { ar(items); }
};
struct Crates {
    std::vector<rich::Crate> items;
    void serialize(auto& ar) { ar(items); }
};
struct Unbounded {
    std::vector<std::uint64_t> items;
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(items, SIZE_MAX), tenon::bounded(text, SIZE_MAX)); }
};
struct Nothing {
    void serialize(auto&) {}
};
struct Nothings {
    std::vector<Nothing> items;
    void serialize(auto& ar) { ar(items); }
};
struct Chain {
    std::unique_ptr<Chain> next;
    void serialize(auto& ar) { ar(next); }
};

// The byte that says little-endian, and a length.
Bytes claiming(std::uint64_t count) {
    Bytes bytes(9);
    bytes[0] = std::byte{1};
    tenon::store_le(bytes.data() + 1, count);
    return bytes;
}

} // namespace

TEST_CASE("Binary writes byte for byte what cereal's portable archive writes") {
    CHECK(by_us(rich::sample()) == by_cereal(rich::sample()));
    CHECK(by_us(Rich{}) == by_cereal(Rich{}));
    Derived derived;
    derived.x = 1;
    derived.z = 2;
    derived.raw[1] = 3;
    derived.peer = {4};
    CHECK(by_us(derived) == by_cereal(derived));
    // A flipped bit shows, so the comparison can fail.
    derived.raw[2] ^= 1;
    CHECK(by_us(derived) != by_cereal(Derived{}));
}

TEST_CASE("Binary reads what cereal writes in either byte order, and cereal what Binary writes") {
    const Rich sample = rich::sample();
    for (const bool little : {true, false}) {
        const std::string bytes = by_cereal(sample, little);
        Rich copy;
        CHECK(error_of<Binary>(tenon::bytes_of(bytes), copy) == Error::none);
        CHECK(copy == sample);
    }
    std::istringstream stream(by_us(sample));
    cereal::PortableBinaryInputArchive archive(stream);
    Rich copy;
    archive(copy);
    CHECK(copy.pairs.size() == sample.pairs.size());
    copy.pairs = sample.pairs; // cereal turns the order of equal keys around
    CHECK(copy == sample);
}

TEST_CASE("decoding into a message that holds something leaves nothing of it") {
    Rich copy = rich::sample();
    CHECK(error_of<Binary>(rich::encoded<Binary>(Rich{}), copy) == Error::none);
    CHECK(copy == Rich{});
}

TEST_CASE("a Binary message that ends anywhere too early is truncated") {
    const Bytes whole = rich::encoded<Binary>(rich::sample());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Rich copy;
        CAPTURE(size);
        CHECK(error_of<Binary>({whole.data(), size}, copy) == Error::truncated);
    }
    Bytes more = whole;
    more.push_back({});
    Rich copy;
    CHECK(error_of<Binary>(more, copy) == Error::trailing_bytes);
}

TEST_CASE("a buffer that is too small for a Binary message is too_large at every size") {
    const Bytes whole = rich::encoded<Binary>(rich::sample());
    Bytes into(whole.size());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto result = Binary::encode({into.data(), size}, rich::sample());
        CHECK(result.error() == Error::too_large);
    }
    CHECK(*Binary::encode(into, rich::sample()) == whole.size());
}

TEST_CASE("nine bytes that claim a huge Binary list are refused before anything is allocated") {
    for (const std::uint64_t count : {std::uint64_t(1) << 60, UINT64_MAX, std::uint64_t(1025)}) {
        const Bytes bytes = claiming(count);
        const allocations::Count counted;
        List list;
        CHECK(Binary::decode(bytes, list).error() == Error::over_bound);
        Crates crates;
        CHECK(Binary::decode(bytes, crates).error() == Error::over_bound);
        CHECK(counted.bytes() == 0);
    }
    // Without a bound, what is left of the bytes bounds it.
    const Bytes bytes = claiming(std::uint64_t(1) << 60);
    const allocations::Count counted;
    Unbounded unbounded;
    CHECK(Binary::decode(bytes, unbounded).error() == Error::truncated);
    CHECK(counted.bytes() == 0);
}

TEST_CASE("a Binary list within its bound grows only as its elements turn out to be there") {
    const Bytes bytes = claiming(1024);
    const allocations::Count counted;
    Crates crates;
    CHECK(Binary::decode(bytes, crates).error() == Error::truncated);
    CHECK(counted.bytes() <= 16 * sizeof(rich::Crate));
    CHECK(counted.bytes() > 0); // it does count
    Nothings nothings;
    CHECK(Binary::decode(bytes, nothings).error() == Error::none);
    CHECK(nothings.items.size() == 1024);
}

TEST_CASE("a container over its bound is neither written nor read") {
    rich::Wrapped message;
    message.items = {1, 2, 3, 4};
    Bytes into(256);
    CHECK(Binary::encode(into, message));
    message.items.push_back(5);
    CHECK(Binary::encode(into, message).error() == Error::over_bound);
    CHECK(error_of<Binary>(tenon::bytes_of(by_cereal(message)), message) == Error::over_bound);
}

TEST_CASE("what a wrapper promises holds after Binary decoded it") {
    rich::Wrapped message, copy;
    message.level = 99;
    CHECK(error_of<Binary>(rich::encoded<Binary>(message), copy) == Error::none);
    CHECK(copy.level == 9); // encoding clamps
    message.level = 10;
    CHECK(error_of<Binary>(tenon::bytes_of(by_cereal(message)), copy) == Error::over_bound);
    message.level = 1;
    for (const float wild :
         {100.f, -100.f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        message.heading = wild;
        CHECK(error_of<Binary>(rich::encoded<Binary>(message), copy) == Error::none);
        CHECK(copy.heading >= -4);
        CHECK(copy.heading <= 4);
    }
}

TEST_CASE("flags, alternatives, keys and byte orders that cereal would not write are malformed") {
    const auto decode = [](std::string_view text, auto message) {
        return error_of<Binary>(tenon::bytes_of(text), message);
    };
    using namespace std::string_view_literals;
    CHECK(decode("\x01\x01"sv, false) == Error::none);
    CHECK(decode("\x01\x02"sv, false) == Error::malformed);
    CHECK(decode("\x02\x01"sv, false) == Error::malformed);
    CHECK(decode("\x01\x02\0\0\0\x05"sv, std::variant<bool, int>()) == Error::malformed);
    CHECK(decode("\x01\xFF\xFF\xFF\xFF\x05"sv, std::variant<bool, int>()) == Error::malformed);
    CHECK(decode("\x01\0\0\0\0\x01"sv, std::variant<bool, int>()) == Error::none);
    CHECK(decode("\x01\x02\0\0\0\0\0\0\0ab"sv, std::set<char>()) == Error::none);
    CHECK(decode("\x01\x02\0\0\0\0\0\0\0aa"sv, std::set<char>()) == Error::malformed);
    CHECK(decode("\x01\x02\0\0\0\0\0\0\0aa"sv, std::multiset<char>()) == Error::none);
    CHECK(decode("\x01\x03\xFF"sv, std::bitset<3>()) == Error::none);
    CHECK(decode("\x01\x02\xFF"sv, std::bitset<3>()) == Error::malformed);
}

TEST_CASE("a Binary message nests as deeply as it may, and no deeper") {
    const auto chain = [](std::size_t links) {
        Bytes bytes(links + 2, std::byte{1});
        bytes.back() = {};
        Chain head;
        return Binary::decode(bytes, head).error();
    };
    CHECK(chain(tenon::codec::nesting_max) == Error::none);
    CHECK(chain(tenon::codec::nesting_max + 1) == Error::over_bound);
    CHECK(chain(100000) == Error::over_bound);
}
