#pragma once
// Session: five policies and a game, joined when the program is compiled. One room on one transport; `tick`
// is the whole loop: what arrived, what is due, what is ready to leave. It never blocks and stores no
// callback.

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/check_session.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/game_room.hpp"
#include "tenon/room/options.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/lend.hpp"

namespace tenon {

namespace detail {

template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
class SessionCore : private GameRoom<Game, typename Transport::Address, Codec, Clock, Topology, Reliability> {
    using Base = GameRoom<Game, typename Transport::Address, Codec, Clock, Topology, Reliability>;

  public:
    using Address = typename Transport::Address;
    using GameType = Game;
    using TransportType = Transport;
    using RoomType = Base;
    using ClockType = Clock;
    using TopologyType = Topology;
    using Replay = typename Base::Replay;

    explicit SessionCore(const Options& options = {}, Transport transport = Transport())
        : Base(options, Transport::traits.datagram_bytes,
               options.seed != 0 ? options.seed : transport.entropy()),
          transport_(std::move(transport)) {}

    // ---- opening and closing

    // Opens the room on this port, 0 for any free one.
    Result<> host(std::uint16_t port) {
        if (is_open(status())) return Error::already_open;
        const Result<> opened = reopen(port);
        return opened ? Base::host() : opened;
    }
    // Asks the host at "HOST:PORT" to be let in; Joined or Closed tells how it went. A name is looked up at
    // once, which may take a moment; a literal address never does.
    Result<> join(std::string_view address) {
        if (is_open(status())) return Error::already_open;
        const auto to = transport_.resolve(address);
        if (!to) return to.error();
        const Result<> opened = reopen(0);
        return opened ? Base::join(*to) : opened;
    }
    // A guest goes on from another port, as after a change of network, as the peer that it is.
    Result<> move() {
        if (status() != Status::joined) return Error::not_connected;
        const Result<> opened = reopen(0);
        if (opened) Base::moved();
        return opened;
    }
    using Base::kick;
    using Base::leave;

    // ---- the loop

    // One turn. Bounded: it never waits, and leaves what is too much for the next turn.
    template <class Handlers>
    void tick(Instant now, Handlers&& handlers) {
        using Heard = std::remove_reference_t<Handlers>;
        check_handlers<Game, Heard, Clock>();
        if constexpr (Topology::traits.direct) check_mesh_handlers<Game, Heard>();
        now_ = now;
        Base::begin(now);
        transport_.poll(Incoming<Heard>{*this, handlers, now});
        Base::handle_timeout(now, handlers);
        transmit(now);
    }
    // When tick has something to do even if nothing arrives.
    using Base::next_deadline;
    // Sleeps until then, until a deadline of its own, or until something arrives.
    void wait(Instant until) { transport_.wait(min(until, next_deadline())); }

    // ---- what is said and asked in the room

    using Base::authoritative;
    using Base::authority;
    using Base::broadcast;
    using Base::configure;
    using Base::epoch;
    using Base::for_each_entity;
    using Base::health;
    using Base::latest;
    using Base::lead;
    using Base::lockstep;
    using Base::name_of;
    using Base::origin;
    using Base::owner;
    using Base::playback;
    using Base::prediction;
    using Base::rates;
    using Base::resync;
    using Base::rewind;
    using Base::room_time;
    using Base::roster;
    using Base::self;
    using Base::send;
    using Base::set_authority;
    using Base::set_bandwidth;
    using Base::set_merit;
    using Base::shown;
    using Base::status;
    using Base::touch;
    using Base::view;
    using Base::world;

    std::uint16_t port() const { return port_; }
    Transport& transport() { return transport_; }
    const Transport& transport() const { return transport_; }

  private:
    template <class Handlers>
    struct Incoming {
        SessionCore& session;
        Handlers& handlers;
        Instant now;

        void operator()(const Address& from, Lane, BytesIn datagram) {
            session.Base::handle_datagram(now, from, datagram, handlers);
        }
        void expect(const Address& from) { session.Base::expect(from); }
    };

    // A handler may come here straight from leave(): what is still to be said there is said first.
    Result<> reopen(std::uint16_t port) {
        transmit(now_);
        transport_.close();
        const auto local = transport_.open(port);
        if (!local) return local.error();
        port_ = local->port;
        return {};
    }

    void transmit(Instant now) {
        Base& room = *this;
        transport::lend(transport_, [&](auto&& lend, auto&& take) { room.drain(now, lend, take); });
        transport_.flush();
        if (Base::over()) transport_.close();
    }

    Transport transport_;
    std::uint16_t port_ = 0;
    Instant now_{};
};

template <class... Policies>
struct SessionGate<true, Policies...> : SessionCore<Policies...> {
    using SessionCore<Policies...>::SessionCore;
};

} // namespace detail

template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
class Session : public detail::SessionGate<
                    detail::CheckSession<Game, Transport, Codec, Clock, Topology, Reliability>::ok, Game,
                    Transport, Codec, Clock, Topology, Reliability> {
  public:
    using Gate =
        detail::SessionGate<detail::CheckSession<Game, Transport, Codec, Clock, Topology, Reliability>::ok,
                            Game, Transport, Codec, Clock, Topology, Reliability>;
    using Gate::Gate;
    explicit Session(const Options& options = {}) : Gate(options) {}
};

// What a 64-byte message that may be lost adds to its datagram in steady state, when the packet acknowledges
// as well: flags, checksum, packet number, acknowledged number, delay, and the message's type.
template <class Session>
inline constexpr std::size_t overhead = 1 + checksum_bytes + 1 + 1 + 1 + 1;

} // namespace tenon
