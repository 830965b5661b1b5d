#pragma once
// Lockstep: every peer runs the same simulation, sixty ticks a second, and only inputs travel. The own input
// shows at once; what others will do is guessed for up to a fifth of a second and run again when it comes
// differently. Copy this file to make a profile of your own: without rollback a state may be large and a step
// slow, and inputs are delayed by the round trip instead.

#include "tenon/clock/kernel.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/default.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/lockstep_part.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon::profile {

inline constexpr clock::KernelOptions lockstep_options{.delay = 0,
                                                       .delay_max = 30,
                                                       .rollback = 12,
                                                       .catch_up = 8,
                                                       .snapshots = 32,
                                                       .patience_ms = 250,
                                                       .repeats = 15};

template <class Game, class Transport = Default>
using Lockstep = Session<Game, Transport, codec::Bits, clock::Kernel<60, lockstep_options>,
                         topology::ClientServer, reliability::AckVector>;

} // namespace tenon::profile
