#pragma once
// Which kind of link a room has: chosen by what the transport gives, and where that has roads of both kinds,
// by the road of each peer. Seats makes them; the turn in which one
// is drained differs too, because datagrams share one way out and each connection has its own.

#include <cstddef>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/link.hpp"
#include "tenon/link/mixed_link.hpp"
#include "tenon/link/stream_link.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon {

namespace detail {
template <bool native, class Reliability, class Seal>
struct FindLink {
    using type = Link<Reliability, Seal>;
};
template <class Reliability, class Seal>
struct FindLink<true, Reliability, Seal> {
    using type = StreamLink<Reliability, Seal>;
};
template <class Reliability, class Seal, bool datagrams, bool bulk>
struct FindLink<false, Reliability, MixedSeal<Seal, datagrams, bulk>> {
    using type = MixedLink<Reliability, MixedSeal<Seal, datagrams, bulk>>;
};
} // namespace detail

template <class Reliability, class Seal>
using LinkOf = typename detail::FindLink<Reliability::traits.native, Reliability, Seal>::type;

// What a reliability policy comes to over this transport.
template <class Transport, class Reliability>
using ReliabilityOver =
    std::conditional_t<TransportTraits(Transport::traits).connected &&
                           !TransportTraits(Transport::traits).mixed,
                       reliability::NativeOver<TransportTraits(Transport::traits).datagrams,
                                               TransportTraits(Transport::traits).bulk>,
                       Reliability>;

// The blocks in which a room's links keep what they hold back.
template <class Reliability>
constexpr std::size_t pool_block_bytes(const LinkOptions& options) {
    if constexpr (Reliability::traits.native)
        return StreamLink<Reliability, Checksum>::pool_block_bytes;
    else
        return options.datagram_bytes - chunk_reserve;
}

// Gives a link its turn to send to that address, into what `lend` and `take` give. False when nobody else may
// send now either.
template <class Reliability, class Seal>
bool drain(Instant now, Link<Reliability, Seal>& link, const auto& to, auto& lend, auto& take) {
    if constexpr (requires { lend.packet_room(to); }) link.set_narrow(lend.packet_room(to));
    for (;;) {
        const BytesOut into = lend(to);
        if (into.empty()) return false;
        const std::size_t size = link.poll_transmit(now, into);
        if (!take(size)) return size == 0;
        if (size == 0 || !link.may_go_on()) return true;
    }
}

// The same to a link over a connection, of what came on that lane.
template <class AnyLink>
Result<> feed(Instant now, AnyLink& link, [[maybe_unused]] Lane lane, BytesIn bytes, BytesOut desk) {
    if constexpr (says_beside<AnyLink>)
        if (lane == datagram_lane) return link.handle_beside(now, bytes, desk);
    if constexpr (says_bulk<AnyLink>)
        if (lane == bulk_lane) return link.handle_bulk(now, bytes);
    return link.handle_datagram(now, bytes, desk);
}

// What goes beside the stream, as far as the transport takes it.
template <class Reliability, class Seal>
void drain_beside(Instant now, StreamLink<Reliability, Seal>& link, const auto& to, auto& lend, auto& take) {
    link.look_beside(now, lend.datagram_room(to));
    while (const std::size_t size_max = link.wants_beside(now)) {
        const BytesOut into = lend.beside(to, size_max);
        if (into.empty()) return link.beside_held_up(now);
        const std::size_t size = link.transmit_beside(now, into);
        if (!take(size) || size == 0) return; // one that was not taken is lost
    }
}

// What has streams of its own, while one is free.
template <class Reliability, class Seal>
void drain_bulk(Instant now, StreamLink<Reliability, Seal>& link, const auto& to, auto& lend, auto& take) {
    for (;;) {
        link.look_bulk(now, lend.bulk_way(to));
        const std::size_t size_max = link.wants_bulk(now);
        if (size_max == 0) return;
        const BytesOut into = lend.bulk(to, size_max);
        if (into.empty()) return link.bulk_held_up(now);
        const std::size_t size = link.transmit_bulk(now, into);
        if (!take(size) || size == 0) return; // where it is closed, the transport says so later
    }
}

// Over a connection what blocks is that one alone. Before it counts as behind, what it was given in this turn
// is flushed.
template <class Reliability, class Seal>
bool drain(Instant now, StreamLink<Reliability, Seal>& link, const auto& to, auto& lend, auto& take) {
    constexpr bool looks = requires { lend.backlog(to); };
    bool unflushed = false;
    if constexpr (looks) link.look(now, lend.backlog(to));
    if constexpr (Reliability::traits.datagrams && requires { lend.datagram_room(to); })
        drain_beside(now, link, to, lend, take);
    if constexpr (Reliability::traits.bulk && requires { lend.bulk_way(to); })
        drain_bulk(now, link, to, lend, take);
    for (;;) {
        const std::size_t size_max = link.wants(now);
        BytesOut into;
        if (size_max != 0) {
            if constexpr (looks)
                into = lend(to, size_max);
            else
                into = lend(to);
        } else if (!link.is_behind()) {
            return true;
        }
        if (!into.empty()) {
            const std::size_t size = link.poll_transmit(now, into);
            if (!take(size)) return looks || size == 0; // where it is closed, the transport says so later
            if (size == 0) return true;
            unflushed = true;
            continue;
        }
        if constexpr (looks) {
            if (unflushed) {
                unflushed = false;
                lend.flush();
                link.flushed(now, lend.backlog(to));
                continue;
            }
        }
        if (size_max != 0) link.held_up(now);
        return true;
    }
}

// Each in its own way.
template <class Reliability, class Seal>
bool drain(Instant now, MixedLink<Reliability, Seal>& link, const auto& to, auto& lend, auto& take) {
    return link.visit([&](auto& one) { return drain(now, one, to, lend, take); });
}

} // namespace tenon
