#pragma once
// WebRtc: frames over the data channels of WebRTC, for browsers that shall lose a datagram without waiting
// for it; client and server, over one UDP port and a WebSocket that introduces the two. Needs usrsctp,
// OpenSSL 3 and wslay, so tenon.hpp does not include it. WEBRTC.md says how it works.

#include "tenon/transport/web_rtc_door.hpp"
#include "tenon/transport/web_rtc_over.hpp"
#include "tenon/transport/web_rtc_turn.hpp"
#include "tenon/transport/web_socket.hpp"

namespace tenon::transport {

using WebRtc = WebRtcOver<WebSocket>;

} // namespace tenon::transport
