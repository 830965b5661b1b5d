#pragma once
// Sandbox: people who build together. Where they are goes five times a second; what they build is a log of
// edits, reliable and in the same order for all, since the host takes it down and tells it. Copy this file to
// make a profile of your own.
//
// The edits are ordered events, which are the game's own. A builder sends an edit to the host, and the host
// broadcasts it with its number; who comes late is sent the log:
//   Game<"builder", 1, State<Builder>, Command<Walk>, Event<Place, Ordered>, Event<Delete, Ordered>,
//        Event<Join, Ordered>, Event<Commit, Ordered>>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/default.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon::profile {

inline constexpr Rates sandbox_rates{.input_hz = 10,
                                     .snapshot_hz = 5,
                                     .interpolation_ms = 300,
                                     .keepalive_ms = 2000,
                                     .max_burst = 3,
                                     .redial_ms = 100};

template <class Game, class Transport = Default, class Topology = topology::ClientServer>
using Sandbox = Session<Game, Transport, codec::Bits, clock::Independent<sandbox_rates>, Topology,
                        reliability::AckVector>;

} // namespace tenon::profile
