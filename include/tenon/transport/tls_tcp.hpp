#pragma once
// TlsTcp: Tcp under Tls, for programs that meet by certificate. Needs OpenSSL 3.

#include "tenon/transport/tcp.hpp"
#include "tenon/transport/tls.hpp"

namespace tenon::transport {

using TlsTcp = Connections<detail::LengthFraming, detail::Tls>;

} // namespace tenon::transport
