#pragma once
// What transports of several roads have in common: an address that says of which road it is, and how a packet
// crosses a connection, where it is one frame behind a mark. Several is such a transport for who hosts, and
// Fallback for who joins.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "tenon/core/bytes.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/sleep.hpp"

namespace tenon::transport {

namespace detail {

// No frame of messages and no word at a door begins with it.
inline constexpr std::byte packet_mark{0x80};
// When more waits behind a connection than this, packets for it are lost, as on any road that is full.
inline constexpr std::size_t packets_waiting_max = 32'768;

// Connections whose datagrams hold less are not worth smaller packets.
inline constexpr std::size_t packets_beside_least = 800;

template <class T>
inline constexpr bool is_connected = TransportTraits(T::traits).connected;
template <class T>
inline constexpr bool carries_datagrams = TransportTraits(std::remove_const_t<T>::traits).datagrams;

// Calls f(std::integral_constant<std::size_t, road>) for the road of that number.
template <std::size_t count, class F, std::size_t road = 0>
constexpr decltype(auto) with_road(std::size_t number, F&& f) {
    if constexpr (road + 1 < count)
        if (number != road) return with_road<count, F, road + 1>(number, std::forward<F>(f));
    return f(std::integral_constant<std::size_t, road>());
}
template <std::size_t count, class F>
constexpr void each_road(F&& f) {
    [&]<std::size_t... road>(std::index_sequence<road...>) {
        (f(std::integral_constant<std::size_t, road>()), ...);
    }
    (std::make_index_sequence<count>());
}

// The smallest datagram that fits every road that has datagrams; 1200 where none has, as packets then choose.
template <class... Roads>
constexpr std::uint32_t datagram_bytes_of() {
    std::uint32_t least = 1200;
    for (const TransportTraits& road : {TransportTraits(Roads::traits)...})
        if (!road.connected && road.datagram_bytes < least) least = road.datagram_bytes;
    return least;
}

// A packet for a connection: behind its mark in the buffer that the connection lends, or, where that is full,
// nowhere. `spare` is where it is then written.
template <class Road>
BytesOut prepare_packet(Road& road, const typename Road::Address& to, Lane lane, std::size_t size,
                        BytesOut spare, bool& kept) {
    kept = false;
    if (road.backlog(to) > packets_waiting_max) return spare;
    const BytesOut into = road.prepare(to, lane, size + 1);
    if (into.size() < size + 1) return spare;
    into[0] = packet_mark;
    kept = true;
    return into.subspan(1);
}
// A packet that was written behind room for its mark, for a connection with datagrams beside its stream: what
// is said at a door goes in the stream, as it brings the connection about, and so does what no datagram
// holds. False when it is lost.
template <class Road>
bool put_packet(Road& road, const typename Road::Address& to, BytesOut marked) {
    marked[0] = packet_mark;
    const bool at_door = (marked[1] & packet_mark) != std::byte{};
    if (!at_door && marked.size() <= road.datagram_room(to))
        return road.send(to, datagram_lane, marked) == Sent::sent;
    return road.backlog(to) <= packets_waiting_max && road.send(to, Lane{}, marked) == Sent::sent;
}
// So large a packet goes beside that stream now; 0: none, or hardly any.
template <class Road>
std::size_t packet_room([[maybe_unused]] Road& road, [[maybe_unused]] const auto& to) {
    std::size_t room = 0;
    if constexpr (carries_datagrams<Road>) room = road.datagram_room(to);
    return room > packets_beside_least ? room - 1 : 0;
}
// Who speaks there sends packets.
inline bool is_packet(BytesIn frame) { return frame.size() > 1 && frame[0] == packet_mark; }

// What one road is slept on. False where the system has no handle for it.
template <class Road>
bool sleeps(Road& road, Sleeper& sleeper) {
    road.flush();
    if constexpr (requires { road.deadline(); }) sleeper.until = road.deadline();
    if constexpr (requires { road.is_blocked(); }) sleeper.writing = road.is_blocked();
    if constexpr (requires { road.handle(); }) sleeper.socket = road.handle();
    return sleeper.socket != no_socket;
}
// Sleeps on all of them, which have nothing more to do before then.
template <class... Roads>
void sleep_on_roads(Instant until, Waker* waker, Roads&... roads) {
    static_assert(sizeof...(Roads) <= sleepers_max, "tenon: a transport has at most eight roads");
    Sleeper sleepers[sizeof...(Roads)];
    std::size_t count = 0;
    bool all = true;
    ((all = sleeps(roads, sleepers[count++]) && all), ...);
    for (const Sleeper& sleeper : sleepers) until = min(until, sleeper.until);
    const Instant start = now();
    if (until <= start) return;
    if (all) {
        sleep_on_all(sleepers, count, until == Instant::never() ? Duration::max() : until - start, waker);
    } else {
        // Who has no handle to sleep on is asked again and again.
        const auto nap = [&](auto& road) {
            const Instant awake = min(until, now() + microseconds(500));
            if constexpr (WakesUp<std::remove_reference_t<decltype(road)>>)
                road.wait(awake, waker);
            else
                road.wait(awake);
        };
        (nap(roads), ...);
    }
    (roads.flush(), ...);
}

} // namespace detail

template <class... Roads>
class RoadAddress {
    using Any = std::variant<typename Roads::Address...>;
    static constexpr std::size_t count = sizeof...(Roads);

  public:
    constexpr RoadAddress() = default;
    // `packets`: what crosses the connection there are packets.
    template <std::size_t road>
    static RoadAddress of(const std::variant_alternative_t<road, Any>& address, bool packets = false) {
        RoadAddress made;
        made.at_.template emplace<road>(address);
        made.packets_ = packets;
        return made;
    }

    std::size_t road() const { return at_.index(); } // counted from 0
    bool is_connection() const {
        constexpr bool connected[] = {detail::is_connected<Roads>...};
        return connected[road()];
    }
    bool carries_packets() const { return packets_; }
    bool is_stream() const { return is_connection() && !packets_; }
    // Beside that stream there are datagrams.
    bool has_datagrams() const { return is_stream() && carried(); }
    // They may go as its datagrams.
    bool has_packets_beside() const { return packets_ && carried(); }
    // As its road knows it; the caller knows the road.
    template <std::size_t road>
    const auto& on() const {
        return *std::get_if<road>(&at_);
    }

    std::uint64_t hash() const { return hash(0); }
    std::uint64_t hash(std::uint64_t seed) const {
        const std::uint64_t inner = visit([&](const auto& address) { return seeded_hash(address, seed); });
        return splitmix(inner + road() * 2 + (packets_ ? 1 : 0));
    }
    AddressText text() const {
        AddressText out;
        visit([&](const auto& address) { out.add(std::string_view(address.text())); });
        return out;
    }
    // Those who share a connection to the net share it on every road.
    struct Network {
        AddressText of;
        AddressText text() const { return of; }
    };
    Network network() const {
        Network network;
        visit([&](const auto& address) { network.of.add(std::string_view(network_of(address).text())); });
        return network;
    }
    friend bool operator==(const RoadAddress& a, const RoadAddress& b) {
        return a.packets_ == b.packets_ && a.at_ == b.at_;
    }

  private:
    bool carried() const {
        constexpr bool by_road[] = {detail::carries_datagrams<Roads>...};
        return by_road[road()];
    }
    decltype(auto) visit(auto&& f) const {
        return detail::with_road<count>(road(),
                                        [&](auto road) -> decltype(auto) { return f(this->on<road>()); });
    }

    Any at_;
    bool packets_ = false;
};

} // namespace tenon::transport
