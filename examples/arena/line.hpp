#pragma once
// The arena over real sockets, with a bad line in front of them for who asks for one; without it Impaired
// passes all through.

#include <tenon.hpp>

#include "game.hpp"
#include "player.hpp"
#include "server.hpp"

namespace arena {

using Line = tenon::transport::Impaired<tenon::transport::Udp>;
using Net = NetOver<Line>;
using Player = PlayerOver<Line>;
using Server = ServerOver<Line>;

} // namespace arena
