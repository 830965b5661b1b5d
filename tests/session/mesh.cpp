#include "tenon/topology/mesh.hpp"

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/session.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Boat {
    float x = 0, y = 0, load[20] = {};
    void serialize(auto& ar) { ar(x, y, load); }
};
struct Wave {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Place : Wave {};
struct Call : Wave {};
using Sea = Game<"sea", 1, State<Boat>, Event<Wave>, Event<Place, Newest>, Event<Call, Ordered>>;
using MeshNet = Session<Sea, transport::Memory, codec::Bits, clock::Independent<>, topology::Mesh<>,
                        reliability::AckVector>;

struct Sailor {
    std::uint32_t waves = 0, places = 0, calls = 0;
    Boat state() { return {1, 2, {}}; }
    void on(PeerId, const Wave&) { ++waves; }
    void on(PeerId, const Place&) { ++places; }
    void on(PeerId, const Call&) { ++calls; }
};

} // namespace

TEST_CASE("a mesh that has settled allocates nothing, straight or by a detour") {
    transport::Exchange exchange(4);
    const auto options = [](std::uint64_t seed) { return Options{.room = "sea", .seed = seed}; };
    MeshNet nets[4] = {MeshNet(options(1), transport::Memory(exchange, 1)),
                       MeshNet(options(2), transport::Memory(exchange, 2)),
                       MeshNet(options(3), transport::Memory(exchange, 3)),
                       MeshNet(options(4), transport::Memory(exchange, 4))};
    Sailor sailors[4];
    REQUIRE(nets[0].host(4000));
    for (int i = 1; i < 4; ++i) REQUIRE(nets[i].join("host1:4000"));
    Instant now{1'000'000'000};
    Random random(9);
    std::uint32_t number = 0;
    const auto play = [&](int ticks, bool speaking, double loss) {
        for (int i = 0; i < ticks; ++i, now += 4_ms) {
            for (int n = 0; n < 4; ++n) nets[n].tick(now, sailors[n]);
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                const bool cut = from.host + to.host == 7 && from.host > 2; // the last two
                if (!cut && !random.chance(loss)) exchange.deliver(to, from, lane, bytes);
            });
            if (!speaking || i % 8 != 0) continue;
            ++number;
            for (MeshNet& net : nets) {
                (void)net.broadcast(Wave{number});
                (void)net.broadcast(Place{{number}}, {.key = number % 3});
                (void)net.broadcast(Call{{number}});
            }
            (void)nets[2].send(nets[3].self(), Wave{number});
        }
    };
    play(600, false, 0);
    for (MeshNet& net : nets) REQUIRE(net.roster().size() == 4);
    CHECK(nets[1].health().detours == 0);
    CHECK(nets[2].health().detours == 1);
    play(3000, true, 0.1); // worse than what is counted
    const std::uint32_t waves = sailors[3].waves, places = sailors[3].places, calls = sailors[3].calls;
    const allocations::Count count;
    play(4000, true, 0.02);
    CHECK(count.calls() == 0);
    CHECK(sailors[3].waves - waves > 1900);
    CHECK(sailors[3].places - places > 1400);
    CHECK(sailors[3].calls - calls > 1480);
    CHECK(nets[2].health(nets[3].self())->detours == 1);
    CHECK(nets[0].health().relayed > 1000);
}
