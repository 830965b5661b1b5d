#pragma once
// TlsWebSocket: wss, which is all that a page that came by https may connect to. Needs wslay and OpenSSL 3.

#include "tenon/transport/tls.hpp"
#include "tenon/transport/web_socket.hpp"

namespace tenon::transport {

using TlsWebSocket = Connections<detail::WebSocketFraming, detail::Tls>;

} // namespace tenon::transport
