#pragma once
// WebTransport: frames over HTTP/3, as scripts of pages reach a server that speaks QUIC, with certificates
// that nobody has to sign. Needs ngtcp2 with GnuTLS, and nghttp3; WEBTRANSPORT.md says what it does.

#include "tenon/transport/quic.hpp"
#include "tenon/transport/web_transport_connection.hpp"

namespace tenon::transport {

template <class Road>
using WebTransportOver = QuicOver<Road, detail::WebTransportConnection>;
using WebTransport = WebTransportOver<Udp>;

} // namespace tenon::transport
