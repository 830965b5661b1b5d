#pragma once
// Fallback: who joins tries several roads to its host, the preferred first, and plays over the best that
// there is; when that road is cut in mid-game, the session goes on over the next as the peer that it is, and
// comes back when the better one is there again. To the session it is one transport of datagrams: packets
// cross a connection whole, each behind a mark, and keep their acknowledgements, so that nothing is lost or
// doubled between two roads. The host listens on Several.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/road_watch.hpp"
#include "tenon/transport/roads.hpp"

namespace tenon::transport {

// The host, by whichever road it is reached.
struct HostAddress {
    AddressText words;        // of the most preferred road that leads there
    std::uint32_t serial = 0; // of the look-up; 0: nobody's
    std::uint16_t port = 0;

    const AddressText& text() const { return words; }
    std::uint64_t hash() const { return splitmix(serial); }
    friend bool operator==(const HostAddress& a, const HostAddress& b) { return a.serial == b.serial; }
};

// `Now` gives the time: the system's, or a test's.
template <class Now, class... Roads>
class FallbackOver {
    static constexpr std::size_t count = sizeof...(Roads);
    template <std::size_t road>
    using Road = std::tuple_element_t<road, std::tuple<Roads...>>;

  public:
    using Address = HostAddress;
    static constexpr TransportTraits traits{.encrypted = (TransportTraits(Roads::traits).encrypted && ...),
                                            .datagram_bytes = detail::datagram_bytes_of<Roads...>()};
    // It listens nowhere.
    static constexpr bool only_joins = true;
    static_assert(
        (!TransportTraits(Roads::traits).guarded && ...),
        "tenon: a road of Fallback encrypts by a guard of its own, which the other roads have not; let "
        "Secure be the outermost: Secure<Fallback<Udp, WebSocket>>");

    FallbackOver() = default;
    explicit FallbackOver(Roads... roads) : roads_(std::move(roads)...) {}
    FallbackOver(const FallbackOptions& options, Roads... roads)
        : roads_(std::move(roads)...), watch_(options, count) {}
    FallbackOver(Now now, const FallbackOptions& options, Roads... roads)
        : now_(std::move(now)), roads_(std::move(roads)...), watch_(options, count) {}

    // All roads that can be opened, to go along them; at least one.
    Result<Address> open(std::uint16_t) {
        if (opened_) return Error::already_open;
        Error error = Error::none;
        std::uint16_t port = 0;
        bool any = false;
        each([&](auto road) {
            const auto at = open_one(std::get<road>(roads_), port);
            usable_[road] = static_cast<bool>(at);
            if (!at) error = error == Error::none ? at.error() : error;
            if (at && !any) port = at->port;
            any = any || at;
        });
        opened_ = any;
        if (!any) return error;
        Address here;
        here.port = port;
        return here;
    }
    // One address for all roads, or one for each with spaces between: "game.example:4000", or
    // "game.example:4000 wss://game.example/play". A road that does not lead there is left out.
    Result<Address> resolve(std::string_view text) {
        std::array<std::string_view, count> parts;
        const std::size_t found = split(text, parts);
        if (found != 1 && found != count) return Error::bad_address;
        Error error = Error::none;
        Address host;
        each([&](auto road) {
            const auto at = std::get<road>(roads_).resolve(parts[found == 1 ? 0 : road]);
            leads_[road] = static_cast<bool>(at);
            if (!at) error = error == Error::none ? at.error() : error;
            if (!at) return;
            std::get<road>(hosts_) = *at;
            if (host.serial == 0) host.words.add(std::string_view(at->text()));
            host.serial = serial_ + 1;
        });
        if (host.serial == 0) return error;
        serial_ = host.serial;
        host_ = host;
        return host;
    }
    void close() {
        each([this](auto road) { std::get<road>(roads_).close(); });
        opened_ = false;
    }

    // To the host that was looked up last.
    Sent send(const Address& to, Lane, BytesIn datagram) {
        if (!opened_ || !(to == host_) || host_.serial == 0) return Sent::closed;
        if (datagram.size() > traits.datagram_bytes) return Sent::too_big;
        const Instant now = now_();
        Sent sent = Sent::sent;
        watch_.say(
            now, datagram, [&](std::size_t road) { return goes(road); },
            [&](std::size_t road) { sent = put(now, road, datagram); });
        return sent;
    }
    void flush() {
        each([this](auto road) { std::get<road>(roads_).flush(); });
    }
    template <class F>
    void poll(F&& f) {
        if (!opened_) return;
        const Instant now = now_();
        each([&](auto road) {
            std::get<road>(roads_).poll(Ear<road, std::remove_reference_t<F>>{*this, f, now});
        });
        if (!opened_) return; // f has closed it
        watch_.turn(
            now, [&](std::size_t road) { return goes(road); },
            [&](std::size_t road, BytesIn probe) { (void)put(now, road, probe); });
    }
    void wait(Instant until, Waker* waker = nullptr) {
        until = min(until, next_deadline());
        std::apply([&](auto&... roads) { detail::sleep_on_roads(until, waker, roads...); }, roads_);
    }
    // When poll() has something to do even if nothing arrives.
    Instant next_deadline() const { return opened_ ? watch_.next() : Instant::never(); }

