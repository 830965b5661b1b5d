#pragma once
// The transports of simulated hosts, by type: for what is played over datagrams and over connections.

#include <cstdint>

#include "tenon/sim/world.hpp"

namespace rooms {

using namespace tenon;

// How a transport is made on a simulated host.
template <class Transport>
struct PortOf {
    static Transport make(sim::World& world, std::uint32_t host) {
        if constexpr (Transport::traits.connected)
            return world.stream<Transport>(host);
        else
            return world.port(host);
    }
};

} // namespace rooms
