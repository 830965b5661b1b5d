// Sessions that found each other on a bus: in steady state they allocate nothing, straight or over the bus.
#include "allocations.hpp"
#include "tenon/bus/hybrid.hpp"
#include "tenon/bus/lobby.hpp"
#include "tenon/bus/local.hpp"
#include "tenon/room/estate.hpp"

using namespace play;

namespace {

struct Beat {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Drum = Game<"drum", 1, State<Ship>, Event<Spark>, Event<Beat, Reliable>>;
using Drummers = Session<Drum, transport::Memory, codec::Bits, clock::Independent<>,
                         topology::Hybrid<bus::Local>, reliability::AckVector>;

struct Ear {
    std::uint32_t beats = 0, sparks = 0;
    Ship state() { return {1, 2}; }
    void on(PeerId, const Beat&) { ++beats; }
    void on(PeerId, const Spark&) { ++sparks; }
};

} // namespace

TEST_CASE("sessions on a bus that have settled allocate nothing, straight and over it") {
    for (const bool straight : {true, false}) {
        transport::Exchange exchange(3);
        bus::Hub hub;
        Drummers nets[3] = {Drummers({.room = "r", .seed = 1}, transport::Memory(exchange, 1)),
                            Drummers({.room = "r", .seed = 2}, transport::Memory(exchange, 2)),
                            Drummers({.room = "r", .seed = 3}, transport::Memory(exchange, 3))};
        Ear ears[3];
        bus::Lobby<bus::Local> lobby(bus::Local(hub), "drum");
        for (Drummers& net : nets) REQUIRE(net.meet(bus::Local(hub), {.detour_bandwidth = 1 << 20}));
        Instant now{1'000'000'000};
        std::uint32_t number = 0;
        const auto play = [&](int ticks) {
            for (int i = 0; i < ticks; ++i, now += 4_ms) {
                for (int k = 0; k < 3; ++k) nets[k].tick(now, ears[k]);
                lobby.tick(now);
                exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                    if (straight) exchange.deliver(to, from, lane, bytes);
                });
                if (nets[2].roster().size() != 3 || i % 8 != 0) continue;
                for (Drummers& net : nets) CHECK(net.broadcast(Beat{++number}));
                for (Drummers& net : nets) CHECK(net.broadcast(Spark{number}));
            }
        };
        play(6000);
        REQUIRE(nets[2].roster().size() == 3);
        const std::uint32_t before = ears[0].beats;
        const allocations::Count count;
        play(6000);
        CHECK(count.calls() == 0);
        CHECK(ears[0].beats - before > 1400);
        CHECK((nets[0].health().detours == 0) == straight);
        CHECK(nets[0].meeting().detours().held_back <= 20);
    }
}
