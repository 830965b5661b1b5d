#include "tenon/codec/compressed.hpp"
#include "tenon/codec/zstd.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <vector>

#include "../allocations.hpp"
#include "rich.hpp"
#include "tenon/codec/binary.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/core/random.hpp"

using namespace tenon;
using codec::Bits;
using codec::Compressed;
using codec::Kinds;
using rich::Bytes;
using rich::Crate;
using rich::encoded;
using rich::error_of;
using rich::Rich;

namespace {

struct Chat {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 4000)); }
};
struct Blob {
    std::vector<std::uint8_t> bytes;
    void serialize(auto& ar) { ar(bounded(bytes, 600'000)); }
};
struct Step {
    float turn = 0;
    std::uint32_t tick = 0;
    void serialize(auto& ar) { ar(turn, tick); }
};

struct Words {
    static constexpr std::string_view text =
        "the red team has taken the flag from the blue team at the bridge";
};
struct OtherWords {
    static constexpr std::string_view text =
        "the blue team has taken the flag from the red team at the bridge";
};
struct NoChat : Words {
    using plain = Kinds<Chat, Step>;
};
using Plain = Compressed<Bits>;
// Words lie on whole bytes in Binary, so that any text is a dictionary; one for Bits has to be trained.
using Wordy = Compressed<codec::Binary, Words>;

const Chat flag{"the blue team has taken the flag from the red team"};

Blob noise(std::size_t size, std::uint64_t seed = 1) {
    Random random(seed);
    Blob blob;
    for (std::size_t i = 0; i < size; ++i) blob.bytes.push_back(static_cast<std::uint8_t>(random.below(256)));
    return blob;
}
Blob zeros(std::size_t size) { return {std::vector<std::uint8_t>(size)}; }
// Half of it is new and half is known.
Blob mixed(std::size_t size) {
    Blob blob = noise(size, 3);
    for (std::size_t i = 0; i < size; ++i)
        if (i / 16 % 2 == 0) blob.bytes[i] = static_cast<std::uint8_t>(i % 16);
    return blob;
}
template <class C, class T>
bool comes_back(const T& message) {
    T copy;
    return error_of<C>(encoded<C>(message), copy) == Error::none &&
           encoded<Bits>(copy) == encoded<Bits>(message);
}

} // namespace

static_assert(CodecPolicy<Plain> && CodecPolicy<Wordy> && CodecPolicy<Compressed<codec::Binary>>);
static_assert(Plain::name == "bits+zstd");
static_assert(Compressed<codec::Binary>::name == "binary+zstd");
static_assert(Wordy::name.substr(0, 12) == "binary+zstd-" && Wordy::name.size() == 28);
static_assert(Wordy::name != Compressed<codec::Binary, OtherWords>::name &&
              Wordy::name != Compressed<codec::Binary, NoChat>::name);

TEST_CASE("a compressed message brings back everything") {
    CHECK(comes_back<Plain>(rich::sample()));
    CHECK(comes_back<Wordy>(rich::sample()));
    CHECK(comes_back<Plain>(Rich{}));
    CHECK(comes_back<Compressed<codec::Binary>>(flag));
    CHECK(comes_back<Wordy>(flag));
}

TEST_CASE(
    "what is alike gets smaller, the more so with a dictionary, and nothing gets more than a byte larger") {
    for (const std::size_t size : {0u, 1u, 28u, 31u, 100u, 1000u, 20'000u, 60'000u}) {
        CAPTURE(size);
        for (const Blob& blob : {noise(size), zeros(size), mixed(size)}) {
            CHECK(encoded<Plain>(blob).size() <= encoded<Bits>(blob).size() + 1);
            CHECK(encoded<Wordy>(blob).size() <= encoded<codec::Binary>(blob).size() + 1);
            CHECK(comes_back<Plain>(blob));
            CHECK(comes_back<Wordy>(blob));
        }
        CHECK(encoded<Plain>(noise(size)).size() == encoded<Bits>(noise(size)).size() + 1);
    }
    CHECK(encoded<Plain>(zeros(1000)).size() < 20);
    CHECK(encoded<Plain>(zeros(60'000)).size() < 20);
    CHECK(encoded<Plain>(mixed(20'000)).size() < 13'000);
    CHECK(encoded<Wordy>(flag).size() < 30);
    CHECK(encoded<Plain>(flag).size() > 40);
    CHECK(encoded<Bits>(flag).size() == 52);
}

TEST_CASE("a message of many blocks keeps their heads, and one of a single block does without") {
    Bytes into(1 << 20);
    const Blob large = mixed(600'000);
    const auto size = Plain::encode(into, large);
    REQUIRE(size);
    CHECK(*size < 400'000);
    CHECK((into[0] & std::byte{1}) == std::byte{1});
    Blob copy;
    REQUIRE(Plain::decode({into.data(), *size}, copy));
    CHECK((copy.bytes == large.bytes));
    CHECK((encoded<Plain>(mixed(20'000))[0] & std::byte{1}) == std::byte{0});
}

TEST_CASE("a type that is never large carries no mark, nor does a kind that goes plain") {
    CHECK(encoded<Plain>(Step{1, 7}) == encoded<Bits>(Step{1, 7}));
    CHECK(Plain::max_bytes<Step>() == Bits::max_bytes<Step>());
    CHECK(Plain::max_bytes<Chat>() == Bits::max_bytes<Chat>() + 1);
    CHECK(encoded<Compressed<Bits, NoChat>>(flag) == encoded<Bits>(flag));
    CHECK(comes_back<Compressed<Bits, NoChat>>(flag));
    CHECK(encoded<Compressed<Bits, NoChat>>(zeros(500)).size() < 20);
}

TEST_CASE("a message fits where it fits packed, and is too large where it does not") {
    const std::size_t packed = encoded<Plain>(zeros(5000)).size();
    for (std::size_t room = 0; room < packed + 3; ++room) {
        CAPTURE(room);
        Bytes into(room);
        const auto size = Plain::encode(into, zeros(5000));
        if (room < packed)
            CHECK(size.error() == Error::too_large);
        else
            CHECK(size.value_or(0) == packed);
    }
    Blob over = zeros(600'001);
    Bytes into(1 << 20);
    CHECK(Plain::encode(into, over).error() == Error::over_bound);
}

TEST_CASE("every shorter piece of a message is refused, as is what follows it") {
    for (const Bytes& whole : {encoded<Wordy>(flag), encoded<Wordy>(rich::sample())}) {
        Rich rich_copy;
        Chat chat;
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            CHECK(error_of<Wordy>(tenon::BytesIn(whole).first(size), rich_copy) != Error::none);
            CHECK(error_of<Wordy>(tenon::BytesIn(whole).first(size), chat) != Error::none);
        }
        Bytes more = whole;
        more.push_back(std::byte{0});
        CHECK(error_of<Wordy>(more, rich_copy) != Error::none);
        CHECK(error_of<Wordy>(more, chat) != Error::none);
    }
}

TEST_CASE("a claimed size is checked before anything is made of it") {
    const auto claim = [](std::uint64_t mark, std::size_t following) {
        Bytes bytes(10 + following);
        ByteWriter writer(bytes);
        writer.varint(mark);
        bytes.resize(writer.position() + following);
        return bytes;
    };
    Chat chat;
    CHECK(error_of<Plain>({}, chat) == Error::truncated);
    CHECK(error_of<Plain>(Bytes{std::byte{0x80}}, chat) == Error::malformed);
    const std::size_t before = allocations::total;
    for (const std::uint64_t size : {4003ull, 1ull << 20, 1ull << 40, ~0ull >> 1})
        CHECK(Plain::decode(claim(size << 1, 20), chat).error() == Error::over_bound);
    CHECK(allocations::total - before < 1000);                            // what the claims themselves are
    CHECK(error_of<Plain>(claim(31 << 1, 20), chat) == Error::malformed); // too short to be packed
    CHECK(error_of<Plain>(claim(40 << 1, 200), chat) ==
          Error::malformed); // longer than it claims to be plain
    CHECK(error_of<Plain>(claim(100 << 1, 0), chat) == Error::malformed);
    CHECK(error_of<Plain>(claim(100 << 1, 20), chat) == Error::malformed); // no block
    CHECK(error_of<Plain>(claim(100 << 1 | 1, 20), chat) == Error::malformed);
    // An honest message that claims one byte more or less.
    for (const int off : {-1, 1}) {
        Bytes bytes = encoded<Wordy>(flag);
        bytes[0] = static_cast<std::byte>(std::to_integer<int>(bytes[0]) + 2 * off);
        CHECK(error_of<Wordy>(bytes, chat) == Error::malformed);
    }
}

TEST_CASE("what was packed with another dictionary is not taken for what it was") {
    Chat chat;
    const Bytes packed = encoded<Wordy>(flag);
    CHECK(error_of<Compressed<codec::Binary>>(packed, chat) != Error::none);
    if (Compressed<codec::Binary, OtherWords>::decode(packed, chat)) CHECK(chat.text != flag.text);
}

TEST_CASE("in steady state packing and unpacking allocate nothing") {
    Bytes into(70'000);
    Blob blob;
    Chat chat;
    const Blob large = mixed(60'000);
    const auto round = [&] {
        const auto size = Plain::encode(into, large);
        REQUIRE(Plain::decode({into.data(), size.value_or(0)}, blob));
        for (int i = 0; i < 50; ++i) {
            const auto little = Wordy::encode(into, flag);
            REQUIRE(Wordy::decode({into.data(), little.value_or(0)}, chat));
        }
    };
    round();
    const allocations::Count count;
    for (int i = 0; i < 10; ++i) round();
    CHECK(count.bytes() == 0);
    CHECK(chat.text == flag.text);
}

TEST_CASE("a dictionary that is trained from messages packs others like them") {
    Random random(5);
    const char* who[] = {"ann", "bob", "cid", "dora"};
    const char* where[] = {"the bridge", "the old mill", "the north gate"};
    std::vector<Bytes> said;
    for (int i = 0; i < 4000; ++i)
        said.push_back(encoded<Bits>(Chat{std::string(who[random.below(4)]) + " has taken the flag at " +
                                          where[random.below(3)] + " after " +
                                          std::to_string(random.below(900)) + " seconds"}));
    Bytes all;
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < 3000; ++i) {
        all.insert(all.end(), said[i].begin(), said[i].end());
        sizes.push_back(said[i].size());
    }
    const Bytes trained = codec::train_zstd_dictionary(all, sizes, 2048);
    REQUIRE(!trained.empty());
    CHECK(trained.size() <= 2048);
    CHECK(codec::train_zstd_dictionary(all, std::span(sizes).first(2), 2048).empty());
    const codec::ZstdDictionary dictionary(trained);
    REQUIRE(dictionary.ok());
    auto& context = codec::ZstdContext::of_this_thread();
    std::size_t plain = 0, packed = 0;
    for (std::size_t i = 3000; i < 4000; ++i) {
        const codec::ZstdPacked little = context.pack(said[i], &dictionary);
        const Bytes kept(little.bytes.begin(), little.bytes.end());
        const BytesIn back = context.unpack({kept, little.has_block_heads}, said[i].size(), &dictionary);
        REQUIRE(Bytes(back.begin(), back.end()) == said[i]);
        plain += said[i].size();
        packed += kept.size() + 2;
    }
    CHECK(packed * 2 < plain);
}
