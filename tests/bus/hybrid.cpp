#include "tenon/bus/hybrid.hpp"

#include <doctest/doctest.h>

#include "tenon/bus/lobby.hpp"
#include "tenon/bus/local.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/mesh.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"hybrid", 1, Event<Word, Reliable>>;
using OnBus = topology::Hybrid<bus::Local>;
using Net =
    Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, OnBus, reliability::AckVector>;

static_assert(TopologyPolicy<OnBus> && HasBus<OnBus> && OnBus::bus_ok && HasElection<OnBus>);
static_assert(OnBus::traits.has_authority && OnBus::authority(PeerId{3}) == PeerId{3});
static_assert(topology::Hybrid<bus::Local, topology::Mesh<>>::traits.direct);
static_assert(!HasBus<topology::Mesh<>>);

struct Player {
    std::uint32_t heard = 0, joined = 0;
    Error closed = Error::none;
    void on(PeerId, const Word& word) { heard += word.number; }
    void on(const Joined&) { ++joined; }
    void on(const Closed& why) { closed = why.reason; }
};
struct Village {
    transport::Exchange exchange;
    bus::Hub hub;
    Net ann{{.room = "fire", .name = "ann", .seed = 1}, transport::Memory(exchange, 1)};
    Net bob{{.room = "fire", .name = "bob", .seed = 2}, transport::Memory(exchange, 2)};
    Player anns, bobs;
    Instant now{1'000'000'000'000};

    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 10_ms) {
            ann.tick(now, anns);
            bob.tick(now, bobs);
            exchange.deliver_all();
        }
    }
};

} // namespace

TEST_CASE("who meets is looking, then inside, and says goodbye") {
    Village village;
    CHECK(village.ann.meet(bus::Local(village.hub)));
    CHECK(village.ann.status() == Status::joining);
    CHECK(village.ann.meet(bus::Local(village.hub)).error() == Error::already_open);
    CHECK(village.ann.host(4000).error() == Error::already_open);
    village.run(1_s);
    CHECK(village.ann.status() == Status::hosting);
    bus::Lobby lobby(bus::Local(village.hub), "hybrid");
    CHECK(lobby.status());
    CHECK(village.bob.meet(bus::Local(village.hub), {.at = "203.0.113.7:4000"}));
    village.run(2_s);
    CHECK(village.bob.status() == Status::joined);
    CHECK(village.anns.joined == 1);
    (void)village.bob.broadcast(Word{7});
    village.run(100_ms);
    CHECK(village.anns.heard == 7);
    CHECK(village.ann.health().detours == 0);
    CHECK(village.ann.health().bus_refused == 0);
    CHECK(village.ann.health(village.bob.self())->detours == 0);
    lobby.tick(village.now);
    const auto* room = lobby.directory().best("fire");
    REQUIRE(room != nullptr);
    CHECK(room->what.players == 2);
    CHECK(room->what.places == 63);
    CHECK(room->what.host == village.ann.meeting().self());
    REQUIRE(lobby.directory().peers().size() == 2);
    const auto* bob = lobby.directory().peer(village.bob.meeting().self());
    CHECK(bob->what.name.view() == "bob");
    CHECK(bob->what.addresses[0] == "203.0.113.7:4000");
    CHECK(bob->what.peer == village.bob.self());
    village.bob.leave();
    village.run(300_ms);
    lobby.tick(village.now);
    CHECK(lobby.directory().peers().size() == 1);
    CHECK(village.ann.roster().size() == 1);
    village.ann.leave();
    village.run(300_ms);
    lobby.tick(village.now);
    CHECK(lobby.directory().room_count() == 0);
}

TEST_CASE("who only looked leaves without a trace, and may look again") {
    Village village;
    (void)village.ann.meet(bus::Local(village.hub));
    village.run(100_ms);
    village.ann.leave();
    CHECK(village.ann.status() != Status::joining);
    village.run(2_s);
    CHECK(village.anns.joined == 0);
    CHECK(village.ann.meet(bus::Local(village.hub)));
    village.run(2_s);
    CHECK(village.ann.status() == Status::hosting);
}

TEST_CASE("a bus that does not take it is told at once, and without a bus there is host and join") {
    Village village;
    CHECK(village.ann.meet(bus::Local()).error() == Error::closed);
    CHECK(village.ann.status() != Status::joining);
    CHECK(village.ann.host(4000));
    CHECK(village.bob.join("host1:4000"));
    village.run(500_ms);
    CHECK(village.bob.status() == Status::joined);
    (void)village.bob.broadcast(Word{7});
    village.run(100_ms);
    CHECK(village.anns.heard == 7);
}

TEST_CASE("a room that is full says so to who finds it") {
    Village village;
    Net tiny({.room = "fire", .peers_max = 0, .seed = 3}, transport::Memory(village.exchange, 3));
    Player player;
    (void)tiny.meet(bus::Local(village.hub));
    for (int i = 0; i < 100; ++i, village.now += 10_ms) tiny.tick(village.now, player);
    (void)village.bob.meet(bus::Local(village.hub));
    for (int i = 0; i < 100; ++i) {
        tiny.tick(village.now, player);
        village.run(10_ms);
    }
    CHECK(village.bobs.closed == Error::room_full);
    CHECK(village.bob.status() == Status::closed);
}
