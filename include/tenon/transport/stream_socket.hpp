#pragma once
// StreamSocket: one TCP socket of the system, non-blocking, that listens, dials or carries bytes. The
// connected transports call it; what the systems call differently stays in here.

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/asio.hpp"
#include "tenon/transport/sleep.hpp"

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace tenon::transport::detail {

enum class Moving : std::uint8_t {
    moved, // so many bytes, at least one
    later, // the system has nothing, or takes nothing, now
    ended, // the other side has said all
    broken,
};
struct Moved {
    Moving how = Moving::later;
    std::size_t bytes = 0;
};

struct SocketOptions {
    std::uint32_t unsent_max = 0;                      // bytes that the system holds and has not sent yet
    std::uint32_t receive_buffer = 0, send_buffer = 0; // 0: as the system likes
};

class StreamSocket {
  public:
    StreamSocket() = default;
    StreamSocket(StreamSocket&& other) noexcept : handle_(std::exchange(other.handle_, no_socket)) {}
    StreamSocket& operator=(StreamSocket&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~StreamSocket() { close(); }

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

    // Of the v6 family with v4 where `both`.
    std::error_code listen(const IpAddress& at, bool as_v4, bool both, int waiting);
    IpAddress local_address() const;
    // Sets `code` where the system would not even begin; else the socket becomes writable when it is decided.
    std::error_code dial(const IpAddress& to, const SocketOptions& options);
    // How dialling went, once it is decided.
    std::error_code dialled() const;
    // The next that waits, or a closed one and why.
    StreamSocket accept(IpAddress& from, const SocketOptions& options, std::error_code& code);

    Moved read(BytesOut into) const {
        for (;;) {
            const auto count =
                ::recv(handle_, reinterpret_cast<char*>(into.data()), static_cast<Length>(into.size()), 0);
            if (count > 0) return {Moving::moved, static_cast<std::size_t>(count)};
            if (count == 0) return {Moving::ended};
            const std::error_code code = last_error();
            if (code == std::errc::interrupted) continue;
            return {is_later(code) ? Moving::later : Moving::broken};
        }
    }
    Moved write(BytesIn bytes) const {
        for (;;) {
            const auto count = ::send(handle_, reinterpret_cast<const char*>(bytes.data()),
                                      static_cast<Length>(bytes.size()), no_signal);
            if (count >= 0) return {Moving::moved, static_cast<std::size_t>(count)};
            const std::error_code code = last_error();
            if (code == std::errc::interrupted) continue;
            return {is_later(code) ? Moving::later : Moving::broken};
        }
    }
    // Nothing more will be said; what the other side says still arrives.
    void finish() const { ::shutdown(handle_, end_of_sending); }

  private:
#if defined(_WIN32)
    using Length = int;
    static constexpr int no_signal = 0, end_of_sending = SD_SEND;
    static std::error_code last_error() {
        return in_common({WSAGetLastError(), std::system_category()});
    }
#else
    using Length = std::size_t;
#if defined(MSG_NOSIGNAL)
    static constexpr int no_signal = MSG_NOSIGNAL;
#else
    static constexpr int no_signal = 0;
#endif
    static constexpr int end_of_sending = SHUT_WR;
    static std::error_code last_error() { return {errno, std::system_category()}; }
#endif
    static bool is_later(const std::error_code& code) {
        return code == std::errc::operation_would_block || code == std::errc::resource_unavailable_try_again;
    }
    void set(int level, int name, int value) const {
        (void)::setsockopt(handle_, level, name, reinterpret_cast<const char*>(&value), sizeof value);
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
    bool configure(const SocketOptions& options) const;
    std::error_code make(int family) {
        handle_ = ::socket(family, SOCK_STREAM, 0);
        if (!is_open() || make_non_blocking()) return is_open() ? std::error_code() : last_error();
        return failed();
    }
    std::error_code failed() {
        const std::error_code code = last_error();
        close();
        return code;
    }

    NativeSocket handle_ = no_socket;
};

// What only makes it better may fail.
inline bool StreamSocket::configure(const SocketOptions& options) const {
    if (!make_non_blocking()) return false;
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    const auto bytes = [](std::uint32_t n) { return static_cast<int>(n < 0x7FFF'FFFF ? n : 0x7FFF'FFFF); };
    if (options.receive_buffer != 0) set(SOL_SOCKET, SO_RCVBUF, bytes(options.receive_buffer));
    if (options.send_buffer != 0) set(SOL_SOCKET, SO_SNDBUF, bytes(options.send_buffer));
#if defined(TCP_NOTSENT_LOWAT)
    if (options.unsent_max != 0) set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes(options.unsent_max));
#endif
#if defined(SO_NOSIGPIPE)
    set(SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return true;
}

inline std::error_code StreamSocket::listen(const IpAddress& at, bool as_v4, bool both, int waiting) {
    close();
    if (const std::error_code code = make(as_v4 ? AF_INET : AF_INET6)) return code;
#if !defined(_WIN32)
    // A server that starts again takes its port although old connections linger there. (On Windows the same
    // option would share the port with whoever holds it.)
    set(SOL_SOCKET, SO_REUSEADDR, 1);
#endif
    if (!as_v4) set(IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
    const auto endpoint = to_endpoint(at, as_v4);
    if (::bind(handle_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(handle_, waiting) != 0)
        return failed();
    return {};
}

inline IpAddress StreamSocket::local_address() const {
    AsioUdp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(handle_, endpoint.data(), &size) != 0) return {};
    endpoint.resize(static_cast<std::size_t>(size));
    return from_endpoint(endpoint);
}

inline std::error_code StreamSocket::dial(const IpAddress& to, const SocketOptions& options) {
    close();
    const bool as_v4 = to.is_v4();
    if (const std::error_code code = make(as_v4 ? AF_INET : AF_INET6)) return code;
    if (!configure(options)) return failed();
    const auto endpoint = to_endpoint(to, as_v4);
    if (::connect(handle_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return {};
    const std::error_code code = last_error();
    if (is_later(code) || code == std::errc::operation_in_progress || code == std::errc::interrupted)
        return {};
    close();
    return code;
}

inline std::error_code StreamSocket::dialled() const {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(handle_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&value), &size) != 0)
        return last_error();
    return in_common({value, std::system_category()});
}

inline StreamSocket StreamSocket::accept(IpAddress& from, const SocketOptions& options,
                                         std::error_code& code) {
    StreamSocket made;
    AsioUdp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    made.handle_ = ::accept(handle_, endpoint.data(), &size);
    if (!made.is_open()) {
        code = last_error();
        return made;
    }
    code = {};
    endpoint.resize(static_cast<std::size_t>(size));
    from = from_endpoint(endpoint);
    if (!made.configure(options)) code = made.failed();
    return made;
}

} // namespace tenon::transport::detail
