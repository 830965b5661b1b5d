// Hybrid over each base, with the codecs, clocks and ways to be reliable that these go with: they compile
// whole, find each other and play.
#include "tenon/bus/hybrid.hpp"

#include <doctest/doctest.h>

#include "tenon/bus/local.hpp"
#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/codec/json.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/best_effort.hpp"
#include "tenon/reliability/redundant.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/mesh.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    float x = 1;
    void serialize(auto& ar) { ar(x); }
};
struct Spark {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line : Spark {};
using Authority = topology::AuthorityHosted<topology::ByMerit<>>;

template <class Base, class Reliability = reliability::AckVector, class Codec = codec::Bits,
          class Clock = clock::Independent<>, class... Events>
using HybridOf = Session<Game<"hybrid", 1, State<Ship>, Event<Spark>, Events...>, transport::Memory, Codec,
                         Clock, topology::Hybrid<bus::Local, Base>, Reliability>;

struct Player {
    int sparks = 0, lines = 0;
    Ship state() { return {}; }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Line&) { ++lines; }
};

template <class NetType>
void meet() {
    transport::Exchange exchange(1);
    bus::Hub hub;
    NetType nets[3] = {NetType({}, transport::Memory(exchange, 1)),
                       NetType({}, transport::Memory(exchange, 2)),
                       NetType({}, transport::Memory(exchange, 3))};
    Player players[3];
    for (NetType& net : nets) REQUIRE(net.meet(bus::Local(hub)));
    constexpr bool speaks = NetType::GameType::template has<Line>;
    for (Instant now{1'000'000'000}; now < Instant{5'000'000'000}; now += 5_ms) {
        for (int i = 0; i < 3; ++i) nets[i].tick(now, players[i]);
        exchange.deliver_all();
        if (now != Instant{4'500'000'000}) continue;
        for (NetType& net : nets) {
            CHECK(net.broadcast(Spark{1}));
            if constexpr (speaks) CHECK(net.broadcast(Line{}));
        }
    }
    for (int i = 0; i < 3; ++i) {
        CHECK(nets[i].roster().size() == 3);
        CHECK(players[i].sparks == 2);
        CHECK(players[i].lines == (speaks ? 2 : 0));
        CHECK(nets[i].health().detours == 0);
        CHECK(nets[i].health().bus_refused == 0);
    }
}

} // namespace

template class tenon::Session<Game<"hybrid", 1, State<Ship>, Event<Spark>>,
                              transport::Impaired<transport::Memory>, codec::Bits, clock::Independent<>,
                              topology::Hybrid<bus::Local, topology::Mesh<>>, reliability::BestEffort>;
template class tenon::bus::Meeting<transport::Memory, bus::Local>;

TEST_CASE("Hybrid goes with what its base goes with") {
    using By = clock::Independent<>;
    meet<HybridOf<Authority>>();
    meet<HybridOf<Authority, reliability::Redundant<>, codec::Bits, By, Event<Line, Ordered>>>();
    meet<HybridOf<Authority, reliability::AckVector, codec::Json, clock::Hybrid<20>>>();
    meet<HybridOf<topology::Mesh<>, reliability::BestEffort>>();
    meet<HybridOf<topology::Mesh<>, reliability::AckVector, codec::Json, By, Event<Line, Ordered>>>();
}
