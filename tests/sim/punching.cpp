// Who reaches whom through which routers, without a server of anybody's: the host of the room tells each
// where it sees the others, and those who can't be reached are spoken with through it.
#include <doctest/doctest.h>
#include <cstdint>
#include <string>

#include "meshed.hpp"
#include "tenon/sim/nat.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/lend.hpp"

using namespace tenon;
using namespace tenon::literals;
using namespace meshed;
using sim::Nat;
using sim::NatKind;

namespace {

constexpr NatKind kinds[] = {NatKind::full_cone, NatKind::address_restricted, NatKind::port_restricted,
                             NatKind::symmetric};
constexpr std::uint32_t outer_a = 102, outer_b = 103;

bool can_meet(NatKind a, NatKind b) {
    const bool hard = a == NatKind::symmetric || b == NatKind::symmetric;
    return !hard || (a != NatKind::port_restricted && b != NatKind::port_restricted &&
                     (a != NatKind::symmetric || b != NatKind::symmetric));
}

// Counts what arrives at a host where nobody plays.
struct Bystander {
    transport::Memory port;
    std::uint64_t datagrams = 0, bytes = 0, largest = 0;
    Bystander(sim::World& world, std::uint32_t host) : port(world.port(host)) { REQUIRE(port.open(7000)); }
    void tick(Instant, Bystander&) {
        port.poll([&](const transport::MemoryAddress&, Lane, BytesIn said) {
            ++datagrams;
            bytes += said.size();
            largest = std::max<std::uint64_t>(largest, said.size());
        });
    }
    Instant next_deadline() const { return Instant::never(); }
    const transport::Memory& transport() const { return port; }
};

// Who keeps the room, and says what it likes of where others are.
class Liar {
  public:
    using Net = NetOf<topology::Mesh<>>;
    using RoomType = Room<transport::MemoryAddress, reliability::AckVector, topology::Mesh<>>;
    RoomType room;

    Liar(sim::World& world, std::uint32_t host)
        : room(Player<topology::Mesh<>>::options(world),
               Net::RoomType::Contract::terms(Player<topology::Mesh<>>::options(world)),
               Net::RoomType::Contract::carriage(), 1200, Pulse{}, world.random().next()),
          port_(world.port(host)) {
        REQUIRE(port_.open(4000));
        REQUIRE(room.host());
    }
    void tick(Instant now, Liar&) {
        room.begin(now);
        port_.poll([&](const transport::MemoryAddress& from, Lane, BytesIn bytes) {
            room.handle_datagram(now, from, bytes);
            hear();
        });
        room.handle_timeout(now);
        hear();
        transport::lend(port_, [&](auto&& lend, auto&& take) { room.drain(now, lend, take); });
    }
    Instant next_deadline() const { return room.poll_timeout(); }
    const transport::Memory& transport() const { return port_; }
    void lie(PeerId of, const transport::MemoryAddress& at) {
        LocalAddresses<transport::MemoryAddress> local;
        for (std::uint16_t i = 0; i < local_addresses_max; ++i) local.add({at.host, at.port});
        room.for_each_seat([&](RoomType::Seat& seat) {
            if (seat.id == of) return;
            Herald<RoomType>(room).address(seat, of, at);
            room.estate().whereabouts().say(room, seat, of, local);
        });
    }

  private:
    void hear() {
        RoomEvent event;
        while (room.poll_event(event)) {
        }
    }
    transport::Memory port_;
};

} // namespace

TEST_CASE("through all pairs of routers two meet straight, or through the host where no way leads") {
    for (const NatKind a : kinds)
        for (const NatKind b : kinds) {
            CAPTURE(int(a));
            CAPTURE(int(b));
            sim::World world(5, smooth);
            world.network().nats().add(outer_a, {2}, {a});
            world.network().nats().add(outer_b, {3}, {b});
            Crowd<> crowd(world, 3);
            crowd.run(5_s);
            CHECK(crowd.detours() == (can_meet(a, b) ? 0u : 2u));
            crowd.watch_anew();
            const std::uint64_t relayed = crowd.relayed();
            crowd.run(2_s);
            CHECK((crowd.relayed() == relayed) == can_meet(a, b));
            for (auto& player : crowd.players) CHECK(player->pause() < 400_ms);
            CHECK(crowd.broken() == "");
            // A router that forgets, or is another one tomorrow: found again, or spoken with through the
            // host.
            world.network().nats().restart(outer_a);
            crowd.run(6_s);
            CHECK(crowd.detours() == (can_meet(a, b) ? 0u : 2u));
            for (auto& player : crowd.players) CHECK(player->net.roster().size() == 3);
        }
}

TEST_CASE("the same pairs when the host is gone, and one of the two has the room") {
    for (const NatKind a : kinds)
        for (const NatKind b : kinds) {
            CAPTURE(int(a));
            CAPTURE(int(b));
            sim::World world(6, smooth);
            world.network().nats().add(outer_a, {2}, {a});
            world.network().nats().add(outer_b, {3}, {b});
            Crowd<topology::AuthorityHosted<>> crowd(world, 3);
            crowd.run(3_s);
            world.remove(crowd[0].net);
            crowd.players.erase(crowd.players.begin());
            crowd.run(10_s);
            const bool together = crowd.coordinators() == 1;
            CHECK(together == can_meet(a, b));
            if (together) CHECK(crowd[0].net.authority() == crowd[1].net.authority());
            crowd.watch_anew();
            crowd.run(1_s);
            if (together)
                for (auto& player : crowd.players) CHECK(player->pause() < 400_ms);
        }
}

