#pragma once
// SystemSocket: a socket of the system, never blocking, closed with its owner; and the system's addresses and
// errors in our words. DatagramSocket and StreamSocket are made of it, and what systems call differently
// stays in these three.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/sleep.hpp"

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace tenon::transport::detail {

// An address in the system's form.
union SystemAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;

    // Zeroed, as some systems have fields that are nobody's business here.
    SystemAddress() { std::memset(static_cast<void*>(this), 0, sizeof *this); }
    SystemAddress(const IpAddress& address, bool as_v4) : SystemAddress() { set(address, as_v4); }

    // Gives its size, by which the system tells the families apart.
    socklen_t set(const IpAddress& address, bool as_v4) {
        if (as_v4) {
            v4.sin_family = AF_INET;
            v4.sin_port = htons(address.port);
            std::memcpy(&v4.sin_addr, address.bytes.data() + 12, 4);
            return sizeof v4;
        }
        v6 = {};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(address.port);
        v6.sin6_scope_id = address.scope;
        std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
        return sizeof v6;
    }
    IpAddress get() const {
        if (any.sa_family == AF_INET6) {
            IpAddress address = IpAddress::any(ntohs(v6.sin6_port));
            std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
            address.scope = static_cast<std::uint32_t>(v6.sin6_scope_id);
            return address;
        }
        IpAddress address = IpAddress::any_v4(ntohs(v4.sin_port));
        std::memcpy(address.bytes.data() + 12, &v4.sin_addr, 4);
        return address;
    }
    socklen_t size() const { return any.sa_family == AF_INET6 ? sizeof v6 : sizeof v4; }
};

// The code in the words that std::errc has: a C++ library may know of Windows's own codes, and not of those
// of its sockets.
inline std::error_code in_common(const std::error_code& code) {
#if defined(_WIN32)
    static constexpr struct {
        int theirs;
        std::errc common;
    } pairs[] = {
        {WSAEWOULDBLOCK, std::errc::operation_would_block},
        {WSAEINPROGRESS, std::errc::operation_in_progress},
        {WSAEINTR, std::errc::interrupted},
        {WSAEADDRINUSE, std::errc::address_in_use},
        {WSAEACCES, std::errc::permission_denied},
        {WSAEADDRNOTAVAIL, std::errc::address_not_available},
        {WSAENETUNREACH, std::errc::network_unreachable},
        {WSAEHOSTUNREACH, std::errc::host_unreachable},
        {WSAEMSGSIZE, std::errc::message_size},
        {WSAEAFNOSUPPORT, std::errc::address_family_not_supported},
        {WSAENOBUFS, std::errc::no_buffer_space},
        {WSAEOPNOTSUPP, std::errc::operation_not_supported},
        {WSAECONNREFUSED, std::errc::connection_refused},
        {WSAECONNRESET, std::errc::connection_reset},
        {WSAENETRESET, std::errc::connection_reset},
        {WSAECONNABORTED, std::errc::connection_aborted},
        {WSAETIMEDOUT, std::errc::timed_out},
        {WSAEINVAL, std::errc::invalid_argument},
        {WSAENOPROTOOPT, std::errc::no_protocol_option},
        {WSAENOTCONN, std::errc::not_connected},
    };
    if (code.category() == std::system_category())
        for (const auto& [theirs, common] : pairs)
            if (code.value() == theirs) return std::make_error_code(common);
#endif
    return code;
}

// What the system said of the last call on a socket.
inline std::error_code last_error() {
#if defined(_WIN32)
    return in_common({WSAGetLastError(), std::system_category()});
#else
    return {errno, std::system_category()};
#endif
}
// There is nothing, or no room, now.
inline bool is_later(const std::error_code& code) {
    return code == std::errc::operation_would_block || code == std::errc::resource_unavailable_try_again;
}

