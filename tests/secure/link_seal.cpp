#include "tenon/secure/link_seal.hpp"

#include <algorithm>
#include <set>

#include "pair.hpp"

using namespace secured;
using secure::LinkKey;
using secure::LinkSeal;

namespace {

LinkKey key_for(bool is_guest, Cipher cipher, unsigned material = 1) {
    LinkKey key;
    key.cipher = cipher;
    key.is_guest = is_guest;
    const std::array<std::byte, 64> bytes{static_cast<std::byte>(material)};
    key.derive(bytes, {1, 2, 3}, "tests");
    return key;
}
constexpr std::size_t head = 3, size = head + 20 + secure::tag_bytes;
using Packet = std::array<std::byte, size>;

Packet sealed(LinkSeal& from, std::uint64_t number, std::uint64_t acked = 0) {
    Packet packet{};
    packet[head] = std::byte{42};
    from.close(packet, head, number, acked);
    return packet;
}
bool opens(LinkSeal& at, const Packet& packet, std::uint64_t number, std::uint64_t acked = 0) {
    std::array<std::byte, size> desk{};
    BytesIn frames;
    if (!at.open(packet, head, number, acked, desk, frames)) return false;
    CHECK(frames.size() == 20);
    CHECK(frames[0] == std::byte{42});
    return true;
}

} // namespace

TEST_CASE("a packet opens at the other end, with its number and what it acknowledges, and nowhere else") {
    for (const Cipher cipher : ciphers()) {
        LinkSeal guest(key_for(true, cipher)), host(key_for(false, cipher));
        LinkSeal stranger(key_for(false, cipher, 2));
        const Packet packet = sealed(guest, 5, 7);
        CHECK(opens(host, packet, 5, 7));
        CHECK_FALSE(opens(host, packet, 6, 7));
        CHECK_FALSE(opens(host, packet, 5, 8));
        CHECK_FALSE(opens(guest, packet, 5, 7)); // reflected
        CHECK_FALSE(opens(stranger, packet, 5, 7));
        for (std::size_t bit = 0; bit < size * 8; ++bit) {
            Packet forged = packet;
            forged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            CHECK_FALSE(opens(host, forged, 5, 7));
        }
        CHECK(host.forged() >= size * 8);
        CHECK(opens(host, packet, 5, 7)); // that it comes twice is the link's to notice
    }
}

TEST_CASE("a number that was sealed is not sealed again, and lets nothing out") {
    LinkSeal guest(key_for(true, Cipher::chacha20_poly1305)), host(key_for(false, Cipher::chacha20_poly1305));
    CHECK(opens(host, sealed(guest, 9), 9));
    for (const std::uint64_t number : {9u, 8u, 0u}) {
        const Packet again = sealed(guest, number);
        CHECK(std::all_of(again.begin() + head, again.end(), [](std::byte b) { return b == std::byte{}; }));
        CHECK_FALSE(opens(host, again, number));
    }
}

TEST_CASE("a link that goes on has new keys and its old numbers, in whatever generation") {
    for (const Cipher cipher : ciphers()) {
        const secure::SealLimits limits{.generation_bits = 3};
        LinkSeal guest(key_for(true, cipher), limits), host(key_for(false, cipher), limits);
        std::set<Bytes> proofs;
        std::uint64_t from_guest = 0, from_host = 0;
        for (std::uint64_t round = 1; round <= 40; ++round) {
            // One side says more than the other, and some is lost.
            for (std::uint64_t i = 0; i < round % 11; ++i, ++from_guest) {
                const Packet packet = sealed(guest, from_guest);
                if (i % 3 != 1) CHECK(opens(host, packet, from_guest));
            }
            for (std::uint64_t i = 0; i < round % 3; ++i, ++from_host)
                CHECK(opens(guest, sealed(host, from_host), from_host));
            const Packet late = sealed(guest, from_guest);
            CHECK(guest.prove(round, PeerId{4}) == host.prove(round, PeerId{4}));
            CHECK(guest.prove(round, PeerId{4}) != guest.prove(round + 1, PeerId{4}));
            CHECK(guest.prove(round, PeerId{4}) != guest.prove(round, PeerId{5}));
            const std::uint64_t before = guest.prove(round, PeerId{4});
            const LinkKey ours = guest.next_key({1, round, 3}), theirs = host.next_key({1, round, 3});
            CHECK(ours.guest_sends == theirs.guest_sends);
            CHECK_FALSE(ours.guest_sends == ours.host_sends);
            CHECK(proofs.insert(Bytes(ours.resume.bytes().begin(), ours.resume.bytes().end())).second);
            guest.renew(ours);
            host.renew(theirs);
            CHECK(guest.prove(round, PeerId{4}) != before); // a request is good for one key
            CHECK_FALSE(opens(host, late, from_guest));
            ++from_guest;
            const Packet old = sealed(guest, 0); // numbers don't begin again
            CHECK_FALSE(opens(host, old, 0));
        }
        CHECK(from_guest > 150);
        CHECK(opens(host, sealed(guest, from_guest), from_guest));
        CHECK(opens(guest, sealed(host, from_host), from_host));
    }
}

