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
#include "tenon/core/unix_time.hpp"
#include "tenon/link/link_of.hpp"
#include "tenon/link/mixed_guard.hpp"
#include "tenon/room/ban_list.hpp"
#include "tenon/room/banish.hpp"
#include "tenon/room/game_room.hpp"
#include "tenon/room/options.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/lend.hpp"

namespace tenon {

namespace detail {

// What a session sends and hears through: its transport, or where it finds its room on a bus, what the
// topology puts around that.
template <class Transport, class Topology>
struct CarrierOf {
    using type = Transport;
};
template <class Transport, HasBus Topology>
struct CarrierOf<Transport, Topology> {
    using type = typename Topology::template Carrier<Transport>;
};

template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
using RoomOver = GameRoom<Game, typename CarrierOf<Transport, Topology>::type::Address, Codec, Clock,
                          Topology, ReliabilityOver<Transport, Reliability>, GuardOf<Transport>>;

template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
class SessionCore : private RoomOver<Game, Transport, Codec, Clock, Topology, Reliability> {
    using Carrier = typename CarrierOf<Transport, Topology>::type;
    using Base = RoomOver<Game, Transport, Codec, Clock, Topology, Reliability>;
    static constexpr bool connected = Transport::traits.connected;
    static constexpr bool mixed = Transport::traits.mixed;
    static constexpr bool has_datagrams = TransportTraits(Transport::traits).datagrams;
    static constexpr bool changes_roads = requires(Transport & transport) { transport.take_moved(); };
    static constexpr bool has_bus = HasBus<Topology>;
    static constexpr bool knows_keys = requires(const typename Base::RoomType::Link& link) {
        link.seal().peer();
    };

  public:
    using Address = typename Carrier::Address;
    using GameType = Game;
    using TransportType = Transport;
    using RoomType = Base;
    using ClockType = Clock;
    using TopologyType = Topology;
    using Replay = typename Base::Replay;

    explicit SessionCore(const Options& options = {}, Transport transport = Transport())
        : Base(options, Transport::traits.datagram_bytes,
               options.seed != 0 ? options.seed : transport.entropy(), guard_of(transport)),
          peers_max_(options.peers_max),
          transport_(std::move(transport)) {
        if constexpr (has_bus) transport_.introduce(options.name, options.room);
    }

    // ---- opening and closing

    // Opens the room on this port, 0 for any free one.
    Result<> host(std::uint16_t port) {
        static_assert(
            !requires { Transport::only_joins; },
            "tenon: Fallback is for who joins; who hosts takes Several of the same roads");
        if (is_open(status())) return Error::already_open;
        part();
        const Result<> opened = reopen(port);
        return opened ? Base::host() : opened;
    }
    // Asks the host at "HOST:PORT" to be let in; Joined or Closed tells how it went. A name is looked up at
    // once, which may take a moment; a literal address never does.
    Result<> join(std::string_view address) { return join_with(address, {}); }
    // The same with something to show at the door, a token or a password, which the host's handlers judge in
    // admit(Caller). It is at most 900 bytes long, and shown only where nobody on the way can read it.
    Result<> join(std::string_view address, BytesIn credential) {
        static_assert(
            Transport::traits.encrypted,
            "tenon: over this transport everybody on the way could read the credential, and use it; "
            "choose Secure<...>");
        return join_with(address, credential);
    }
    // Finds the room on a bus, and opens it where there is none; Joined or Closed tells how it went. Joined
    // comes again when there was another room of the same name, and this one goes over to it.
    template <class Bus>
    Result<> meet(Bus bus, const Meet& how = {}) {
        static_assert(has_bus,
                      "tenon: this topology has no bus on which its peers could meet; choose "
                      "topology::Hybrid<Bus>");
        if constexpr (has_bus) {
            if (is_open(status())) return Error::already_open;
            const Result<> opened = reopen(how.port);
            return opened ? transport_.meet(std::move(bus), Base::Contract::terms({}), how) : opened;
        }
        return Error::closed;
    }
    // A guest goes on from another port, as after a change of network, as the peer that it is.
    template <class Carrier = Transport>
    Result<> move() {
        static_assert(
            !Carrier::traits.connected,
            "tenon: a guest goes on from another port by datagrams, and a connection stays where it "
            "is; leave() and join() again");
        if (status() != Status::joined) return Error::not_connected;
        const Result<> opened = reopen(0);
        if (opened) Base::moved();
        return opened;
    }
    using Base::kick;
    // Sends a guest away and lets it in no more until then; `text`, of at most 48 bytes, tells it why.
    Result<> ban(PeerId peer, UnixTime until = BanList::for_good, std::string_view text = {},
                 BanBy by = BanBy::key) {
        Base& room = *this;
        return banish(room, peer, until, text, by);
    }
    // Who is banned here, which may be kept as text. It is told now and then what time it is, or no ban ends.
    BanList& bans() { return Base::room().doorkeeper().bans(); }
    void leave() {
        const Status before = Base::status();
        Base::leave();
        if constexpr (has_bus) // nobody is to be told, but the bus
            if (transport_.is_on() && before != Status::joined && before != Status::hosting) close();
    }

