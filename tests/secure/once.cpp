// No packet and no letter of a room that migrates is ever sealed with a key and a number that were used
// before. The functions of libsodium that seal are watched from outside, so that nothing is left out.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sodium.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "../sim/meshed.hpp"
#include "../sim/migrating.hpp"
#include "foretold.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/faults.hpp"

using foretold::Secure;
using namespace tenon;
using namespace tenon::literals;

template <>
struct migrating::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};
template <>
struct meshed::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};

namespace {

// What was sealed while it lives: the hashes of each key with each nonce.
struct Watch {
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    std::uint64_t sealed = 0, twice = 0;

    Watch() { current = this; }
    ~Watch() { current = nullptr; }
    static Watch* current;

    static void note(const void* key, std::size_t size, const unsigned char* nonce) {
        if (current == nullptr) return;
        ++current->sealed;
        const BytesIn bytes(static_cast<const std::byte*>(key), size);
        const std::uint64_t named = hash64(bytes, 1);
        const std::uint64_t numbered = hash64(BytesIn(reinterpret_cast<const std::byte*>(nonce), 12), named);
        if (!current->seen.insert({named, numbered}).second) ++current->twice;
    }
};
Watch* Watch::current = nullptr;

template <class F>
F* original(const char* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" int crypto_aead_chacha20poly1305_ietf_encrypt_detached(
    unsigned char* c, unsigned char* mac, unsigned long long* mac_size, const unsigned char* m,
    unsigned long long size, const unsigned char* head, unsigned long long head_size,
    const unsigned char* secret, const unsigned char* nonce, const unsigned char* key) {
    static auto* const seal = original<decltype(crypto_aead_chacha20poly1305_ietf_encrypt_detached)>(
        "crypto_aead_chacha20poly1305_ietf_encrypt_detached");
    Watch::note(key, 32, nonce);
    return seal(c, mac, mac_size, m, size, head, head_size, secret, nonce, key);
}
extern "C" int crypto_aead_aes256gcm_encrypt_detached_afternm(
    unsigned char* c, unsigned char* mac, unsigned long long* mac_size, const unsigned char* m,
    unsigned long long size, const unsigned char* head, unsigned long long head_size,
    const unsigned char* secret, const unsigned char* nonce, const crypto_aead_aes256gcm_state* state) {
    static auto* const seal = original<decltype(crypto_aead_aes256gcm_encrypt_detached_afternm)>(
        "crypto_aead_aes256gcm_encrypt_detached_afternm");
    Watch::note(state, sizeof *state, nonce);
    return seal(c, mac, mac_size, m, size, head, head_size, secret, nonce, state);
}

TEST_CASE("a number that is used twice with one key is seen") {
    Watch watch;
    secure::Secret<32> key = secure::Secret<32>::random();
    std::byte body[8] = {}, tag[secure::tag_bytes];
    for (const std::uint64_t number : {1u, 2u, 1u})
        secure::ChaCha(key).seal(body, tag, body, {}, secure::detail::packet_nonce(number, 0));
    CHECK(watch.sealed == 3);
    CHECK(watch.twice == 1);
    if (!secure::AesGcm::available()) return;
    const secure::AesGcm one(key), again(key);
    for (const secure::AesGcm* aes : {&one, &again})
        aes->seal(body, tag, body, {}, secure::detail::packet_nonce(1, 0));
    CHECK(watch.sealed == 5);
    CHECK(watch.twice == 2);
}

TEST_CASE("through all that becomes of a room, nothing is sealed with what was used before") {
    const auto faults =
        *sim::Faults::parse("latency_ms=50,jitter_ms=20,loss=0.05,duplicate=0.05,reorder=0.1");
    for (std::uint64_t seed = 1; seed <= (sim::is_long() ? 60u : 2u); ++seed) {
        Watch watch;
        sim::World world(seed, faults);
        migrating::Room<topology::FirstJoiner, Secure> room(world);
        REQUIRE(room.open(6) == "");
        room.one_rule = false;
        room.book.directs_ordered = false;
        room.talk(1_s);
        // The same three in turns, so that each pair is host and guest and guest and host, several times.
        for (const std::uint32_t next : {2u, 3u, 1u, 2u, 1u, 3u, 2u}) {
            auto* host = room.authority();
            REQUIRE(host != nullptr);
            if (host == &room[next]) continue;
            REQUIRE(host->net.set_authority(room[next].net.self()));
            room.talk(1_s);
            (void)room.run_until([&] { return room.authority() == &room[next]; }, 3_s);
        }
        // Parted, so that both sides count epochs of their own, and together again; twice.
        for (int i = 0; i < 2; ++i) {
            world.partition({1, 2, 3}, 4_s);
            room.talk(4_s);
            room.talk(4_s);
        }
        for (const std::uint32_t sleeper : {2u, 3u}) {
            world.pause(sleeper, 4_s);
            room.talk(6_s);
        }
        if (auto* host = room.authority()) room.kill(*host);
        room.talk(4_s);
        (void)room.run_until([&] { return room.agreed(); }, 10_s);
        if (auto* host = room.authority()) {
            CHECK(room.add(host->index) == "");
            for (auto* player : room.living())
                if (player != host) (void)player->net.move();
        }
        room.run(1_s);
        room.talk(3_s);
        CHECK(room.book.broken == "");
        CHECK(watch.sealed > 5'000);
        CHECK_MESSAGE(watch.twice == 0, "of ", watch.sealed, " with seed ", seed);
    }
}

TEST_CASE("through all that becomes of a mesh, nothing is sealed with what was used before") {
    for (std::uint64_t seed = 1; seed <= (sim::is_long() ? 60u : 1u); ++seed) {
        Watch watch;
        sim::World world(seed, meshed::rough);
        meshed::Crowd<topology::Mesh<>, Secure> crowd(world, 5);
        crowd.run(2_s);
        for (const std::size_t next : {1u, 2u, 0u, 1u, 3u, 0u}) {
            if (auto* host = crowd.coordinator()) (void)host->net.set_authority(crowd[next].net.self());
            crowd.run(2_s);
        }
        world.partition({1, 2}, 5_s);
        crowd.run(8_s);
        if (auto* host = crowd.coordinator())
            (void)host->net.kick(crowd[host == &crowd[4] ? 3 : 4].net.self());
        crowd.run(2_s);
        for (auto& player : crowd.players)
            if (auto* host = crowd.coordinator(); host != nullptr && !player->talking())
                (void)player->net.join(host->net.transport().local_address().text());
        crowd.talk(4_s);
        CHECK(crowd.broken() == "");
        CHECK(watch.sealed > 5'000);
        CHECK_MESSAGE(watch.twice == 0, "of ", watch.sealed, " with seed ", seed);
    }
}

TEST_CASE("who goes to and fro between two authorities of one epoch begins a link anew each time") {
    Watch watch;
    const auto faults = *sim::Faults::parse("latency_ms=30");
    sim::World world(5, faults);
    migrating::Room<topology::FirstJoiner, Secure> room(world);
    REQUIRE(room.open(5) == "");
    room.one_rule = room.book.directs_ordered = false;
    const auto hear = [&](std::uint32_t a, std::uint32_t b, bool hears) {
        sim::Path path = faults.path();
        path.loss = hears ? 0 : 1;
        world.network().set_path_both_ways(a, b, path);
    };
    for (const std::uint32_t other : {3u, 4u}) hear(2, other, false), hear(5, other, false);
    room.kill(room[1]);
    room.talk(5_s);
    const PeerId second = room[2].net.self(), third = room[3].net.self();
    REQUIRE(room[2].net.epoch() == room[3].net.epoch());
    REQUIRE(room[3].net.authority() == third);
    int returns = 0;
    for (int i = 0; i < 2; ++i) {
        const PeerId before = room[5].net.authority();
        hear(5, 2, false), hear(5, 3, true);
        room.talk(8_s);
        hear(5, 3, false), hear(5, 2, true);
        room.talk(8_s);
        returns += room[5].net.authority() == before && before == second ? 1 : 0;
    }
    CHECK(returns != 0);
    CHECK(watch.twice == 0);
}