TEST_CASE("two at one home meet by its own addresses, where its router leads none back") {
    for (const NatKind kind : kinds)
        for (const bool hairpin : {false, true}) {
            CAPTURE(int(kind));
            CAPTURE(hairpin);
            sim::World world(7, smooth);
            world.network().nats().add(outer_a, {2, 3}, {kind, 60_s, hairpin});
            Crowd<> crowd(world, 4); // and one who is elsewhere
            crowd.run(5_s);
            CHECK(crowd.detours() == 0);
            const auto inside = world.network().counters(2, 3).delivered;
            crowd.run(2_s);
            CHECK(world.network().counters(2, 3).delivered > inside + 30);
            // Also when one of them has the room.
            world.remove(crowd[0].net);
            crowd.players.erase(crowd.players.begin());
            crowd.run(12_s);
            CHECK(crowd.coordinators() == 1);
            CHECK(crowd.detours() == 0);
            crowd.watch_anew();
            crowd.run(2_s);
            for (auto& player : crowd.players) CHECK(player->pause() < 400_ms);
            CHECK(crowd.broken() == "");
        }
}

TEST_CASE("who does not tell its own addresses is reached through the host") {
    sim::World world(8, smooth);
    world.network().nats().add(outer_a, {2, 3}, {NatKind::full_cone});
    Crowd<> crowd(world, 1);
    for (const std::uint32_t host : {2u, 3u}) {
        Options options = Crowd<>::Peer::options(world);
        options.local_addresses = false;
        crowd.players.push_back(std::make_unique<Crowd<>::Peer>(world, host, options));
        world.add(crowd.players.back()->net, *crowd.players.back());
        REQUIRE(crowd.players.back()->net.join("host1:4000"));
    }
    crowd.run(5_s);
    CHECK(crowd.detours() == 2);
    CHECK(world.network().counters(2, 3).delivered == 0);
}

TEST_CASE("a way that is open stays so while nothing is said, however soon the routers forget") {
    sim::World world(9, smooth);
    world.network().nats().add(outer_a, {2}, {NatKind::port_restricted, 3_s});
    world.network().nats().add(outer_b, {3}, {NatKind::address_restricted, 3_s});
    Crowd<> crowd(world, 3);
    crowd.run(3_s);
    REQUIRE(crowd.detours() == 0);
    for (int i = 0; i < 60; ++i) {
        crowd.run(1_s);
        CHECK(crowd.detours() == 0);
    }
    // Cut for longer than they remember: found again by both asking at once.
    world.network().cut(2, 3, world.now() + 20_s);
    crowd.run(18_s);
    CHECK(crowd.detours() == 2);
    crowd.run(10_s);
    CHECK(crowd.detours() == 0);
}

TEST_CASE("two at one home of whom one takes over a room, where the router leads none back") {
    for (const NatKind kind : kinds) {
        CAPTURE(int(kind));
        sim::World world(11, smooth);
        world.network().nats().add(outer_a, {2, 3}, {kind});
        Crowd<topology::AuthorityHosted<>> crowd(world, 3);
        crowd.run(3_s);
        world.remove(crowd[0].net);
        crowd.players.erase(crowd.players.begin());
        crowd.run(12_s);
        CHECK(crowd.coordinators() == 1);
        crowd.watch_anew();
        crowd.run(2_s);
        for (auto& player : crowd.players) CHECK(player->pause() < 400_ms);
    }
}

TEST_CASE("a host that lies about addresses makes nobody say much to a stranger") {
    sim::World world(12, smooth);
    Liar liar(world, 1);
    world.add(liar, liar);
    Bystander victim(world, 66);
    world.add(victim, victim);
    Crowd<> crowd(world, 0);
    for (const std::uint32_t host : {2u, 3u, 4u, 5u}) {
        crowd.players.push_back(std::make_unique<Crowd<>::Peer>(world, host));
        world.add(crowd.players.back()->net, *crowd.players.back());
        REQUIRE(crowd.players.back()->net.join("host1:4000"));
        crowd.run(500_ms);
    }
    crowd.run(3_s);
    REQUIRE(crowd.detours() == 0);
    // Of one of them it says that it is somewhere else, also in its own network.
    liar.lie(crowd[0].net.self(), {66, 7000});
    crowd.run(60_s);
    // Three hear it, and each asks there: small words, and soon seldom.
    CHECK(victim.datagrams > 10);
    CHECK(victim.largest <= 80);
    CHECK(victim.datagrams < 3 * 120);
    const std::uint64_t before = victim.datagrams;
    crowd.run(60_s);
    CHECK(victim.datagrams - before < 3 * 60); // not one a second
    INFO(victim.datagrams, " datagrams, ", victim.bytes, " bytes, the largest of ", victim.largest);
    CHECK(victim.bytes < 3 * 160 * 40);
    CHECK(crowd.broken() == "");
}
