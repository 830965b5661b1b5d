// Mesh with every way to be reliable and every clock that it goes with: they compile whole, and play.
#include "tenon/topology/mesh.hpp"

#include <doctest/doctest.h>

#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/codec/json.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/best_effort.hpp"
#include "tenon/reliability/redundant.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/session.hpp"
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
struct Shot : Spark {};
struct Line : Spark {};

template <class Reliability, class Codec, class Clock, class... Events>
using MeshOf = Session<Game<"mesh", 1, State<Ship>, Event<Spark>, Events...>, transport::Memory, Codec, Clock,
                       topology::Mesh<>, Reliability>;

struct Player {
    int sparks = 0, shots = 0, lines = 0;
    Ship state() { return {}; }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Shot&) { ++shots; }
    void on(PeerId, const Line&) { ++lines; }
};

template <class NetType>
void meet() {
    transport::Exchange exchange(1);
    NetType nets[3] = {NetType({}, transport::Memory(exchange, 1)),
                       NetType({}, transport::Memory(exchange, 2)),
                       NetType({}, transport::Memory(exchange, 3))};
    Player players[3];
    REQUIRE(nets[0].host(4000));
    REQUIRE(nets[1].join("host1:4000"));
    REQUIRE(nets[2].join("host1:4000"));
    constexpr bool shoots = NetType::GameType::template has<Shot>,
                   speaks = NetType::GameType::template has<Line>;
    for (Instant now{1'000'000'000}; now < Instant{3'000'000'000}; now += 5_ms) {
        for (int i = 0; i < 3; ++i) nets[i].tick(now, players[i]);
        exchange.deliver_all();
        if (now != Instant{2'500'000'000}) continue;
        for (NetType& net : nets) {
            CHECK(net.broadcast(Spark{1}));
            if constexpr (shoots) CHECK(net.broadcast(Shot{}));
            if constexpr (speaks) CHECK(net.broadcast(Line{}));
        }
    }
    for (int i = 0; i < 3; ++i) {
        CHECK(players[i].sparks == 2);
        CHECK(players[i].shots == (shoots ? 2 : 0));
        CHECK(players[i].lines == (speaks ? 2 : 0));
        CHECK(nets[i].health().detours == 0);
        for (const PeerId peer : nets[i].roster())
            if (peer != nets[i].self()) CHECK(nets[i].template latest<Ship>(peer).has_value());
    }
}

} // namespace

template class tenon::Session<Game<"mesh", 1, State<Ship>, Event<Spark>>,
                              transport::Impaired<transport::Memory>, codec::Bits, clock::Independent<>,
                              topology::Mesh<topology::ByMerit<>>, reliability::BestEffort>;

TEST_CASE("Mesh goes with each way to be reliable that gives nothing up") {
    using By = clock::Independent<>;
    meet<MeshOf<reliability::AckVector, codec::Bits, By, Event<Shot, Reliable>, Event<Line, Ordered>>>();
    meet<MeshOf<reliability::BestEffort, codec::Bits, By>>();
    meet<MeshOf<reliability::Redundant<>, codec::Bits, By, Event<Shot, Reliable>, Event<Line, Ordered>>>();
}
TEST_CASE("Mesh goes with boundaries, and with a codec that names the authority") {
    meet<MeshOf<reliability::AckVector, codec::Bits, clock::Hybrid<20>>>();
    meet<MeshOf<reliability::AckVector, codec::Json, clock::Independent<>, Event<Line, Ordered>>>();
}
