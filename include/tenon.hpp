#pragma once
// The single include: everything of tenon that needs no library beyond its base packages.

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
