#pragma once
// Tcp: frames over TCP, each behind its length as a varint. For those whose network lets no datagram through,
// and for tools.

#include "tenon/transport/connections.hpp"
#include "tenon/transport/length_framing.hpp"

namespace tenon::transport {

using Tcp = Connections<detail::LengthFraming, detail::Clear>;

} // namespace tenon::transport
