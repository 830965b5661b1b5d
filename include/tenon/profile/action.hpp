#pragma once
// Action: fast play with a server that decides. Inputs sixty times a second, snapshots twenty, the others
// shown a tenth of a second late so that they move smoothly. Copy this file to make a profile of your own.

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/default.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon::profile {

inline constexpr Rates action_rates{
    .input_hz = 60, .snapshot_hz = 20, .interpolation_ms = 100, .keepalive_ms = 1000, .max_burst = 3};

template <class Game, class Transport = Default, class Topology = topology::ClientServer>
using Action =
    Session<Game, Transport, codec::Bits, clock::Independent<action_rates>, Topology, reliability::AckVector>;

} // namespace tenon::profile
