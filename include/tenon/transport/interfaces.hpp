#pragma once
// The networks that this machine is in, with its address in each. What speaks to a local network asks it, and
// who has to tell others where it may be reached.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/transport/address.hpp"

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

namespace tenon::transport {

struct Interface {
    IpAddress address;     // port 0
    IpAddress broadcast{}; // of an IPv4 network that has one; else any()
    std::uint32_t index = 0;
    bool loopback = false, multicast = false;
};

namespace detail {

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
inline bool read_address(const sockaddr* from, IpAddress& into) {
    if (from == nullptr) return false;
    if (from->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, from, sizeof v4);
        std::uint8_t b[4];
        std::memcpy(b, &v4.sin_addr, 4);
        into = IpAddress::v4(b[0], b[1], b[2], b[3], 0);
        return true;
    }
    if (from->sa_family != AF_INET6) return false;
    sockaddr_in6 v6;
    std::memcpy(&v6, from, sizeof v6);
    into = IpAddress::any();
    std::memcpy(into.bytes.data(), &v6.sin6_addr, 16);
    into.scope = v6.sin6_scope_id;
    return true;
}
#endif

} // namespace detail

// f(interface) for each address of each that is up; where the system is not known to this, for none.
template <class F>
void for_each_interface([[maybe_unused]] F&& f) {
#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return;
    for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
        Interface one;
        if ((at->ifa_flags & IFF_UP) == 0 || !detail::read_address(at->ifa_addr, one.address)) continue;
        one.index = ::if_nametoindex(at->ifa_name);
        one.loopback = (at->ifa_flags & IFF_LOOPBACK) != 0;
        one.multicast = (at->ifa_flags & IFF_MULTICAST) != 0;
        if (one.address.is_v4() && (at->ifa_flags & IFF_BROADCAST) != 0)
            (void)detail::read_address(at->ifa_broadaddr, one.broadcast);
        f(static_cast<const Interface&>(one));
    }
    ::freeifaddrs(all);
#endif
}

} // namespace tenon::transport