TEST_CASE("what was sealed before keys change is opened until the new key is shown, and not by it") {
    for (const Cipher cipher : ciphers()) {
        LinkSeal guest(key_for(true, cipher)), host(key_for(false, cipher));
        CHECK(opens(host, sealed(guest, 0), 0));
        const LinkKey ours = guest.next_key({1, 2, 3}), theirs = host.next_key({1, 2, 3});
        const LinkKey forged = key_for(true, cipher, 9);
        LinkSeal thief(forged);
        CHECK_FALSE(host.is_changing());
        host.change(theirs);
        CHECK(host.is_changing());
        CHECK_FALSE(opens(guest, sealed(host, 0), 0)); // the host says nothing more under the old one
        const Packet early = sealed(guest, 1), late = sealed(guest, 2);
        CHECK(opens(host, early, 1));
        CHECK_FALSE(opens(host, early, 2));
        CHECK_FALSE(opens(host, sealed(thief, 3), 3));
        CHECK(host.is_changing());
        guest.renew(ours);
        CHECK_FALSE(guest.is_changing());
        CHECK_FALSE(opens(host, sealed(guest, 1), 1)); // its numbers go on
        const Packet first = sealed(guest, 3);
        CHECK(opens(host, first, 3));
        CHECK_FALSE(host.is_changing());
        CHECK_FALSE(opens(host, late, 2));
        CHECK(opens(host, first, 3)); // that it comes twice is the link's to notice
        // Keys that change while they change: of those before, only the last is good.
        const Packet under_first = sealed(guest, 4);
        LinkSeal other = [&] {
            LinkSeal copy(key_for(false, cipher));
            copy.renew(copy.next_key({1, 2, 3}));
            return copy;
        }();
        other.change(other.next_key({1, 5, 6}));
        CHECK(opens(other, under_first, 4));
        other.change(other.next_key({1, 7, 8}));
        CHECK_FALSE(opens(other, under_first, 4));
        other.change(other.next_key({1, 9, 9}));
        other.renew(other.next_key({1, 9, 10}));
        CHECK_FALSE(other.is_changing());
    }
}

TEST_CASE("the answer to a request to resume is for that request alone") {
    LinkSeal guest(key_for(true, Cipher::chacha20_poly1305)), host(key_for(false, Cipher::chacha20_poly1305));
    Keyring keys;
    const secure::Guard guard(keys);
    const std::array<std::byte, 8> asked{std::byte{1}}, other{std::byte{2}};
    std::array<std::byte, 96> bytes{}, desk{};
    ByteWriter out(bytes);
    guard.enclose(host, asked, bytes_of("granted"), out);
    const BytesIn said = BytesIn(bytes).first(out.position());
    CHECK(said.size() == 7 + secure::tag_bytes);
    const auto read = guard.open(guest, asked, said, desk);
    REQUIRE(read);
    CHECK(text_of(*read) == "granted");
    CHECK_FALSE(guard.open(guest, other, said, desk));
    for (std::size_t cut = 0; cut < said.size(); ++cut)
        CHECK_FALSE(guard.open(guest, asked, said.first(cut), desk));
    for (std::size_t bit = 0; bit < said.size() * 8; ++bit) {
        Bytes forged(said.begin(), said.end());
        forged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        CHECK_FALSE(guard.open(guest, asked, forged, desk));
    }
}
