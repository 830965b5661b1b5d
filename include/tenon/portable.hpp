#pragma once
// The core of tenon, which needs neither a socket nor a library beyond xxHash: for browsers, for tests in
// virtual time, for builds without exceptions. Worlds of components, lockstep, migration and meshes need none
// either; their headers stand beside it, and a game that lacks one is told which.

#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/clock/lead.hpp"
#include "tenon/codec/binary.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/codec/json.hpp"
#include "tenon/core/time.hpp"
#include "tenon/hall.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/profile/co_op.hpp"
#include "tenon/profile/sandbox.hpp"
#include "tenon/profile/turn_based.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/best_effort.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/now.hpp"
