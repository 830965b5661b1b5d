#pragma once
// The WebSocket of a game: what its page is called and where it may come from.
#include "tenon/transport/web_socket.hpp"

namespace echo {

inline const tenon::transport::WebSocketOptions game{.path = "/play", .origins = {"https://game.example"}};

} // namespace echo
