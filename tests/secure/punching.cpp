// Through the same routers as in sim/punching.cpp, encrypted: letters find the way, and links follow them.
#include <doctest/doctest.h>

#include "../sim/meshed.hpp"
#include "foretold.hpp"
#include "tenon/sim/nat.hpp"
#include "tenon/topology/authority_hosted.hpp"

using foretold::Secure;
using namespace tenon;
using namespace tenon::literals;
using sim::NatKind;

template <>
struct meshed::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};

namespace {

constexpr NatKind kinds[] = {NatKind::full_cone, NatKind::address_restricted, NatKind::port_restricted,
                             NatKind::symmetric};

bool can_meet(NatKind a, NatKind b) {
    const bool hard = a == NatKind::symmetric || b == NatKind::symmetric;
    return !hard || (a != NatKind::port_restricted && b != NatKind::port_restricted &&
                     (a != NatKind::symmetric || b != NatKind::symmetric));
}

} // namespace

TEST_CASE("encrypted peers meet through the same pairs of routers, before and after their host is gone") {
    for (const NatKind a : kinds)
        for (const NatKind b : kinds) {
            CAPTURE(int(a));
            CAPTURE(int(b));
            sim::World world(5, meshed::smooth);
            world.network().nats().add(102, {2}, {a});
            world.network().nats().add(103, {3}, {b});
            meshed::Crowd<topology::Mesh<>, Secure> crowd(world, 3);
            crowd.run(6_s);
            CHECK(crowd.detours() == (can_meet(a, b) ? 0u : 2u));
            crowd.watch_anew();
            crowd.run(1_s);
            for (auto& player : crowd.players) CHECK(player->pause() < 400_ms);
            world.remove(crowd[0].net);
            crowd.players.erase(crowd.players.begin());
            crowd.run(12_s);
            CHECK((crowd.coordinators() == 1) == can_meet(a, b));
        }
}

TEST_CASE("encrypted peers at one home meet by its own addresses") {
    sim::World world(7, meshed::smooth);
    world.network().nats().add(102, {2, 3}, {NatKind::symmetric});
    meshed::Crowd<topology::Mesh<>, Secure> crowd(world, 4);
    crowd.run(8_s);
    CHECK(crowd.detours() == 0);
    CHECK(world.network().counters(2, 3).delivered > 50);
}
