#include "tenon/secure/seal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../allocations.hpp"
#include "hex.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;
using Tag = std::array<std::byte, tag_bytes>;

std::vector<Cipher> ciphers() {
    std::vector<Cipher> all{Cipher::chacha20_poly1305};
    if (AesGcm::available()) all.push_back(Cipher::aes_256_gcm);
    return all;
}

struct Sealed {
    std::uint64_t number = 0;
    Bytes head, body;
    Tag tag{};
};

// Both ends of a link.
struct Ends {
    explicit Ends(Cipher cipher, SealLimits limits = {})
        : ours(cipher, keys(false), limits), theirs(cipher, keys(true), limits) {}

    static NoiseKeys keys(bool is_turned) {
        NoiseKeys keys;
        keys.send = secret_of<>(std::string(64, is_turned ? '2' : '1'));
        keys.receive = secret_of<>(std::string(64, is_turned ? '1' : '2'));
        return keys;
    }
    Sealed seal(std::uint64_t number, std::string_view text = "what nobody else reads") {
        Sealed packet;
        packet.number = number;
        packet.head = hex("0102030405");
        packet.body.assign(bytes_of(text).begin(), bytes_of(text).end());
        const auto sealed = ours.seal(number, 0, packet.head, packet.body, packet.tag);
        REQUIRE(sealed);
        return packet;
    }
    Error open(const Sealed& packet) {
        into.assign(packet.body.size(), std::byte{0xAA});
        return theirs.open(packet.number, 0, packet.head, packet.body, packet.tag, into).error();
    }
    std::string_view heard() const { return text_of(into); }

    Seal ours, theirs;
    Bytes into;
};

constexpr SealLimits small_limits{.generation_bits = 3, .numbers_max = 160, .forged_max = 10};

} // namespace

TEST_CASE("what is sealed is opened by the other side, and by nobody else") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher);
        const Sealed packet = ends.seal(0);
        CHECK(text_of(packet.body) != "what nobody else reads");
        CHECK(ends.open(packet) == Error::none);
        CHECK(ends.heard() == "what nobody else reads");
        Bytes into(packet.body.size());
        CHECK(ends.ours.open(0, 0, packet.head, packet.body, packet.tag, into).error() ==
              Error::forged); // reflected
        Seal stranger(cipher, {secret_of<>(std::string(64, '3')), secret_of<>(std::string(64, '4')), {}});
        CHECK(stranger.open(0, 0, packet.head, packet.body, packet.tag, into).error() == Error::forged);
    }
}

TEST_CASE("the bytes of a sealed packet are these") {
    // Keys of 32 bytes 0x11, told by another implementation of HKDF and ChaCha20-Poly1305 too.
    Ends ends(Cipher::chacha20_poly1305, {.generation_bits = 3});
    Sealed packet = ends.seal(0, "abc");
    CHECK(to_hex(packet.body) + to_hex(packet.tag) == "8ec6f076620fc0436a633e22f58f3c28c9c2e1");
    packet = ends.seal(9, "abc");
    CHECK(to_hex(packet.body) + to_hex(packet.tag) == "e18f75b4bbaa788e64fe0d48f4caebcdb471d9");
}

TEST_CASE("every bit of a packet and its number are vouched for") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher);
        const Sealed packet = ends.seal(5);
        const auto flipped = [&](auto&& part) {
            for (std::size_t i = 0; i < part(packet).size() * 8; ++i) {
                Sealed wrong = packet;
                const_cast<std::byte&>(part(wrong)[i / 8]) ^= static_cast<std::byte>(1u << i % 8);
                CHECK(ends.open(wrong) == Error::forged);
                CHECK(std::all_of(ends.into.begin(), ends.into.end(),
                                  [](std::byte b) { return b == std::byte{0}; }));
            }
        };
        flipped([](const Sealed& p) -> const Bytes& { return p.head; });
        flipped([](const Sealed& p) -> const Bytes& { return p.body; });
        flipped([](const Sealed& p) -> const Tag& { return p.tag; });
        Sealed other = packet;
        other.number = 6;
        CHECK(ends.open(other) == Error::forged);
        other = packet;
        other.body.pop_back();
        CHECK(ends.open(other) == Error::forged);
        other = packet;
        other.head.push_back(std::byte{0});
        CHECK(ends.open(other) == Error::forged);
        CHECK(ends.open(packet) == Error::none);
        CHECK(ends.theirs.forged() == (5 + packet.body.size() + tag_bytes) * 8 + 3);
    }
}

TEST_CASE("no number is sealed twice, nor one before it") {
    Ends ends(Cipher::chacha20_poly1305);
    (void)ends.seal(7);
    Bytes body(4, std::byte{1});
    Tag tag{};
    for (const std::uint64_t number : {std::uint64_t(7), std::uint64_t(6), std::uint64_t(0)}) {
        CHECK(ends.ours.seal(number, 0, {}, body, tag).error() == Error::nonce_reused);
        CHECK(body == Bytes(4, std::byte{1})); // and nothing was written
    }
    CHECK(ends.ours.seal(8, 0, {}, body, tag));
}

