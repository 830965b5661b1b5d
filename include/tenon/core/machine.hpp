#pragma once
// The one contract of every protocol machine in tenon: no socket, no thread, no clock. The caller owns time
// and buffers.
//
// After any handle_ call, drain poll_event and poll_transmit, then ask poll_timeout when to come back.

#include <concepts>
#include <cstddef>

#include "tenon/core/bytes.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

// What poll_transmit wrote into the caller's buffer, and whom it is for. Size 0: nothing to send now.
template <class Address>
struct Transmit {
    Address to{};
    std::size_t size = 0;

    constexpr explicit operator bool() const { return size != 0; }
};

// The next datagram of a machine that is drained into what `lend(address)` and `take(size)` give.
template <class Address>
Transmit<Address> drain_one(BytesOut into, auto&& drain) {
    Transmit<Address> transmit;
    const auto lend = [&](const Address& to) {
        transmit.to = to;
        return into;
    };
    const auto take = [&](std::size_t size) {
        transmit.size = size;
        return size == 0;
    };
    drain(lend, take);
    return transmit;
}

template <class M>
concept TakesDatagrams = requires(M& m, Instant now, const typename M::Address& from, BytesIn datagram) {
    m.handle_datagram(now, from, datagram);
};
template <class M>
concept TakesTimeouts = requires(M& m, Instant now) {
    m.handle_timeout(now);
};
template <class M>
concept GivesTransmits = requires(M& m, Instant now, BytesOut into) {
    { m.poll_transmit(now, into) } -> std::same_as<Transmit<typename M::Address>>;
};
// Instant::never() when no deadline is set.
template <class M>
concept GivesTimeout = requires(const M& m) {
    { m.poll_timeout() } -> std::same_as<Instant>;
};
// Fills in what the event's kind has, and gives true, while there is one. Spans inside it point into the
// datagram or the machine, and are valid until the next call that is not poll_event.
template <class M>
concept GivesEvents = requires(M& m, typename M::Event& event) {
    { m.poll_event(event) } -> std::same_as<bool>;
};

template <class M>
concept Machine =
    TakesDatagrams<M> && TakesTimeouts<M> && GivesTransmits<M> && GivesTimeout<M> && GivesEvents<M>;

} // namespace tenon
