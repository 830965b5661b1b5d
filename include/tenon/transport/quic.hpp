#pragma once
// Quic: frames over QUIC (RFC 9000), datagrams beside them and streams for what is large, with a server's
// certificate: connections that are quick to make, lose nothing of their frames, and stay when an address
// changes. Needs ngtcp2 with GnuTLS; QUIC.md says what it does.

#include "tenon/transport/quic_over.hpp"
#include "tenon/transport/quic_turn.hpp"
#include "tenon/transport/udp.hpp"

namespace tenon::transport {

using Quic = QuicOver<Udp>;

} // namespace tenon::transport
