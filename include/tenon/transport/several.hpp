#pragma once
// Several: a host listens on several transports at once, so that native players over UDP, web pages over
// WebSocket and tools over TCP sit in one room, before one object of handlers. Each peer has the link that
// its road needs. Who joins takes one of the roads, or Fallback for all of them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/transport/concept.hpp"
#include "tenon/transport/roads.hpp"

namespace tenon::transport {

namespace detail {

// The first that brings a guard; of a host all roads of datagrams share it. Or else just the first.
template <class First, class... Rest>
struct FindGuarded {
    using type = First;
};
template <class First, class Second, class... Rest>
requires(!requires { typename First::Guard; }) struct FindGuarded<First, Second, Rest...> {
    using Later = typename FindGuarded<Second, Rest...>::type;
    static constexpr bool any = requires { typename Later::Guard; };
    using type = std::conditional_t<any, Later, First>;
};

} // namespace detail

template <class... Roads>
class Several {
    static constexpr std::size_t count = sizeof...(Roads);
    template <std::size_t road>
    using Road = std::tuple_element_t<road, std::tuple<Roads...>>;

  public:
    using Address = RoadAddress<Roads...>;
    using GuardedRoad = typename detail::FindGuarded<Roads...>::type;
    // Of each road; 0: the one that host() is told, and where that is any free one, the first road's if it
    // can be had.
    using Ports = std::array<std::uint16_t, count>;
    static constexpr TransportTraits traits{.reliable = (TransportTraits(Roads::traits).reliable && ...),
                                            .ordered = (TransportTraits(Roads::traits).ordered && ...),
                                            .encrypted = (TransportTraits(Roads::traits).encrypted && ...),
                                            .datagram_bytes = detail::datagram_bytes_of<Roads...>(),
                                            .connected = true,
                                            .mixed = true,
                                            .datagrams = (TransportTraits(Roads::traits).datagrams || ...),
                                            .bulk = (TransportTraits(Roads::traits).bulk || ...)};
    static_assert((!TransportTraits(Roads::traits).mixed && ...),
                  "tenon: a road of Several is a transport with roads of its own; name them all in one");
    static_assert(
        ((!detail::is_connected<Roads> || Roads::traits.mixed ||
          Roads::traits.datagram_bytes >= stream_frame_bytes) &&
         ...),
        "tenon: a road of Several has connections with smaller frames than 66,000 bytes, and what all "
        "peers are sent would not fit");

    Several() = default;
    explicit Several(Roads... roads) : roads_(std::move(roads)...) {}
    Several(const Ports& ports, Roads... roads) : ports_(ports), roads_(std::move(roads)...) {}

    // All roads, or none.
    Result<Address> open(std::uint16_t port) {
        if (opened_) return Error::already_open;
        Error error = Error::none;
        each([&](auto road) {
            if (error == Error::none) error = open_one<road>(port);
        });
        opened_ = true;
        if (error != Error::none) {
            close();
            return error;
        }
        spare_.resize(traits.datagram_bytes + 1);
        return Address::template of<0>(std::get<0>(locals_));
    }
    // Of the first road.
    Result<Address> resolve(std::string_view text) {
        const auto found = std::get<0>(roads_).resolve(text);
        return found ? Result<Address>(Address::template of<0>(*found)) : Result<Address>(found.error());
    }
    void close() {
        each([this](auto road) { std::get<road>(roads_).close(); });
        opened_ = false;
    }

    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        if (!opened_) return Sent::closed;
        if (to.carries_packets()) {
            if (datagram.size() > traits.datagram_bytes) return Sent::too_big;
            copy(prepare(to, lane, datagram.size()).data(), datagram);
            return commit(datagram.size());
        }
        return on(to, [&](auto& road, const auto& at) { return road.send(at, lane, datagram); });
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        if (!opened_) return {};
        to_ = to;
        lane_ = lane;
        return on(to, [&](auto& road, const auto& at) -> BytesOut {
            using R = std::remove_reference_t<decltype(road)>;
            if constexpr (detail::is_connected<R>)
                if (to.carries_packets()) return prepare_packet(road, at, size);
            if constexpr (LendsBuffer<R>)
                return road.prepare(at, lane, size);
            else
                return size > traits.datagram_bytes ? BytesOut() : BytesOut(spare_).first(size);
        });
    }
    // A packet for a connection that is full or gone is lost, and others have their turn.
    Sent commit(std::size_t size) {
        if (!opened_) return Sent::closed;
        return on(to_, [&](auto& road, const auto& at) {
            using R = std::remove_reference_t<decltype(road)>;
            if (to_.carries_packets()) {
                if constexpr (detail::carries_datagrams<R>)
                    return size == 0 || detail::put_packet(road, at, BytesOut(spare_).first(size + 1))
                               ? Sent::sent
                               : count_lost(size);
                if (!kept_) return count_lost(size);
                if constexpr (LendsBuffer<R>) {
                    if (road.commit(size == 0 ? 0 : size + 1) != Sent::sent) return count_lost(size);
                }
                return Sent::sent;
            }
            if constexpr (LendsBuffer<R>)
                return road.commit(size);
            else
                return size == 0 ? Sent::sent : road.send(at, lane_, BytesIn(spare_).first(size));
        });
    }
    void flush() {
        each([this](auto road) { std::get<road>(roads_).flush(); });
    }

    template <class F>
    void poll(F&& f) {
        each([&](auto road) { std::get<road>(roads_).poll(Ear<road, std::remove_reference_t<F>>{f}); });
    }
    void wait(Instant until, Waker* waker = nullptr) {
        std::apply([&](auto&... roads) { detail::sleep_on_roads(until, waker, roads...); }, roads_);
    }

