// A room that could do without its host, and those who would like to have it: what they say about who
// decides is refused by its name and counted, and the room goes on with the authority that it has.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/contract.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::MemoryAddress;

namespace {

struct Line {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"hostile", 1, Event<Line, Ordered>>;
using Net = Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, topology::AuthorityHosted<>,
                    reliability::AckVector>;
using BareRoom = tenon::Room<MemoryAddress, reliability::AckVector, topology::AuthorityHosted<>>;

struct Player {
    Net net;
    std::uint32_t heard = 0, changes = 0, closed = 0;
    Player(transport::Exchange& exchange, std::uint32_t host)
        : net({.room = "lobby", .succeed_after = 1_s, .seed = host}, transport::Memory(exchange, host)) {}
    void on(PeerId, const Line&) { ++heard; }
    void on(const AuthorityChanged&) { ++changes; }
    void on(const Closed&) { ++closed; }
};

// An authority, two honest guests, and a member who knows the room's key and says what it likes.
struct Village {
    transport::Exchange exchange{3};
    Instant now{1'000'000'000};
    std::vector<std::unique_ptr<Player>> players;
    BareRoom hostile{Options{.room = "lobby", .succeed_after = 1_s, .seed = 9},
                     Net::RoomType::Contract::terms({.room = "lobby"}),
                     Net::RoomType::Contract::carriage(),
                     1200,
                     Pulse{milliseconds(200)},
                     9};
    MemoryAddress hostile_at{9, 9000};
    std::vector<std::byte> overheard{}; // the last claim that came to the hostile one
    bool alive = true;

    Village() {
        for (std::uint32_t i = 1; i <= 3; ++i) {
            players.push_back(std::make_unique<Player>(exchange, i));
            REQUIRE((i == 1 ? players[0]->net.host(4000) : players.back()->net.join("host1:4000")));
            run(200_ms);
        }
        REQUIRE(hostile.join(now, *MemoryAddress::parse("host1:4000")));
        run(1_s);
        REQUIRE(hostile.status() == Status::joined);
        REQUIRE(room_key() != 0);
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
                    if (!(to == hostile_at)) return (void)exchange.deliver(to, from, {}, bytes);
                    if (meeting_kind(bytes) == meeting::claim) overheard.assign(bytes.begin(), bytes.end());
                    if (alive) hostile.handle_datagram(now, from, bytes);
                    RoomEvent event;
                    while (hostile.poll_event(event)) {
                    }
                });
        }
    }
    void speak() {
        hostile.handle_timeout(now);
        RoomEvent event;
        while (hostile.poll_event(event)) {
        }
        std::array<std::byte, 1200> buffer{};
        while (const auto out = hostile.poll_transmit(now, buffer))
            exchange.deliver(out.to, hostile_at, {}, BytesIn(buffer).first(out.size));
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
    void say(std::size_t to, const Claim& claim, std::uint64_t key, const MemoryAddress& from) {
        std::array<std::byte, meeting::claim_bytes> bytes{};
        REQUIRE(write(bytes, claim, key) == bytes.size());
        exchange.deliver(at(to), from, {}, bytes);
    }
    // Everybody still obeys the first, and hears what the others say.
    void check() {
        for (auto& player : players) player->heard = 0;
        for (auto& player : players) CHECK(player->net.broadcast(Line{1}));
        run(1_s);
        for (auto& player : players) {
            CHECK(player->heard == 2);
            CHECK(player->net.authority() == PeerId::host());
            CHECK(player->net.epoch() == 0);
            CHECK(player->changes == 0);
            CHECK(player->closed == 0);
        }
        CHECK(players[0]->net.status() == Status::hosting);
    }
};

} // namespace

TEST_CASE("a claim of somebody who does not know the room's key is forged, and changes nothing") {
    Village village;
    const PeerId usurper{2};
    for (std::size_t to = 0; to < 3; ++to)
        for (const auto kind :
             {Claim::Kind::claims, Claim::Kind::yields, Claim::Kind::follows, Claim::Kind::asks})
            village.say(to, village.claim(kind, usurper, {7, usurper}, usurper), 1234, {66, 66});
    village.run(100_ms);
    for (std::size_t i = 0; i < 3; ++i) CHECK(village[i].net.health().forged_claims == 4);
    village.check();
}

TEST_CASE("a member whom nobody chose is not obeyed, however many it says obey it") {
    Village village;
    const PeerId self = village.hostile.self();
    Claim claim = village.claim(Claim::Kind::claims, self, {7, self}, self);
    claim.size = 1000;
    for (int i = 0; i < 50; ++i) {
        claim.handed = i % 2 != 0;
        claim.kind = i % 5 == 4 ? Claim::Kind::yields : Claim::Kind::claims;
        if (claim.kind == Claim::Kind::yields) claim.about = PeerId::host();
        for (std::size_t to = 0; to < 3; ++to) village.say(to, claim, village.room_key(), village.hostile_at);
        claim.about = self;
        village.run(100_ms);
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(village[i].net.health().forged_claims >= 40);
    village.check();
}

TEST_CASE("asking who would have it instead unseats nobody who is heard") {
    Village village;
    const PeerId self = village.hostile.self();
    for (int i = 0; i < 50; ++i) {
        for (std::size_t to = 0; to < 3; ++to)
            village.say(to, village.claim(Claim::Kind::asks, self, {0, PeerId::host()}, self),
                        village.room_key(), village.hostile_at);
        village.run(50_ms);
    }
    village.check();
}

TEST_CASE("a flood of claims is heard only in part, and disturbs nobody") {
    Village village;
    const PeerId self = village.hostile.self();
    for (int i = 0; i < 20; ++i) {
        for (int n = 0; n < 200; ++n)
            for (std::size_t to = 0; to < 3; ++to)
                village.say(to,
                            village.claim(n % 2 != 0 ? Claim::Kind::asks : Claim::Kind::follows, self,
                                          {0, PeerId::host()}, n % 4 != 0 ? self : PeerId::host()),
                            village.room_key(), village.hostile_at);
        village.run(50_ms);
    }
    CHECK(village[1].net.health().refused > 1000);
    village.check();
}

TEST_CASE("what is said again of an epoch that has passed is old, and counted") {
    Village village;
    village.alive = false; // it listens
    const PeerId self = village.hostile.self();
    REQUIRE(village[0].net.set_authority(PeerId{1}));
    village.run(1_s);
    REQUIRE(village[1].net.authority() == PeerId{1});
    const std::vector<std::byte> first = village.overheard;
    REQUIRE(first.size() == meeting::claim_bytes);
    REQUIRE(village[1].net.set_authority(PeerId{2}));
    village.run(2_s);
    for (std::size_t i = 0; i < 3; ++i) REQUIRE(village[i].net.authority() == PeerId{2});
    const std::uint32_t epoch = village[0].net.epoch();
    std::array<std::uint64_t, 3> before{};
    for (std::size_t i = 0; i < 3; ++i) before[i] = village[i].net.health().old_claims;
    for (int i = 0; i < 10; ++i) {
        village.exchange.deliver(village.at(0), village.at(1), {}, first);
        for (std::size_t to = 0; to < 3; ++to)
            village.say(to, village.claim(Claim::Kind::asks, self, {0, PeerId::host()}, self),
                        village.room_key(), village.hostile_at);
        village.run(100_ms);
    }
    CHECK(village[0].net.health().old_claims >= before[0] + 20);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(village[i].net.health().old_claims >= before[i] + 10);
        CHECK(village[i].net.authority() == PeerId{2});
        CHECK(village[i].net.epoch() == epoch);
    }
}
