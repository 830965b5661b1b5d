#pragma once
// browser::WebSocket: the transport of a session in a web page, to hosts that have transport::WebSocket. A
// game built with Emscripten takes it in place of the native one, and links with -lwebsocket.js.

#include "tenon/browser/page.hpp"
#include "tenon/browser/web_socket_over.hpp"

namespace tenon::browser {

class WebSocket : public WebSocketOver<detail::Page> {
  public:
    using WebSocketOver<detail::Page>::WebSocketOver;
};

// The same to wss:// addresses alone: nobody on the way can read, so that a guest may show what lets it in.
class TlsWebSocket : public WebSocketOver<detail::Page, true> {
  public:
    using WebSocketOver<detail::Page, true>::WebSocketOver;
};

} // namespace tenon::browser