    // So large a datagram does not wait behind what others of a connection's stream have lost; 0 where all go
    // alike.
    std::size_t packet_room(const Address&) {
        return detail::with_road<count>(watch_.current(), [&](auto road) {
            return detail::packet_room(std::get<road>(roads_), std::get<road>(hosts_));
        });
    }

    // Whether it has gone over to another road since this was last asked: the host does not know yet that
    // what comes from there is this peer's, and is to be told.
    bool take_moved() { return watch_.take_moved(); }
    // Over which it plays, or plays first when none has answered yet; counted from 0.
    std::size_t road() const { return watch_.current(); }
    // How often it has gone over.
    std::uint32_t moves() const { return watch_.moves(); }
    bool is_open() const { return opened_; }
    auto local_address() const { return std::get<0>(roads_).local_address(); }
    template <std::size_t index>
    auto& inner() {
        return std::get<index>(roads_);
    }
    std::uint64_t entropy() { return std::get<0>(roads_).entropy(); }

  private:
    template <std::size_t road, class F>
    struct Ear {
        FallbackOver& all;
        F& f;
        Instant now;
        using At = typename Road<road>::Address;

        // Only the host is listened to, and over a connection only its packets.
        void operator()(const At& from, Lane lane, BytesIn bytes) {
            if (lane == bulk_lane || !all.opened_ || !all.leads_[road] ||
                !(from == std::get<road>(all.hosts_)))
                return;
            if constexpr (detail::is_connected<Road<road>>) {
                if (!detail::is_packet(bytes)) return;
                bytes = bytes.subspan(1);
            }
            if (all.watch_.hear(now, road, bytes)) f(Address(all.host_), Lane{}, bytes);
        }
        void lost(const At& of) requires detail::is_connected<Road<road>> {
            if (all.leads_[road] && of == std::get<road>(all.hosts_)) all.watch_.lost(now, road);
        }
    };

    void each(auto&& f) { detail::each_road<count>(f); }
    bool goes(std::size_t road) const { return usable_[road] && leads_[road]; }
    template <class R>
    static Result<typename R::Address> open_one(R& road, [[maybe_unused]] std::uint16_t like) {
        if constexpr (requires { road.open_to_dial(); }) {
            return road.open_to_dial();
        } else {
            if (like == 0) return road.open(0);
            const auto at = road.open(like); // a firewall may know it already
            return at ? at : road.open(0);
        }
    }
    static std::size_t split(std::string_view text, std::array<std::string_view, count>& parts) {
        std::size_t found = 0;
        while (true) {
            while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
            if (text.empty()) return found;
            const std::size_t end = text.find(' ');
            if (found == count) return count + 1;
            parts[found++] = text.substr(0, end);
            text = end == std::string_view::npos ? std::string_view() : text.substr(end);
        }
    }
    // What a connection does not take is lost, as on any road that is full; a socket of datagrams says so.
    Sent put(Instant now, std::size_t number, BytesIn datagram) {
        return detail::with_road<count>(number, [&](auto r) -> Sent {
            auto& road = std::get<r>(roads_);
            const auto& to = std::get<r>(hosts_);
            if constexpr (detail::is_connected<Road<r>>) {
                if (!watch_.may_dial(now, r)) return Sent::sent;
                std::byte spare[traits.datagram_bytes + 1];
                if constexpr (detail::carries_datagrams<Road<r>>) {
                    if (datagram.empty()) return Sent::sent;
                    copy(spare + 1, datagram);
                    (void)detail::put_packet(road, to, BytesOut(spare).first(datagram.size() + 1));
                    return Sent::sent;
                }
                bool kept = false;
                const BytesOut into = detail::prepare_packet(road, to, Lane{}, datagram.size(), spare, kept);
                copy(into.data(), datagram);
                if (kept) (void)road.commit(datagram.size() + 1);
                return Sent::sent;
            } else {
                return road.send(to, Lane{}, datagram);
            }
        });
    }

    TENON_NO_UNIQUE_ADDRESS Now now_{};
    std::tuple<Roads...> roads_;
    std::tuple<typename Roads::Address...> hosts_;
    std::array<bool, count> usable_{}, leads_{};
    Address host_;
    std::uint32_t serial_ = 0;
    RoadWatch watch_{FallbackOptions{}, count};
    bool opened_ = false;
};

template <class... Roads>
using Fallback = FallbackOver<SystemNow, Roads...>;

} // namespace tenon::transport