TEST_CASE("keys turn, and the same packet is another in every generation") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher, small_limits);
        std::set<std::string> seen;
        for (std::uint64_t number = 0; number < 160; ++number) {
            const Sealed packet = ends.seal(number);
            CHECK(ends.open(packet) == Error::none);
            CHECK(ends.heard() == "what nobody else reads");
            CHECK(seen.insert(to_hex(packet.body)).second);
        }
    }
}

TEST_CASE("what comes late is opened across a turn of the keys, and no later") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher, small_limits);
        std::vector<Sealed> packets;
        for (std::uint64_t number = 0; number < 24; ++number) packets.push_back(ends.seal(number));
        CHECK(ends.open(packets[0]) == Error::none);
        CHECK(ends.open(packets[15]) == Error::none); // of the next generation
        CHECK(ends.open(packets[3]) == Error::none);  // of the one before
        CHECK(ends.open(packets[14]) == Error::none);
        CHECK(ends.open(packets[16]) == Error::none); // and on
        CHECK(ends.open(packets[4]) == Error::stale); // whose key is gone
        CHECK(ends.open(packets[13]) == Error::none);
    }
}

TEST_CASE("a forged number far ahead turns no key") {
    Ends ends(Cipher::chacha20_poly1305, small_limits);
    Sealed packet = ends.seal(1), wrong = packet;
    wrong.number = 8; // the next generation
    CHECK(ends.open(wrong) == Error::forged);
    wrong.number = 16;
    CHECK(ends.open(wrong) == Error::too_early);
    wrong.number = UINT64_MAX;
    CHECK(ends.open(wrong) == Error::key_spent);
    CHECK(ends.open(packet) == Error::none);
    CHECK(ends.open(ends.seal(2)) == Error::none);
    // Nor does the sender leave a whole generation out.
    Bytes body(4);
    Tag tag{};
    CHECK(ends.ours.seal(16, 0, {}, body, tag).error() == Error::too_early);
    CHECK(ends.ours.seal(15, 0, {}, body, tag));
}

TEST_CASE("a link ends where its numbers or its luck do") {
    Ends ends(Cipher::chacha20_poly1305, small_limits);
    for (std::uint64_t number = 0; number < 150; ++number)
        REQUIRE(ends.open(ends.seal(number)) == Error::none);
    CHECK_FALSE(ends.theirs.is_nearly_spent());
    for (std::uint64_t number = 150; number < 160; ++number) (void)ends.seal(number);
    CHECK(ends.ours.is_nearly_spent());
    Bytes body(4);
    Tag tag{};
    CHECK(ends.ours.seal(160, 0, {}, body, tag).error() == Error::key_spent);

    Ends unlucky(Cipher::chacha20_poly1305, small_limits);
    const Sealed packet = unlucky.seal(0);
    Sealed wrong = packet;
    wrong.tag[0] ^= std::byte{1};
    for (int i = 0; i < 10; ++i) CHECK(unlucky.open(wrong) == Error::forged);
    CHECK(unlucky.theirs.is_nearly_spent());
    CHECK(unlucky.open(packet) == Error::key_spent);
}

TEST_CASE("an empty body is vouched for too, and a buffer that is too small is seen") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher);
        CHECK(ends.open(ends.seal(0, "")) == Error::none);
        const Sealed packet = ends.seal(1);
        Bytes into(packet.body.size() - 1);
        CHECK(ends.theirs.open(1, 0, packet.head, packet.body, packet.tag, into).error() == Error::too_large);
        Bytes place = packet.body;
        CHECK(ends.theirs.open(1, 0, packet.head, place, packet.tag, place));
        CHECK(text_of(place) == "what nobody else reads");
    }
}

TEST_CASE("a seal is moved with its keys") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher, small_limits);
        CHECK(ends.open(ends.seal(0)) == Error::none);
        Seal moved = std::move(ends.theirs);
        const Sealed packet = ends.seal(9);
        Bytes into(packet.body.size());
        CHECK(moved.open(9, 0, packet.head, packet.body, packet.tag, into));
    }
}

TEST_CASE("the faster cipher that both have is chosen, and what all have else") {
    const std::uint8_t both = bit(Cipher::chacha20_poly1305) | bit(Cipher::aes_256_gcm);
    CHECK(agree(both, both) == Cipher::aes_256_gcm);
    CHECK(agree(both, bit(Cipher::chacha20_poly1305)) == Cipher::chacha20_poly1305);
    CHECK(agree(0, both) == Cipher::chacha20_poly1305);
    CHECK((ciphers_here() & bit(Cipher::chacha20_poly1305)) != 0);
    CHECK(((ciphers_here() & bit(Cipher::aes_256_gcm)) != 0) == AesGcm::available());
}

TEST_CASE("sealing, opening and turning keys allocate nothing") {
    for (const Cipher cipher : ciphers()) {
        Ends ends(cipher, small_limits);
        std::array<std::byte, 100> body{}, into{};
        const std::array<std::byte, 5> head{};
        Tag tag{};
        bool is_well = true;
        const allocations::Count counted;
        for (std::uint64_t number = 0; number < 40; ++number)
            is_well = is_well && ends.ours.seal(number, 0, head, body, tag) &&
                      ends.theirs.open(number, 0, head, body, tag, into);
        const std::size_t bytes = counted.bytes();
        CHECK(is_well);
        CHECK(bytes == 0);
    }
}