    // Of packets it says nothing: what waits too long is lost.
    std::size_t backlog(const Address& to) const {
        if (!to.is_connection()) return 0;
        return detail::with_road<count>(to.road(), [&](auto road) -> std::size_t {
            if constexpr (detail::is_connected<Road<road>>)
                return std::get<road>(roads_).backlog(to.template on<road>());
            return 0;
        });
    }
    // Of a connection of a road that has a way for them.
    std::size_t datagram_room(const Address& to) const {
        if (!to.has_datagrams()) return 0;
        return detail::with_road<count>(to.road(), [&](auto road) -> std::size_t {
            if constexpr (TransportTraits(Road<road>::traits).datagrams)
                return std::get<road>(roads_).datagram_room(to.template on<road>());
            return 0;
        });
    }
    // So large a packet goes there as a datagram beside the stream; 0 where all go alike.
    std::size_t packet_room(const Address& to) const {
        if (!to.has_packets_beside()) return 0;
        return detail::with_road<count>(to.road(), [&](auto road) {
            return detail::packet_room(std::get<road>(roads_), to.template on<road>());
        });
    }
    BulkWay bulk_way(const Address& to) const {
        if (!to.has_datagrams()) return {};
        return detail::with_road<count>(to.road(), [&](auto road) -> BulkWay {
            if constexpr (TransportTraits(Road<road>::traits).bulk)
                return std::get<road>(roads_).bulk_way(to.template on<road>());
            return {};
        });
    }
    void hang_up(const Address& to) {
        on(to, [&](auto& road, const auto& at) {
            if constexpr (detail::is_connected<std::remove_reference_t<decltype(road)>>) road.hang_up(at);
        });
    }

    bool is_open() const { return opened_; }
    // Where the first road listens; each of them has a port of its own.
    auto local_address() const { return std::get<0>(roads_).local_address(); }
    std::uint16_t port(std::size_t road = 0) const {
        return detail::with_road<count>(road,
                                        [&](auto r) -> std::uint16_t { return std::get<r>(locals_).port; });
    }
    template <std::size_t index>
    auto& road() {
        return std::get<index>(roads_);
    }
    // Packets that were not sent, because their connection was full or gone.
    std::uint64_t lost_packets() const { return lost_; }
    template <class G = GuardedRoad>
    auto guard() const -> typename G::Guard {
        using Guard = typename G::Guard;
        const Guard* found = nullptr;
        std::apply([&](const auto&... roads) { (find_guard(roads, found), ...); }, roads_);
        return *found;
    }
    std::uint64_t entropy() { return std::get<0>(roads_).entropy(); }

  private:
    template <std::size_t road, class F>
    struct Ear {
        F& f;
        using At = typename Road<road>::Address;

        void operator()(const At& from, Lane lane, BytesIn bytes) {
            if (detail::is_connected<Road<road>> && lane != bulk_lane && detail::is_packet(bytes))
                f(Address::template of<road>(from, true), Lane{}, bytes.subspan(1));
            else
                f(Address::template of<road>(from), lane, bytes);
        }
        template <class G = F>
        auto expect(const At& from, BytesIn datagram)
            -> decltype(std::declval<G&>().expect(Address(), datagram)) {
            f.expect(Address::template of<road>(from), datagram);
        }
        // Whatever crossed it.
        template <class G = F>
        auto lost(const At& of) -> decltype(std::declval<G&>().lost(Address())) {
            f.lost(Address::template of<road>(of));
            f.lost(Address::template of<road>(of, true));
        }
    };

    template <class F>
    void each(F&& f) {
        detail::each_road<count>(std::forward<F>(f));
    }
    decltype(auto) on(const Address& to, auto&& f) {
        return detail::with_road<count>(to.road(), [&](auto road) -> decltype(auto) {
            return f(std::get<road>(roads_), to.template on<road>());
        });
    }
    template <std::size_t road>
    Error open_one(std::uint16_t port) {
        auto& one = std::get<road>(roads_);
        const std::uint16_t wanted = ports_[road] != 0 ? ports_[road] : port;
        const std::uint16_t like = wanted == 0 && road != 0 ? std::get<0>(locals_).port : wanted;
        auto opened = one.open(like);
        if (!opened && wanted == 0 && like != 0) opened = one.open(0);
        if (!opened) return opened.error();
        std::get<road>(locals_) = *opened;
        return Error::none;
    }
    // Where it may go as a datagram, that is found out when its size is known.
    template <class R>
    BytesOut prepare_packet(R& road, const typename R::Address& at, std::size_t size) {
        if (size > traits.datagram_bytes) return {};
        if constexpr (detail::carries_datagrams<R>)
            return BytesOut(spare_).subspan(1, size);
        else
            return detail::prepare_packet(road, at, lane_, size, spare_, kept_).first(size);
    }
    Sent count_lost(std::size_t size) {
        lost_ += size != 0 ? 1 : 0;
        return Sent::sent;
    }
    template <class R>
    static void find_guard(const R& road, auto& found) {
        if constexpr (requires { typename R::Guard; })
            if (found == nullptr) found = &road.guard();
    }

    Ports ports_{};
    std::tuple<Roads...> roads_;
    std::tuple<typename Roads::Address...> locals_;
    std::vector<std::byte> spare_; // for what is lent by no road
    Address to_;                   // of what is prepared
    Lane lane_;
    bool opened_ = false, kept_ = false;
    std::uint64_t lost_ = 0;
};

} // namespace tenon::transport