// Of a code in common words.
inline Error to_error(const std::error_code& code) {
    if (code == std::errc::address_in_use) return Error::port_in_use;
    if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted)
        return Error::not_permitted;
    if (code == std::errc::address_not_available || code == std::errc::network_unreachable ||
        code == std::errc::host_unreachable || code == std::errc::address_family_not_supported)
        return Error::unreachable;
    return Error::system;
}

// Windows wants to be told before a program first uses sockets or names; it is left at the program's end.
inline void start_sockets() {
#if defined(_WIN32)
    static const bool started = [] {
        WSADATA data;
        return ::WSAStartup(MAKEWORD(2, 2), &data) == 0;
    }();
    (void)started;
#endif
}

class SystemSocket {
  public:
    SystemSocket() = default;
    SystemSocket(SystemSocket&& other) noexcept : handle_(std::exchange(other.handle_, no_socket)) {}
    SystemSocket& operator=(SystemSocket&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~SystemSocket() { close(); }

    bool is_open() const { return handle_ != no_socket; }
    NativeSocket handle() const { return handle_; }
    void close() {
        if (!is_open()) return;
#if defined(_WIN32)
        ::closesocket(handle_);
#else
        ::close(handle_);
#endif
        handle_ = no_socket;
    }

    std::error_code bind(const IpAddress& at, bool as_v4) const {
        const SystemAddress address(at, as_v4);
        return ::bind(handle_, &address.any, address.size()) == 0 ? std::error_code() : last_error();
    }
    // Of the socket's own family, where a mapped address of IPv4 is one of IPv6.
    IpAddress local_address() const {
        SystemAddress address;
        socklen_t size = sizeof address;
        return ::getsockname(handle_, &address.any, &size) == 0 ? address.get() : IpAddress{};
    }
    // What only makes it better, and may fail.
    void set(int level, int name, int value) const { (void)set_to(level, name, value); }

  protected:
#if defined(_WIN32)
    using Length = int;
#else
    using Length = std::size_t;
#endif
#if defined(MSG_NOSIGNAL)
    static constexpr int no_signal = MSG_NOSIGNAL;
#else
    static constexpr int no_signal = 0;
#endif

    // Not blocking, and not left to programs that this one starts.
    std::error_code open(int family, int type) {
        close();
        start_sockets();
#if defined(SOCK_CLOEXEC)
        type |= SOCK_CLOEXEC; // at once, as another thread may start a program before it is said
#endif
        handle_ = ::socket(family, type, 0);
        if (!is_open()) return last_error();
        return make_non_blocking() ? std::error_code() : failed();
    }
    // Of the v6 family with v4 where `both`, or without it.
    std::error_code open(int type, bool as_v4, bool both) {
        if (const std::error_code code = open(as_v4 ? AF_INET : AF_INET6, type)) return code;
        if (!as_v4) set(IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
        return {};
    }
    void set_buffers(std::uint32_t receive, std::uint32_t send) const {
        if (receive != 0) set(SOL_SOCKET, SO_RCVBUF, as_int(receive));
        if (send != 0) set(SOL_SOCKET, SO_SNDBUF, as_int(send));
    }
    template <class T>
    bool set_to(int level, int name, const T& value) const {
        return ::setsockopt(handle_, level, name, reinterpret_cast<const char*>(&value), sizeof value) == 0;
    }
    bool make_non_blocking() const {
#if defined(_WIN32)
        u_long on = 1;
        return ::ioctlsocket(handle_, static_cast<long>(FIONBIO), &on) == 0;
#else
        const int flags = ::fcntl(handle_, F_GETFL, 0);
        (void)::fcntl(handle_, F_SETFD, FD_CLOEXEC);
        return flags >= 0 && ::fcntl(handle_, F_SETFL, flags | O_NONBLOCK) == 0;
#endif
    }
    std::error_code failed() {
        const std::error_code code = last_error();
        close();
        return code;
    }
    static int as_int(std::uint32_t n) { return static_cast<int>(n < 0x7FFF'FFFF ? n : 0x7FFF'FFFF); }

    NativeSocket handle_ = no_socket;
};

} // namespace tenon::transport::detail
