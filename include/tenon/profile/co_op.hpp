#pragma once
// CoOp: a few friends against the world, with a server that decides. Inputs twenty times a second, snapshots
// ten, the others shown a fifth of a second late. Copy this file to make a profile of your own.
//
// What must not get lost is said with reliable events, which are the game's own:
//   Game<"raid", 1, State<Hero>, Command<Move>, Event<Spawn, Reliable>, Event<Join, Reliable>,
//        Event<Revive, Reliable>>
//
// Without a machine that stays, let the room outlive its host (tenon.hpp has what it needs for that):
//   CoOp<Raid, Default, topology::AuthorityHosted<>>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/default.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon::profile {

inline constexpr Rates co_op_rates{.input_hz = 20,
                                   .snapshot_hz = 10,
                                   .interpolation_ms = 200,
                                   .keepalive_ms = 1500,
                                   .max_burst = 3,
                                   .redial_ms = 50};

template <class Game, class Transport = Default, class Topology = topology::ClientServer>
using CoOp =
    Session<Game, Transport, codec::Bits, clock::Independent<co_op_rates>, Topology, reliability::AckVector>;

} // namespace tenon::profile
