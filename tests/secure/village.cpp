// An encrypted room that could do without its host, and those who would disturb it or listen: strangers on
// the wire, a member with keys of its own, and one who was sent away.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../allocations.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/contract.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/secure/secure.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/mesh.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using secure::Keyring;
using transport::MemoryAddress;

namespace {

struct Line {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Dot {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
using Talk = Game<"village", 1, State<Dot>, Event<Line, Ordered>>;
using Secure = transport::Secure<transport::Memory>;
inline constexpr Rates rates{.snapshot_hz = 20, .keepalive_ms = 500};
using Net =
    Session<Talk, Secure, codec::Bits, clock::Independent<rates>, topology::Mesh<>, reliability::AckVector>;
using BareRoom = tenon::Room<MemoryAddress, reliability::AckVector, topology::Mesh<>, secure::Guard>;
using Bytes = std::vector<std::byte>;

struct Player {
    Net net;
    std::uint32_t heard = 0, changes = 0, closed = 0, beat = 0;
    Player(transport::Exchange& exchange, std::uint32_t host)
        : net({.room = "lobby", .name = "somebody", .succeed_after = 1_s, .seed = host},
              Secure(Keyring::for_tests(host), transport::Memory(exchange, host))) {}
    Dot state() { return {++beat}; }
    void on(PeerId, const Line&) { ++heard; }
    void on(const AuthorityChanged&) { ++changes; }
    void on(const Closed&) { ++closed; }
};
struct Datagram {
    MemoryAddress from, to;
    Bytes bytes;
    bool is_letter() const { return bytes.size() > 5 && meeting_kind(bytes) == meeting::claim; }
};

// Three who are honest, and a member that has a room of its own hands to play with.
struct Village {
    transport::Exchange exchange{3};
    Instant now{1'000'000'000};
    std::vector<std::unique_ptr<Player>> players;
    Keyring hostile_keys = Keyring::for_tests(9);
    BareRoom hostile{Options{.room = "lobby", .succeed_after = 1_s, .seed = 9},
                     Net::RoomType::Contract::terms({.room = "lobby"}),
                     Net::RoomType::Contract::carriage(),
                     1200,
                     Pulse{milliseconds(200)},
                     9,
                     secure::Guard(hostile_keys)};
    MemoryAddress hostile_at{9, 9000};
    std::vector<Datagram> seen{};
    bool alive = true, watched = true;

    Village() {
        for (std::uint32_t i = 1; i <= 3; ++i) {
            players.push_back(std::make_unique<Player>(exchange, i));
            REQUIRE((i == 1 ? players[0]->net.host(4000) : players.back()->net.join("host1:4000")));
            run(400_ms);
        }
        REQUIRE(hostile.join(now, *MemoryAddress::parse("host1:4000")));
        run(2_s);
        REQUIRE(hostile.status() == Status::joined);
        REQUIRE(room_key() != 0);
        for (auto& player : players) REQUIRE(player->net.health().detours == 0);
    }
    Player& operator[](std::size_t i) { return *players[i]; }
    std::uint64_t room_key() { return hostile.estate().succession().room_key(); }
    MemoryAddress at(std::size_t i) { return players[i]->net.transport().local_address(); }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 10_ms) {
            for (auto& player : players)
                if (player) player->net.tick(now, *player);
            if (alive) speak();
            exchange.take_outgoing(
                [&](const MemoryAddress& from, const MemoryAddress& to, Lane, BytesIn bytes) {
                    if (watched) seen.push_back({from, to, Bytes(bytes.begin(), bytes.end())});
                    if (!(to == hostile_at)) return (void)exchange.deliver(to, from, {}, bytes);
                    if (alive) hostile.handle_datagram(now, from, bytes);
                    listen();
                });
        }
    }
    void listen() {
        RoomEvent event;
        while (hostile.poll_event(event)) {
        }
    }
    void speak() {
        hostile.handle_timeout(now);
        listen();
        std::array<std::byte, 1300> buffer{};
        while (const auto out = hostile.poll_transmit(now, buffer)) {
            const BytesIn bytes = BytesIn(buffer).first(out.size);
            if (watched) seen.push_back({hostile_at, out.to, Bytes(bytes.begin(), bytes.end())});
            exchange.deliver(out.to, hostile_at, {}, bytes);
        }
    }
    Claim claim(Claim::Kind kind, PeerId from, Epoch epoch, PeerId about) {
        Claim claim;
        claim.kind = kind;
        claim.game = stable_id(Talk::name);
        claim.room = stable_id("lobby");
        claim.epoch = epoch;
        claim.from = from;
        claim.about = about;
        return claim;
    }
    // With the keys that `kin` has.
    void say(std::size_t to, const Claim& claim, secure::Kin& kin, const MemoryAddress& from) {
        std::array<std::byte, 200> bytes{};
        const std::size_t size = write_letter(bytes, kin, players[to]->net.self(), Letter::claim,
                                              [&](ByteWriter& out) { detail::write_claim(out, claim); });
        REQUIRE(size != 0);
        exchange.deliver(at(to), from, {}, BytesIn(bytes).first(size));
    }
    secure::Kin& kin() { return hostile.estate().succession().kin(); }
    std::uint64_t forged(std::size_t i) { return players[i]->net.health().forged_claims; }
    // All that the keys of `who` and the room's key are good for, in the name of member `as`.
    std::unique_ptr<secure::Kin> pretend(Keyring& who, PeerId as) {
        auto kin = std::make_unique<secure::Kin>();
        kin->begin(secure::Guard(who), as, room_key(), Net::RoomType::Contract::terms({}).schema);
        for (auto& player : players)
            CHECK(kin->introduce(player->net.self(), player->net.transport().keyring().identity().key()));
        return kin;
    }
    // Everybody obeys that one, in that epoch, hears what the others say, and sees them move.
    void check(PeerId host = PeerId::host(), std::uint32_t epoch = 0, std::uint32_t changes = 0) {
        for (auto& player : players)
            if (player) player->heard = 0;
        std::uint32_t count = 0;
        for (auto& player : players)
            if (player) count += player->net.broadcast(Line{1}) ? 1 : 0;
        run(1_s);
        for (auto& player : players) {
            if (!player) continue;
            CHECK(player->heard == count - 1);
            CHECK((player->net.status() == Status::hosting) == (player->net.self() == host));
            CHECK(player->net.epoch() == epoch);
            CHECK(player->changes == changes);
            CHECK(player->closed == 0);
            CHECK(player->net.health().detours == 0);
        }
    }
};

bool holds(BytesIn bytes, BytesIn what) {
    return std::search(bytes.begin(), bytes.end(), what.begin(), what.end()) != bytes.end();
}

constexpr Claim::Kind kinds[] = {Claim::Kind::asks,    Claim::Kind::lives,  Claim::Kind::supports,
                                 Claim::Kind::prefers, Claim::Kind::claims, Claim::Kind::follows,
                                 Claim::Kind::yields};

} // namespace

TEST_CASE("neither the room's key nor who is there nor a claim is readable on the wire") {
    Village village;
    REQUIRE(village[0].net.set_authority(PeerId{1}));
    village.run(2_s);
    village.check(PeerId{1}, 1, 1);
    std::byte key[8];
    store_le(key, village.room_key());
    std::byte game[8];
    store_le(game, stable_id(Talk::name));
    std::size_t letters = 0;
    for (const Datagram& datagram : village.seen) {
        CHECK(!holds(datagram.bytes, key));
        CHECK(!holds(datagram.bytes, bytes_of("somebody")));
        for (std::size_t i = 1; i < 3; ++i) // the host of the door shows its own
            CHECK(!holds(datagram.bytes, village[i].net.transport().keyring().identity().key().bytes));
        if (!datagram.is_letter()) continue;
        ++letters;
        CHECK(!holds(datagram.bytes, game));
    }
    CHECK(letters > 10);
}

TEST_CASE("claims of a stranger, or of a member in another's name, are forged, and change nothing") {
    Village village;
    Keyring strange = Keyring::for_tests(77);
    for (Keyring* who : {&strange, &village.hostile_keys}) {
        std::uint64_t before[3] = {village.forged(0), village.forged(1), village.forged(2)};
        for (std::size_t to = 0; to < 3; ++to)
            for (std::size_t as = 0; as < 3; ++as) {
                if (as == to) continue;
                const auto kin = village.pretend(*who, village[as].net.self());
                const PeerId name = village[as].net.self();
                for (const auto kind : kinds)
                    for (const std::uint32_t number : {0u, 7u})
                        village.say(to, village.claim(kind, name, {number, name}, name), *kin,
                                    village.at(as));
            }
        village.run(300_ms);
        for (std::size_t i = 0; i < 3; ++i) CHECK(village.forged(i) == before[i] + 2 * 7 * 2);
    }
    village.check();
    // In its own letter, but in another's name.
    for (std::size_t to = 0; to < 3; ++to) {
        const std::uint64_t before = village.forged(to);
        const PeerId other = village[(to + 1) % 3].net.self();
        village.say(to, village.claim(Claim::Kind::claims, other, {7, other}, other), village.kin(),
                    village.hostile_at);
        village.run(50_ms);
        CHECK(village.forged(to) == before + 1);
    }
    village.check();
}

TEST_CASE("a member whom nobody chose is not obeyed, though its letters are its own") {
    Village village;
    const PeerId self = village.hostile.self();
    for (int i = 0; i < 30; ++i) {
        for (std::size_t to = 0; to < 3; ++to)
            for (const auto kind : {Claim::Kind::claims, Claim::Kind::yields, Claim::Kind::asks}) {
                Claim claim = village.claim(kind, self, {7, self}, self);
                claim.handed = i % 2 != 0;
                claim.size = 1000;
                village.say(to, claim, village.kin(), village.hostile_at);
            }
        village.run(50_ms);
    }
    village.check();
}

TEST_CASE("all that was ever said, played back in another epoch, has no effect") {
    Village village;
    village.alive = false;
    for (const std::uint32_t next : {1u, 2u, 0u}) {
        for (auto& player : village.players)
            if (player->net.status() == Status::hosting) {
                REQUIRE(player->net.set_authority(PeerId{next}));
                break;
            }
        village.run(2_s);
        const auto was = village.seen;
        village.watched = false;
        const std::uint32_t epoch = village[0].net.epoch(), changes = village[0].changes;
        for (std::size_t i = 0; i < was.size(); ++i) {
            village.exchange.deliver(was[i].to, was[i].from, {}, was[i].bytes);
            if (i % 40 == 0) village.run(10_ms);
        }
        village.check(PeerId{next}, epoch, changes);
        village.watched = true;
    }
    CHECK(village.forged(0) + village.forged(1) + village.forged(2) > 20);
}

TEST_CASE("packets and letters of one pair are nothing to another, wherever they seem to come from") {
    Village village;
    village.watched = true;
    village.run(500_ms);
    const auto was = village.seen;
    village.watched = false;
    std::size_t spliced = 0;
    for (const Datagram& datagram : was)
        for (std::size_t to = 0; to < 3; ++to)
            for (std::size_t from = 0; from < 3; ++from) {
                if (to == from || datagram.bytes.empty()) continue;
                const bool letter = datagram.is_letter();
                if (!letter && std::to_integer<unsigned>(datagram.bytes[0]) >= 0x80) continue;
                if (datagram.to == village.at(to) && datagram.from == village.at(from)) continue;
                village.exchange.deliver(village.at(to), village.at(from), {}, datagram.bytes);
                if (++spliced % 50 == 0) village.run(10_ms);
            }
    CHECK(spliced > 500);
    village.check();
}

TEST_CASE("who was sent away can neither read nor disturb what comes after it") {
    Village village;
    const PeerId gone = village.hostile.self();
    const std::uint64_t room_key = village.room_key();
    auto saved = village.pretend(village.hostile_keys, gone); // all that it will have when it is out
    REQUIRE(village[0].net.kick(gone));
    village.run(500_ms);
    REQUIRE(village.hostile.status() == Status::closed);
    village.alive = false;
    village.check();

    // It claims, in its own name and in others', while the host dies.
    village.seen.clear();
    village.players[0].reset();
    for (int i = 0; i < 40; ++i) {
        for (std::size_t to = 1; to < 3; ++to) {
            village.say(to, village.claim(Claim::Kind::claims, gone, {9, gone}, gone), *saved,
                        village.hostile_at);
            const PeerId name = village[3 - to].net.self();
            auto kin = std::make_unique<secure::Kin>();
            kin->begin(secure::Guard(village.hostile_keys), name, room_key,
                       Net::RoomType::Contract::terms({}).schema);
            CHECK(kin->introduce(village[to].net.self(),
                                 village[to].net.transport().keyring().identity().key()));
            village.say(to, village.claim(Claim::Kind::claims, name, {9, name}, name), *kin,
                        village.at(3 - to));
        }
        village.run(100_ms);
    }
    CHECK(village.forged(1) == 80);
    village.check(PeerId{1}, 1, 1);
    // Nothing of it opens with what it has.
    std::byte desk[128];
    PeerId from;
    std::size_t letters = 0;
    for (const Datagram& datagram : village.seen) {
        if (!datagram.is_letter() || datagram.from == village.hostile_at) continue;
        ++letters;
        CHECK(!saved->open(BytesIn(datagram.bytes).subspan(5), desk, from));
        for (std::size_t as = 1; as < 3; ++as) {
            auto kin = std::make_unique<secure::Kin>();
            kin->begin(secure::Guard(village.hostile_keys), village[as].net.self(), room_key,
                       Net::RoomType::Contract::terms({}).schema);
            CHECK(kin->introduce(village[3 - as].net.self(),
                                 village[3 - as].net.transport().keyring().identity().key()));
            CHECK(!kin->open(BytesIn(datagram.bytes).subspan(5), desk, from));
        }
    }
    CHECK(letters > 3);
}

TEST_CASE("nothing is allocated while all speak with all") {
    Village village;
    REQUIRE(village[0].net.kick(village.hostile.self())); // it is not heard below
    village.run(1_s);
    village.watched = false;
    std::size_t allocated = 0;
    for (int i = 0; i < 1200; ++i) {
        const allocations::Count count;
        for (auto& player : village.players) player->net.tick(village.now, *player);
        village.exchange.deliver_all();
        village.now += 2_ms;
        if (i >= 600) allocated += count.bytes();
    }
    CHECK(allocated == 0);
    for (auto& player : village.players) CHECK(player->net.status() != Status::closed);
}
