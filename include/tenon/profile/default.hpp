#pragma once
// The transport of a profile that is not given another: UDP, and nobody on the way reads or forges it.
// tenon.hpp brings it; where libsodium is missing it says so there, and how to ask for plaintext on purpose.

namespace tenon::transport {
// Only named, so that a browser or a simulation can use a profile with a transport of its own.
class Udp;
template <class Inner>
class Secure;
} // namespace tenon::transport

namespace tenon::profile {

using Default = transport::Secure<transport::Udp>;

} // namespace tenon::profile
