#pragma once
// Udp for a local network: broadcast and multicast, over IPv4 and IPv6. Lobby shouts with it, and Sign hears
// that and answers; with this header both are there.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/lan/lobby.hpp"
#include "tenon/lan/sign.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/datagram_socket.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/interfaces.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/sleep.hpp"

namespace tenon::lan {

struct UdpOptions {
    bool ipv4 = true, ipv6 = true;
    bool broadcast = true, multicast = true;
    std::size_t datagrams_per_poll = 256;
};

class Udp {
  public:
    using Address = transport::IpAddress;
    static constexpr TransportTraits traits{};
    static constexpr std::size_t datagram_max = 1200;

    explicit Udp(UdpOptions options = {}) : options_(options) {}
    Udp(Udp&&) noexcept = default;
    Udp& operator=(Udp&&) noexcept = default;

    // A port of its own is shared with others on this machine, and hears what is said to all; 0 is a free
    // one.
    Result<Address> open(std::uint16_t port);
    Result<Address> resolve(std::string_view text) const { return Address::parse(text); }
    // A handler that poll() calls may close, and open again.
    void close() {
        if (!is_open()) return;
        if (state_->polling) retired_ = std::move(state_);
        state_.reset();
    }

    Sent send(const Address& to, Lane, BytesIn datagram) {
        if (!is_open()) return Sent::closed;
        if (datagram.size() > datagram_max) return Sent::too_big;
        const Socket& socket = to.is_v4() ? state_->v4 : state_->v6;
        return socket.is_open() ? say(socket, to, datagram) : Sent::sent;
    }
    void flush() {}
    // To everybody in the networks of this machine who listens there, and on this machine itself. Whoever
    // hears it in two ways hears it twice.
    void shout(std::uint16_t port, BytesIn datagram);

    template <class F>
    void poll(F&& f) {
        if (!is_open() || state_->polling || retired_) return;
        State* const state = state_.get();
        const transport::detail::Polling<State> guard{retired_, *state};
        for (const Socket* socket : {&state->v4, &state->v6}) {
            std::byte bytes[datagram_max + 1];
            for (std::size_t i = 0;
                 i < options_.datagrams_per_poll && state_.get() == state && socket->is_open(); ++i) {
                Address from;
                std::size_t size = 0;
                const std::error_code code = socket->receive(from, bytes, size);
                if (transport::detail::is_later(code)) break;
                if (code || size > datagram_max) continue;
                f(static_cast<const Address&>(from), Lane{}, BytesIn(bytes, size));
            }
        }
    }
    // Until then, or until something is there; a signal may end it early.
    void wait(Instant until) {
        if (!is_open()) return;
        const transport::detail::Sleeper sleepers[] = {{state_->v4.handle()}, {state_->v6.handle()}};
        const Duration left = until == Instant::never() ? Duration::max() : until - tenon::now();
        transport::detail::sleep_on_all(sleepers, 2, left);
    }

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
    std::uint64_t entropy() { return transport::detail::system_entropy(); }
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }

  private:
    using Socket = transport::detail::DatagramSocket;
    struct State {
        Socket v4, v6;
        bool polling = false;
    };

    // Of the range for one organisation, and of the local link.
    static Address group_v4() { return Address::v4(239, 255, 116, 110, 0); }
    static Address group_v6() {
        return {{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x74, 0x65, 0x6E, 0x6F, 0x6E}, 0, 0};
    }

    Error open(Socket& socket, bool v4, std::uint16_t port);
    void join(const Socket& socket, bool v4);
    Sent say(const Socket& socket, const Address& to, BytesIn datagram) {
        const std::error_code code = socket.send(to, to.is_v4(), datagram);
        if (transport::detail::is_later(code)) return Sent::would_block;
        if (code) system_error_ = code;
        return Sent::sent;
    }
    void say_to_group(const transport::Interface& one, std::uint16_t port, BytesIn datagram);

    UdpOptions options_;
    std::unique_ptr<State> state_, retired_; // retired_: closed by a handler that reads from it
    Address local_{};
    std::error_code system_error_;
};

inline Result<transport::IpAddress> Udp::open(std::uint16_t port) {
    if (is_open()) return Error::already_open;
    state_ = std::make_unique<State>();
    Error error = options_.ipv4 ? open(state_->v4, true, port) : Error::unreachable;
    const Error second = options_.ipv6 ? open(state_->v6, false, port) : Error::unreachable;
    if (error != Error::none && second != Error::none) {
        state_.reset();
        return error;
    }
    local_ = (error == Error::none ? state_->v4 : state_->v6).local_address();
    return local_;
}

inline Error Udp::open(Socket& socket, bool v4, std::uint16_t port) {
    std::error_code code = socket.open(v4, false);
    if (!code) {
        if (port != 0) socket.share_port();
        // Nothing leaves the local network, wherever a question says that it comes from.
        socket.stay_local(v4);
        code = socket.bind(v4 ? Address::any_v4(port) : Address::any(port), v4);
    }
    if (code) {
        system_error_ = code;
        socket.close();
        return transport::detail::to_error(code);
    }
    if (port != 0 && options_.multicast) join(socket, v4);
    return Error::none;
}

// What can't be joined, as on an interface without multicast, is done without.
inline void Udp::join(const Socket& socket, bool v4) {
    if (v4) socket.join(group_v4(), Address::any_v4());
    transport::for_each_interface([&](const transport::Interface& one) {
        if (one.address.is_v4() != v4) return;
        if (v4)
            socket.join(group_v4(), one.address);
        else
            socket.join(group_v6(), one.index);
    });
}

inline void Udp::shout(std::uint16_t port, BytesIn datagram) {
    if (!is_open() || datagram.size() > datagram_max) return;
    bool any = false;
    std::uint32_t told[32], count = 0; // interfaces have several addresses of IPv6
    transport::for_each_interface([&](const transport::Interface& one) {
        any = true;
        Address to = one.loopback ? Address::v4(127, 255, 255, 255, 0) : one.broadcast;
        to.port = port;
        if (options_.broadcast && one.address.is_v4() && !to.is_any() && state_->v4.is_open())
            (void)say(state_->v4, to, datagram);
        if (!options_.multicast || (!one.multicast && !one.loopback)) return;
        if (!one.address.is_v4()) {
            for (std::uint32_t i = 0; i < count; ++i)
                if (told[i] == one.index) return;
            if (count == 32) return;
            told[count++] = one.index;
        }
        say_to_group(one, port, datagram);
    });
    // Where the system does not tell, to the network that it would take by itself.
    Address all = Address::v4(255, 255, 255, 255, port);
    if (!any && options_.broadcast && state_->v4.is_open()) (void)say(state_->v4, all, datagram);
}

inline void Udp::say_to_group(const transport::Interface& one, std::uint16_t port, BytesIn datagram) {
    const bool v4 = one.address.is_v4();
    const Socket& socket = v4 ? state_->v4 : state_->v6;
    if (!socket.is_open()) return;
    if (!(v4 ? socket.leave_by(one.address) : socket.leave_by(one.index))) return;
    Address to = v4 ? group_v4() : group_v6();
    to.port = port;
    to.scope = v4 ? 0 : one.index;
    (void)say(socket, to, datagram);
}

} // namespace tenon::lan
