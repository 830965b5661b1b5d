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
#include "tenon/transport/asio.hpp"
#include "tenon/transport/concept.hpp"
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
        Side& side = to.is_v4() ? state_->v4 : state_->v6;
        return side.socket.is_open() ? say(side, to, datagram) : Sent::sent;
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
        for (Side* side : {&state->v4, &state->v6}) {
            std::byte bytes[datagram_max + 1];
            for (std::size_t i = 0;
                 i < options_.datagrams_per_poll && state_.get() == state && side->socket.is_open(); ++i) {
                transport::detail::AsioUdp::endpoint from;
                std::error_code code;
                const std::size_t size = side->socket.receive_from(asio::buffer(bytes), from, 0, code);
                if (code == std::errc::operation_would_block ||
                    code == std::errc::resource_unavailable_try_again)
                    break;
                if (code || size > datagram_max) continue;
                f(transport::detail::from_endpoint(from), Lane{}, BytesIn(bytes, size));
            }
        }
    }
    // Until then, or until something is there.
    void wait(Instant until) {
        while (is_open() && tenon::now() < until) {
            for (Side* side : {&state_->v4, &state_->v6}) {
                std::error_code code;
                if (side->socket.is_open() && side->socket.available(code) > 0) return;
            }
            const Duration left = min(until - tenon::now(), milliseconds(10));
            Side& side = state_->v4.socket.is_open() ? state_->v4 : state_->v6;
            transport::detail::sleep_on(side.socket.native_handle(), false, left);
        }
    }

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
    std::uint64_t entropy() { return transport::detail::system_entropy(); }
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }

  private:
    struct Side {
        transport::detail::AsioSocket socket;
        explicit Side(asio::io_context& context) : socket(context) {}
    };
    struct State {
        asio::io_context context{1};
        Side v4{context}, v6{context};
        bool polling = false;
    };

    // Of the range for one organisation, and of the local link.
    static Address group_v4() { return Address::v4(239, 255, 116, 110, 0); }
    static Address group_v6() {
        return {{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x74, 0x65, 0x6E, 0x6F, 0x6E}, 0, 0};
    }

    Error open(Side& side, bool v4, std::uint16_t port);
    void join(Side& side, bool v4);
    Sent say(Side& side, Address to, BytesIn datagram) {
        std::error_code code;
        side.socket.send_to(asio::const_buffer(datagram.data(), datagram.size()),
                            transport::detail::to_endpoint(to, to.is_v4()), 0, code);
        if (code == std::errc::operation_would_block || code == std::errc::resource_unavailable_try_again)
            return Sent::would_block;
        if (code) system_error_ = code;
        return Sent::sent;
    }
    void say_to_group(const transport::Interface& one, std::uint16_t port, BytesIn datagram);

    UdpOptions options_;
    std::unique_ptr<State> state_, retired_; // retired_: closed by a handler that reads from it
    Address local_{};
    std::error_code system_error_;
};
static_assert(TransportPolicy<Udp>);

inline Result<transport::IpAddress> Udp::open(std::uint16_t port) {
    if (is_open()) return Error::already_open;
    state_ = std::make_unique<State>();
    Error error = options_.ipv4 ? open(state_->v4, true, port) : Error::unreachable;
    const Error second = options_.ipv6 ? open(state_->v6, false, port) : Error::unreachable;
    if (error != Error::none && second != Error::none) {
        state_.reset();
        return error;
    }
    std::error_code code;
    const Side& side = error == Error::none ? state_->v4 : state_->v6;
    local_ = transport::detail::from_endpoint(side.socket.local_endpoint(code));
    return local_;
}

inline Error Udp::open(Side& side, bool v4, std::uint16_t port) {
    namespace ip = asio::ip;
    auto& socket = side.socket;
    std::error_code code, best_effort;
    const auto fail = [&] {
        system_error_ = code;
        socket.close(best_effort);
        return transport::detail::to_error(code);
    };
    socket.open(v4 ? ip::udp::v4() : ip::udp::v6(), code);
    if (code) return fail();
    if (!v4) socket.set_option(ip::v6_only(true), best_effort);
    if (port != 0) socket.set_option(asio::socket_base::reuse_address(true), best_effort);
    socket.set_option(asio::socket_base::broadcast(true), best_effort);
    // Nothing leaves the local network, wherever a question says that it comes from.
    socket.set_option(ip::unicast::hops(1), best_effort);
    socket.set_option(ip::multicast::hops(1), best_effort);
    socket.set_option(ip::multicast::enable_loopback(true), best_effort);
    socket.non_blocking(true, code);
    if (code) return fail();
    const Address any = v4 ? Address::any_v4(port) : Address::any(port);
    socket.bind(transport::detail::to_endpoint(any, v4), code);
    if (code) return fail();
    if (port != 0 && options_.multicast) join(side, v4);
    return Error::none;
}

// What can't be joined, as on an interface without multicast, is done without.
inline void Udp::join(Side& side, bool v4) {
    std::error_code best_effort;
    const auto group = transport::detail::to_endpoint(v4 ? group_v4() : group_v6(), v4).address();
    if (v4) side.socket.set_option(asio::ip::multicast::join_group(group), best_effort);
    transport::for_each_interface([&](const transport::Interface& one) {
        if (one.address.is_v4() != v4) return;
        if (v4) {
            const auto own = transport::detail::to_endpoint(one.address, true).address().to_v4();
            side.socket.set_option(asio::ip::multicast::join_group(group.to_v4(), own), best_effort);
        } else {
            side.socket.set_option(asio::ip::multicast::join_group(group.to_v6(), one.index), best_effort);
        }
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
        if (options_.broadcast && one.address.is_v4() && !to.is_any() && state_->v4.socket.is_open())
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
    if (!any && options_.broadcast && state_->v4.socket.is_open()) (void)say(state_->v4, all, datagram);
}

inline void Udp::say_to_group(const transport::Interface& one, std::uint16_t port, BytesIn datagram) {
    const bool v4 = one.address.is_v4();
    Side& side = v4 ? state_->v4 : state_->v6;
    if (!side.socket.is_open()) return;
    std::error_code code;
    if (v4) {
        const auto own = transport::detail::to_endpoint(one.address, true).address().to_v4();
        side.socket.set_option(asio::ip::multicast::outbound_interface(own), code);
    } else {
        side.socket.set_option(asio::ip::multicast::outbound_interface(one.index), code);
    }
    if (code) return;
    Address to = v4 ? group_v4() : group_v6();
    to.port = port;
    to.scope = v4 ? 0 : one.index;
    (void)say(side, to, datagram);
}

} // namespace tenon::lan
