#pragma once
// Listener: the socket at which a connected transport is called, over IPv4 and IPv6 alike, and who is next.
// Connections has one.

#include <cstdint>
#include <system_error>
#include <utility>

#include "tenon/core/time.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/readiness.hpp"
#include "tenon/transport/stream_socket.hpp"

namespace tenon::transport::detail {

class Listener {
  public:
    static constexpr std::uint32_t token = 0xFFFF'FFFF;

    // Where the system refuses, `code` says why.
    Error open(Readiness& readiness, const ConnectionOptions& options, std::uint16_t port,
               std::error_code& code) {
        const bool any = options.bind.is_any(), v4 = options.bind.is_v4();
        if (any ? !options.ipv6 && !options.ipv4 : !(v4 ? options.ipv4 : options.ipv6))
            return Error::bad_address;
        IpAddress at = options.bind;
        at.port = port;
        const bool v6 = !v4 && options.ipv6;
        code = socket_.listen(v6 || v4 ? at : IpAddress::any_v4(port), !v6, options.ipv4, waiting_max);
        // A machine without IPv6 still plays over IPv4.
        if (code && v6 && any && options.ipv4 && to_error(code) == Error::unreachable)
            code = socket_.listen(IpAddress::any_v4(port), true, false, waiting_max);
        if (code) return to_error(code);
        return readiness.watch(socket_.handle(), token, true, false) ? Error::none : Error::system;
    }
    void close() { socket_.close(); }
    IpAddress local_address() const { return socket_.local_address(); }

    // The next who calls; a closed one, without a code, when there is none. Where the system has no room for
    // another it would tell of them again and again: it is asked a while later.
    StreamSocket next(Readiness& readiness, Instant now, IpAddress& from, const SocketOptions& options,
                      std::error_code& code) {
        using std::errc;
        for (;;) {
            StreamSocket socket = socket_.accept(from, options, code);
            if (socket.is_open()) return socket;
            if (code == errc::operation_would_block || code == errc::resource_unavailable_try_again) {
                code = {};
                return socket;
            }
            if (code != errc::connection_aborted && code != errc::interrupted &&
                code != errc::protocol_error) {
                readiness.change(socket_.handle(), token, false, false);
                again_ = now + milliseconds(100);
                return socket;
            }
        }
    }
    // When it is to be asked again.
    Instant again() const { return again_; }
    void again_at(Instant at) { again_ = again_ == Instant::never() ? again_ : at; }
    void resume(Readiness& readiness) {
        again_ = Instant::never();
        readiness.change(socket_.handle(), token, true, false);
    }

  private:
    static constexpr int waiting_max = 1024;

    StreamSocket socket_;
    Instant again_ = Instant::never();
};

} // namespace tenon::transport::detail
