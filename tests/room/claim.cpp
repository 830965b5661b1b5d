#include "tenon/room/claim.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

using namespace tenon;

namespace {

constexpr std::uint64_t room_key = 0x4444'4444'4444'4444;
using Datagram = std::array<std::byte, meeting::claim_bytes>;

Claim example() {
    Claim claim;
    claim.kind = Claim::Kind::follows;
    claim.game = 77;
    claim.room = 88;
    claim.epoch = {5, PeerId{3}};
    claim.from = PeerId{9};
    claim.about = PeerId{3};
    claim.nonce = 0x0102'0304'0506'0708;
    claim.handed = true;
    claim.size = 1000;
    return claim;
}
Datagram written(const Claim& claim, std::uint64_t key = room_key) {
    Datagram datagram{};
    REQUIRE(write(datagram, claim, key) == datagram.size());
    return datagram;
}
// As the door reads it: checksum first.
Error read(BytesIn datagram, std::uint64_t game = 77, std::uint64_t room = 88, std::uint64_t key = room_key) {
    if (meeting_kind(datagram) != meeting::claim) return Error::bad_checksum;
    const auto claim = read_claim(datagram, game, room, key);
    return claim ? Error::none : claim.error();
}
// Who knows the room's key can seal anything.
Error sealed_anew(std::size_t at, std::byte value) {
    Datagram datagram = written(example());
    datagram[at] = value;
    const BytesIn sealed = BytesIn(datagram).first(datagram.size() - 8).subspan(5);
    store_le(&datagram[datagram.size() - 8], detail::claim_seal(room_key, sealed));
    store_le(&datagram[1], detail::meeting_checksum(datagram));
    return read(datagram);
}

} // namespace

TEST_CASE("a claim is read as it was written") {
    const Claim claim = example();
    const auto again = read_claim(written(claim), 77, 88, room_key);
    REQUIRE(again);
    CHECK(again->kind == claim.kind);
    CHECK(again->game == claim.game);
    CHECK(again->room == claim.room);
    CHECK(again->epoch == claim.epoch);
    CHECK(again->from == claim.from);
    CHECK(again->about == claim.about);
    CHECK(again->nonce == claim.nonce);
    CHECK(again->handed == claim.handed);
    CHECK(again->size == claim.size);
    for (std::uint8_t kind = 0; kind < Claim::kind_count; ++kind) {
        Claim other = claim;
        other.kind = static_cast<Claim::Kind>(kind);
        CHECK(read(written(other)) == Error::none);
    }
}

TEST_CASE("who does not know the room's key, or means another room, has forged it") {
    const Datagram datagram = written(example());
    CHECK(read(datagram) == Error::none);
    CHECK(read(datagram, 77, 88, room_key + 1) == Error::forged_claim);
    CHECK(read(datagram, 78) == Error::forged_claim);
    CHECK(read(datagram, 77, 89) == Error::forged_claim);
    CHECK(read(written(example(), 1)) == Error::forged_claim);
}

TEST_CASE("no byte of a claim can be changed by who does not know the key") {
    for (std::size_t i = 5; i < meeting::claim_bytes; ++i) {
        Datagram datagram = written(example());
        datagram[i] ^= std::byte{1};
        CHECK(read(datagram) == Error::bad_checksum);
        store_le(&datagram[1], detail::meeting_checksum(datagram));
        CHECK(read(datagram) == Error::forged_claim);
    }
}

TEST_CASE("a claim of another size is none") {
    const Datagram datagram = written(example());
    for (std::size_t size = 0; size < datagram.size(); ++size)
        CHECK(read(BytesIn(datagram).first(size)) != Error::none);
    for (std::size_t size = 5; size < datagram.size(); ++size)
        CHECK(read_claim(BytesIn(datagram).first(size), 77, 88, room_key).error() == Error::truncated);
    std::array<std::byte, meeting::claim_bytes + 1> longer{};
    std::memcpy(longer.data(), datagram.data(), datagram.size());
    CHECK(read_claim(longer, 77, 88, room_key).error() == Error::truncated);
}

TEST_CASE("a buffer that is too small gets none") {
    Datagram datagram;
    for (std::size_t size = 0; size < datagram.size(); ++size)
        CHECK(write(BytesOut(datagram).first(size), example(), room_key) == 0);
}

TEST_CASE("what is sealed well may still be nonsense") {
    constexpr std::size_t kind = 5 + 16, authority = kind + 1 + 4, from = authority + 4,
                          handed = from + 4 + 4 + 8;
    CHECK(sealed_anew(kind, std::byte{Claim::kind_count - 1}) == Error::none);
    CHECK(sealed_anew(kind, std::byte{Claim::kind_count}) == Error::malformed);
    CHECK(sealed_anew(kind, std::byte{0xFF}) == Error::malformed);
    CHECK(sealed_anew(handed, std::byte{2}) == Error::malformed);
    Claim claim = example();
    claim.from = PeerId::none();
    CHECK(read(written(claim)) == Error::malformed);
    claim = example();
    claim.epoch.authority = PeerId::none();
    CHECK(read(written(claim)) == Error::malformed);
}

TEST_CASE("every link of every epoch has a key of its own") {
    const Epoch epoch{5, PeerId{3}};
    const std::uint64_t key = epoch_key(room_key, 1, epoch, PeerId{7});
    CHECK(key == epoch_key(room_key, 1, epoch, PeerId{7}));
    CHECK(key != epoch_key(room_key + 1, 1, epoch, PeerId{7}));
    CHECK(key != epoch_key(room_key, 2, epoch, PeerId{7}));
    CHECK(key != epoch_key(room_key, 1, {6, PeerId{3}}, PeerId{7}));
    CHECK(key != epoch_key(room_key, 1, {5, PeerId{4}}, PeerId{7}));
    CHECK(key != epoch_key(room_key, 1, epoch, PeerId{8}));
}
