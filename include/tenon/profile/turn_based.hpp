#pragma once
// TurnBased: nothing is sent while nothing happens. Call touch() when the player has moved: command() is
// asked with the next tick; and on the host when a turn or a phase has ended: its state goes to all, and a
// few times again in case it is lost. Who comes late is sent the state at once. Copy this file to make a
// profile of your own.
//
// Let the providers give nothing when there is nothing: std::optional<Move> command(). What must not get
// lost, and in its order, is said with events, which are the game's own:
//   Game<"board", 1, State<Table>, Command<Move>, Event<Join, Ordered>, Event<Turn, Ordered>,
//        Event<Commit, Ordered>>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/default.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon::profile {

inline constexpr Rates turn_based_rates{.input_hz = 0,
                                        .snapshot_hz = 0,
                                        .interpolation_ms = 0,
                                        .keepalive_ms = 3000,
                                        .max_burst = 3,
                                        .redial_ms = 250};

template <class Game, class Transport = Default, class Topology = topology::ClientServer>
using TurnBased = Session<Game, Transport, codec::Bits, clock::Independent<turn_based_rates>, Topology,
                          reliability::AckVector>;

} // namespace tenon::profile
