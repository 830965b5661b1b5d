// Rooms that are found on a bus, and encrypt: the bus carries what it carries for others, and reads no more.
#include "tenon/bus/hybrid.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "../sim/migrating.hpp"
#include "../sim/searching.hpp"
#include "foretold.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/sim/bus.hpp"
#include "tenon/topology/mesh.hpp"

using foretold::Secure;
using namespace tenon;
using namespace tenon::literals;

template <>
struct migrating::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};

namespace {

using Players = migrating::Room<topology::Hybrid<sim::Bus>, Secure>;
static_assert(Players::Player::Net::TopologyType::traits.migrates);

template <class Scenario>
void hold(std::string_view name, Scenario&& scenario) {
    constexpr std::string_view usual = "latency_ms=60,spread=0.3,jitter_ms=20,loss=0.03";
    const auto report = sim::explore(searching::search(name, usual, 2, 300), scenario);
    CHECK_MESSAGE(report, report.text());
}

} // namespace

TEST_CASE("an encrypted room is found on a bus, and goes on without it and without its host") {
    hold("test_secure -tc='*found on a bus*'", [](sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        room.talk(2_s);
        world.bus_out(25_s);
        room.talk(4_s);
        for (auto* player : room.living())
            if (player->away != 0 || !player->changes.empty())
                return "the room did not just go on" + room.who();
        room.one_rule = false;
        room.kill(*room.authority());
        room.talk(8_s);
        if (room.authority() == nullptr || !room.obeyed())
            return "nobody decides without the bus" + room.who();
        room.talk(14_s);
        if (const std::string broken = room.add(); !broken.empty()) return broken;
        return room.settle(30_s);
    });
}

TEST_CASE("encrypted links go over the bus while a straight path is cut") {
    hold("test_secure -tc='encrypted links go over*'", [](sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(4); !broken.empty()) return broken;
        const auto host = room.authority()->index;
        const std::uint32_t other = host % 4 + 1;
        room.talk(1_s);
        world.network().cut(host, other, world.now() + 6_s);
        room.talk(8_s);
        if (room[host].net.status() != Status::hosting) return "the host was replaced" + room.who();
        for (auto* player : room.living())
            if (player->away != 0) return "somebody was missed" + room.who();
        return room.settle();
    });
}
