#pragma once
// TlsWebRtc: WebRtc introduced over wss, so that nobody can stand between the two; and all that a page that
// came by https may use. Needs what WebRtc needs.

#include "tenon/transport/tls_web_socket.hpp"
#include "tenon/transport/web_rtc.hpp"

namespace tenon::transport {

using TlsWebRtc = WebRtcOver<TlsWebSocket>;

} // namespace tenon::transport
