#pragma once
// StreamSocket: one TCP socket of the system that listens, dials or carries bytes. The connected transports
// call it.

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/system_socket.hpp"

#if !defined(_WIN32)
#include <netinet/tcp.h>
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

class StreamSocket : public SystemSocket {
  public:
    // Of the v6 family with v4 where `both`.
    std::error_code listen(const IpAddress& at, bool as_v4, bool both, int waiting);
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
    static constexpr int end_of_sending = SD_SEND;
#else
    static constexpr int end_of_sending = SHUT_WR;
#endif
    bool configure(const SocketOptions& options) const;
};

inline bool StreamSocket::configure(const SocketOptions& options) const {
    if (!make_non_blocking()) return false;
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set_buffers(options.receive_buffer, options.send_buffer);
#if defined(TCP_NOTSENT_LOWAT)
    if (options.unsent_max != 0) set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, as_int(options.unsent_max));
#endif
#if defined(SO_NOSIGPIPE)
    set(SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return true;
}

inline std::error_code StreamSocket::listen(const IpAddress& at, bool as_v4, bool both, int waiting) {
    if (const std::error_code code = open(SOCK_STREAM, as_v4, both)) return code;
#if !defined(_WIN32)
    // A server that starts again takes its port although old connections linger there. (On Windows the same
    // option would share the port with whoever holds it.)
    set(SOL_SOCKET, SO_REUSEADDR, 1);
#endif
    std::error_code code = bind(at, as_v4);
    if (!code && ::listen(handle_, waiting) != 0) code = last_error();
    if (code) close();
    return code;
}

inline std::error_code StreamSocket::dial(const IpAddress& to, const SocketOptions& options) {
    const bool as_v4 = to.is_v4();
    if (const std::error_code code = open(SOCK_STREAM, as_v4, false)) return code;
    if (!configure(options)) return failed();
    const SystemAddress address(to, as_v4);
    if (::connect(handle_, &address.any, address.size()) == 0) return {};
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
    SystemAddress address;
    socklen_t size = sizeof address;
    made.handle_ = ::accept(handle_, &address.any, &size);
    if (!made.is_open()) {
        code = last_error();
        return made;
    }
    code = {};
    from = address.get();
    if (!made.configure(options)) code = made.failed();
    return made;
}

} // namespace tenon::transport::detail
