#pragma once
// DatagramSocket: one UDP socket of the system, of IPv4, of IPv6 or of both, and the groups and broadcasts of
// a local network. Udp and lan::Udp call it.

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/system_socket.hpp"

namespace tenon::transport::detail {

class DatagramSocket : public SystemSocket {
  public:
    // Of the v6 family with v4 where `both`; what only makes it better may fail.
    std::error_code open(bool as_v4, bool both) { return SystemSocket::open(SOCK_DGRAM, as_v4, both); }
    using SystemSocket::set_buffers;

    std::error_code send(const IpAddress& to, bool as_v4, BytesIn datagram) const {
        const SystemAddress address(to, as_v4);
        const auto count =
            ::sendto(handle_, reinterpret_cast<const char*>(datagram.data()),
                     static_cast<Length>(datagram.size()), no_signal, &address.any, address.size());
        return count >= 0 ? std::error_code() : last_error();
    }
    // `size` is how much of it found room. Windows says message_size where the rest is lost, others nothing.
    std::error_code receive(IpAddress& from, BytesOut into, std::size_t& size) const {
        SystemAddress address;
        socklen_t length = sizeof address;
        const auto count = ::recvfrom(handle_, reinterpret_cast<char*>(into.data()),
                                      static_cast<Length>(into.size()), 0, &address.any, &length);
        if (count < 0) return last_error();
        from = address.get();
        size = static_cast<std::size_t>(count);
        return {};
    }

    // ---- a local network; each is best effort, and false where it was not taken

    // Linux and Windows share it by one option, the BSDs and macOS want a second; with that, Linux would
    // spread what arrives over those who share.
    void share_port() const {
        set(SOL_SOCKET, SO_REUSEADDR, 1);
#if defined(SO_REUSEPORT) && !defined(__linux__)
        set(SOL_SOCKET, SO_REUSEPORT, 1);
#endif
    }
    // To all at once, no further than the next router, and heard on this machine too.
    void stay_local(bool v4) const {
        set(SOL_SOCKET, SO_BROADCAST, 1);
        const int level = v4 ? static_cast<int>(IPPROTO_IP) : static_cast<int>(IPPROTO_IPV6);
        set(level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, 1);
        set(level, v4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS, 1);
        set(level, v4 ? IP_MULTICAST_LOOP : IPV6_MULTICAST_LOOP, 1);
    }
    // A group of IPv4 at the interface with that address, any for 0.0.0.0; of IPv6 at the one with that
    // number.
    bool join(const IpAddress& group, const IpAddress& own) const {
        ip_mreq request{};
        request.imr_multiaddr = SystemAddress(group, true).v4.sin_addr;
        request.imr_interface = SystemAddress(own, true).v4.sin_addr;
        return set_to(IPPROTO_IP, IP_ADD_MEMBERSHIP, request);
    }
    bool join(const IpAddress& group, std::uint32_t interface_number) const {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = SystemAddress(group, false).v6.sin6_addr;
        request.ipv6mr_interface = interface_number;
        return set_to(IPPROTO_IPV6, IPV6_JOIN_GROUP, request);
    }
    // Where what is said to a group goes out.
    bool leave_by(const IpAddress& own) const {
        return set_to(IPPROTO_IP, IP_MULTICAST_IF, SystemAddress(own, true).v4.sin_addr);
    }
    bool leave_by(std::uint32_t interface_number) const {
        return set_to(IPPROTO_IPV6, IPV6_MULTICAST_IF, interface_number);
    }
};

} // namespace tenon::transport::detail
