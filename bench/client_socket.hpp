#pragma once
// A transport for a crowd of clients in one process: one plain socket each, which an epoll can watch, so that
// a thousand sessions cost what a thousand sockets cost. Its far end is the one server.

#include <tenon/core/bytes.hpp>
#include <tenon/core/error.hpp>
#include <tenon/transport/address.hpp>
#include <tenon/transport/concept.hpp>
#include <tenon/transport/now.hpp>

#include "raw.hpp"

#include <memory>
#include <utility>

namespace bench {

class ClientSocket {
  public:
    using Address = tenon::transport::IpAddress;
    static constexpr tenon::TransportTraits traits{};

    tenon::Result<Address> open(std::uint16_t port) {
        socket_ = std::make_unique<RawSocket>(port);
        if (!socket_->good()) return tenon::Error::port_in_use;
        return Address::loopback(socket_->port());
    }
    tenon::Result<Address> resolve(std::string_view text) { return Address::parse(text); }
    void close() { socket_.reset(); }
    int fd() const { return socket_ ? socket_->fd() : -1; }
    // Something is there; poll() asks the system only then, and takes one datagram.
    void mark_readable() { readable_ = true; }

    tenon::Sent send(const Address& to, tenon::Lane, tenon::BytesIn datagram) {
        if (!socket_) return tenon::Sent::closed;
        server_ = to;
        return socket_->send(loopback(to.port), datagram.data(), datagram.size()) ? tenon::Sent::sent
                                                                                  : tenon::Sent::would_block;
    }
    void flush() {}
    template <class F>
    void poll(F&& f) {
        std::byte bytes[2048];
        sockaddr_in from{};
        if (!socket_ || !std::exchange(readable_, false)) return;
        const long size = socket_->receive(from, bytes, sizeof bytes);
        if (size >= 0) f(server_, tenon::Lane{}, tenon::BytesIn{bytes, static_cast<std::size_t>(size)});
    }
    void wait(tenon::Instant) {}
    std::uint64_t entropy() { return static_cast<std::uint64_t>(tenon::now().ns) * 0x9E3779B97F4A7C15u; }

  private:
    std::unique_ptr<RawSocket> socket_;
    Address server_{};
    bool readable_ = false;
};
static_assert(tenon::TransportPolicy<ClientSocket>);

} // namespace bench