    // ---- the loop

    // One turn. Bounded: it never waits, and leaves what is too much for the next turn.
    template <class Handlers>
    void tick(Instant now, Handlers&& handlers) {
        using Heard = std::remove_reference_t<Handlers>;
        check_handlers<Game, Heard, Clock>();
        if constexpr (Topology::traits.direct) check_mesh_handlers<Game, Heard>();
        now_ = now;
        if constexpr (has_bus) transport_.set_now(now);
        Base::begin(now);
        transport_.poll(Incoming<Heard>{*this, handlers, now});
        if constexpr (changes_roads)
            if (transport_.take_moved()) Base::moved();
        if constexpr (has_bus) find(now);
        Base::handle_timeout(now, handlers);
        transmit(now);
    }
    // When tick has something to do even if nothing arrives.
    Instant next_deadline() const {
        if constexpr (has_bus) return min(Base::next_deadline(), transport_.next());
        if constexpr (changes_roads) return min(Base::next_deadline(), transport_.next_deadline());
        return Base::next_deadline();
    }
    // Sleeps until then, until a deadline of its own, or until something arrives.
    void wait(Instant until) { transport_.wait(min(until, next_deadline())); }

    // ---- what is said and asked in the room

    using Base::authoritative;
    using Base::authority;
    using Base::broadcast;
    using Base::capabilities;
    using Base::claim;
    using Base::configure;
    using Base::epoch;
    using Base::for_each_entity;
    Health health() {
        Health health = Base::health();
        if constexpr (has_bus) {
            health.detours += count_detours(PeerId::none());
            health.bus_refused = transport_.refused();
        }
        return health;
    }
    Result<Health> health(PeerId peer) {
        Result<Health> health = Base::health(peer);
        if constexpr (has_bus)
            if (health && health->detours == 0) health->detours = count_detours(peer);
        if constexpr (changes_roads)
            if (health) health->road = static_cast<std::uint8_t>(transport_.road());
        return health;
    }
    // The public key of who sits there, as it has proved; of a guest's peers only the host sits at its own
    // table.
    auto identity(PeerId peer) requires(knows_keys) {
        const auto* seat = Base::room().seat_of(peer);
        using Key = std::remove_cvref_t<decltype(seat->link.seal().peer())>;
        const bool is_known = seat != nullptr && seat->link.is_ready();
        return is_known ? Result<Key>(seat->link.seal().peer()) : Result<Key>(Error::unknown_peer);
    }
    using Base::latest;
    using Base::lead;
    using Base::lockstep;
    using Base::may;
    using Base::name_of;
    using Base::origin;
    using Base::owner;
    using Base::playback;
    using Base::prediction;
    using Base::rates;
    using Base::release;
    using Base::resync;
    using Base::rewind;
    using Base::role_of;
    using Base::room_time;
    using Base::roster;
    using Base::self;
    using Base::send;
    using Base::session;
    using Base::set_authority;
    using Base::set_bandwidth;
    using Base::set_merit;
    using Base::set_role;
    using Base::shown;
    Status status() const { return looks() ? Status::joining : Base::status(); }
    using Base::touch;
    using Base::view;
    using Base::world;

    std::uint16_t port() const { return port_; }
    Transport& transport() {
        if constexpr (has_bus)
            return transport_.inner();
        else
            return transport_;
    }
    const Transport& transport() const { return const_cast<SessionCore*>(this)->transport(); }
    // The other rooms of this name and who is there, what went over the bus, what came from it and was
    // refused.
    const Carrier& meeting() const requires(has_bus) { return transport_; }

  private:
    template <class Handlers>
    struct Incoming {
        SessionCore& session;
        Handlers& handlers;
        Instant now;

