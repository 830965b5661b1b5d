#pragma once
// The single include: everything of tenon that needs no library beyond its base packages. Sessions encrypt
// where libsodium is, which the base packages have; elsewhere a sentence says what lacks.

#include "tenon/clock/kernel.hpp"
#include "tenon/portable.hpp"
#include "tenon/profile/lockstep.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/mesh.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/tcp.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"

#include "tenon/encrypted.hpp" // behind all that it shares with the others, for the single header's sake