        void operator()(const Address& from, Lane lane, BytesIn datagram) {
            if (lane == Lane{} || has_datagrams)
                session.Base::handle_datagram(now, from, datagram, handlers, has_datagrams ? lane : Lane{});
        }
        void expect(const Address& from, BytesIn datagram) { session.Base::expect(from, datagram); }
        void lost(const Address& at) requires(connected) { session.Base::room().lost(at); }
    };

    Result<> join_with(std::string_view address, BytesIn credential) {
        static_assert(!mixed,
                      "tenon: Several roads are for who hosts; who joins takes one of them, or Fallback");
        if (is_open(status())) return Error::already_open;
        if (credential.size() > credential_bytes_max) return Error::too_large;
        const auto to = transport_.resolve(address);
        if (!to) return to.error();
        part();
        const Result<> opened = reopen(0, true);
        return opened ? Base::join(*to, credential) : opened;
    }
    bool looks() const {
        if constexpr (has_bus) return transport_.looks();
        return false;
    }
    void part() {
        if constexpr (has_bus) transport_.part();
    }
    void close() {
        part();
        transport_.close();
    }
    std::uint32_t count_detours(PeerId peer) {
        std::uint32_t count = 0;
        Base::room().for_each_seat([&](const auto& seat) {
            count += (!peer || seat.id == peer) && transport_.is_detour(seat.address) ? 1 : 0;
        });
        return count;
    }
    // How the room stands, as the bus is told it.
    void tell(auto& facts) requires(has_bus) {
        using Stage = std::remove_reference_t<decltype(facts.stage)>;
        const Status status = Base::status();
        if (!is_open(status)) return;
        facts.stage = status == Status::hosting  ? Stage::hosting
                      : status == Status::joined ? Stage::joined
                                                 : Stage::joining;
        if (status == Status::joining) return;
        const auto& succession = Base::room().estate().succession();
        facts.self = Base::self();
        facts.epoch = Base::room().estate().epoch();
        facts.room_key = succession.is_open() ? succession.room_key() : 0;
        const std::uint32_t all = peers_max_ + 1u;
        const auto taken = static_cast<std::uint32_t>(Base::roster().size());
        facts.places = taken < all ? all - taken : 0;
        for (const PeerId peer : Base::roster()) facts.players += Base::roster().is_away(peer) ? 0 : 1;
    }
    // Tells it, and does what comes of that.
    void find(Instant now) requires(has_bus) {
        if (!looks() && !is_open(Base::status())) return; // it has left, and is saying so
        const auto order = transport_.turn(now, [this](auto& facts) { this->tell(facts); });
        if (!order) return;
        if (is_open(Base::status())) Base::leave();
        (void)(order->inbox == 0 ? Base::host() : Base::join(*order));
    }

    // A handler may come here straight from leave(): what is still to be said there is said first.
    // Who only dials needs no door, where the transport can do without one.
    Result<> reopen(std::uint16_t port, [[maybe_unused]] bool dials = false) {
        transmit(now_);
        transport_.close();
        const auto local = [&] {
            if constexpr (requires { transport_.open_to_dial(); })
                if (dials) return transport_.open_to_dial();
            return transport_.open(port);
        }();
        if (!local) return local.error();
        if constexpr (has_bus)
            port_ = local->at.port;
        else if constexpr (mixed)
            port_ = transport_.port();
        else
            port_ = local->port;
        if constexpr (Topology::traits.migrates && TellsLocal<Transport> && !has_bus) {
            auto& whereabouts = Base::room().estate().whereabouts();
            whereabouts.clear_own();
            transport_.each_local_address([&](const Address& at) { whereabouts.add_own(at); });
        }
        return {};
    }

    void transmit(Instant now) {
        Base& room = *this;
        transport::lend(transport_, [&](auto&& lend, auto&& take) { room.drain(now, lend, take); });
        transport_.flush();
        if (Base::over() && !looks()) close();
    }

    std::uint16_t peers_max_;
    Carrier transport_;
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
// as well: flags, seal, packet number, acknowledged number, delay, and the message's type. To a frame of a
// connection, its type alone; what goes beside a connection is such a packet.
template <class Session>
inline constexpr std::size_t overhead = [] {
    constexpr TransportTraits traits = Session::TransportType::traits;
    if (traits.connected && !traits.mixed && !traits.datagrams) return std::size_t(1);
    using Seal = typename GuardOf<typename Session::TransportType>::Seal;
    return 1 + Seal::front_bytes + 1 + 1 + 1 + 1 + Seal::back_bytes;
}();

} // namespace tenon
