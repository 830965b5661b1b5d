#pragma once
// Session: five policies and a game, joined when the program is compiled. One room on one transport; `tick`
// is the whole loop: what arrived, what is due, what is ready to leave. It never blocks and stores no
// callback.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "tenon/clock/concept.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/reliability/concept.hpp"
#include "tenon/replica/track.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/room.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/topology/concept.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon {

namespace detail {

// One track of states for each State<T> of the game, and one value for each type that is worth keeping
// between messages.
template <class Entry>
struct EntryStore {};
template <class T>
struct EntryStore<State<T>> {
    Tracks<T> tracks;
};
template <class Game, class Indices>
struct GameStore;
template <class Game, std::size_t... I>
struct GameStore<Game, std::index_sequence<I...>> : EntryStore<typename Game::template entry<I>>... {
    template <class T>
    Tracks<T>& tracks() {
        return static_cast<EntryStore<State<T>>&>(*this).tracks;
    }
    template <class T>
    const Tracks<T>& tracks() const {
        return static_cast<const EntryStore<State<T>>&>(*this).tracks;
    }
};

template <class Game, class Reliability>
constexpr bool promises_kept(bool ordered) {
    for (std::size_t i = 0; i < Game::type_count; ++i) {
        const Delivery delivery = Game::delivery_of(i);
        if (ordered ? is_ordered(delivery) && !Reliability::traits.ordered
                    : delivery == Delivery::reliable && !Reliability::traits.reliable)
            return false;
    }
    return true;
}

// A wrong combination of policies is refused in one sentence.
template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
struct CheckSession {
    static constexpr bool each = CheckTransport<Transport>::ok && CheckCodec<Codec>::ok &&
                                 CheckClock<Clock>::ok && CheckTopology<Topology>::ok &&
                                 CheckReliability<Reliability>::ok && Game::ok;
    static constexpr bool commands_land = [] {
        if constexpr (each) return Topology::traits.has_authority || Game::count_of(EntryKind::command) == 0;
        return true;
    }();
    static_assert(
        commands_land,
        "tenon: the game has a Command, and this topology has no authority to hear it; choose ClientServer");
    static constexpr bool reliable = [] {
        if constexpr (each) return promises_kept<Game, Reliability>(false);
        return true;
    }();
    static_assert(reliable,
                  "tenon: the game has a Reliable event, and reliability::BestEffort promises none; choose "
                  "AckVector or AckRetry");
    static constexpr bool ordered = [] {
        if constexpr (each) return promises_kept<Game, Reliability>(true);
        return true;
    }();
    static_assert(
        ordered,
        "tenon: the game has an Ordered event, and this reliability policy keeps no order; choose AckVector");
    static constexpr bool fits = [] {
        if constexpr (each) return Transport::traits.datagram_bytes >= 512;
        return true;
    }();
    static_assert(fits,
                  "tenon: the transport's datagrams are too small for a handshake; 512 bytes are the least");
    static constexpr bool ok = each && commands_land && reliable && ordered && fits;
};

template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
class SessionCore {
  public:
    using Address = typename Transport::Address;
    using RoomType = Room<Address, Reliability>;

    explicit SessionCore(const Options& options = {}, Transport transport = Transport())
        : transport_(std::move(transport)),
          options_(options),
          room_(options, terms(options), carriage(), Transport::traits.datagram_bytes,
                milliseconds(clock_.rates().keepalive_ms),
                options.seed != 0 ? options.seed : transport_.entropy()) {}
    SessionCore(const SessionCore&) = delete;
    SessionCore& operator=(const SessionCore&) = delete;

    // ---- opening and closing

    // Opens the room on this port, 0 for any free one.
    Result<> host(std::uint16_t port) {
        if (open()) return Error::already_open;
        transport_.close();
        const auto address = transport_.open(port);
        if (!address) return address.error();
        port_ = address->port;
        store_clear();
        return room_.host();
    }
    // Asks the host at "HOST:PORT" to be let in; Joined or Closed tells how it went. A name is looked up at
    // once, which may take a moment; a literal address never does.
    Result<> join(std::string_view address) {
        if (open()) return Error::already_open;
        const auto to = transport_.resolve(address);
        if (!to) return to.error();
        transport_.close();
        const auto local = transport_.open(0);
        if (!local) return local.error();
        port_ = local->port;
        store_clear();
        joining_ = *to;
        return {};
    }
    // Says goodbye with the next tick.
    void leave() {
        joining_.reset();
        room_.leave();
    }
    Result<> kick(PeerId peer) { return room_.kick(peer); }

    // ---- the loop

    // One turn. Bounded: it never waits, and leaves what is too much for the next turn.
    template <class Handlers>
    void tick(Instant now, Handlers&& handlers) {
        check_handlers<std::remove_reference_t<Handlers>>();
        now_ = now;
        if (joining_) {
            (void)room_.join(now, *joining_);
            joining_.reset();
        }
        transport_.poll([&](const Address& from, Lane, BytesIn datagram) {
            room_.handle_datagram(now, from, datagram);
            dispatch(handlers);
        });
        room_.handle_timeout(now);
        dispatch(handlers);
        provide(now, handlers);
        transmit(now);
    }
    // When tick has something to do even if nothing arrives.
    Instant next_deadline() const {
        Instant next = joining_ ? Instant{} : room_.poll_timeout();
        if (Game::count_of(EntryKind::event) != Game::type_count &&
            (status() == Status::joined || status() == Status::hosting))
            next = min(next, clock_.next());
        return next;
    }
    // Sleeps until then, until a deadline of its own, or until something arrives.
    void wait(Instant until) { transport_.wait(min(until, next_deadline())); }

    // ---- speaking

    template <class T>
    Result<> send(PeerId to, const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: send takes an Event of the game; states and commands are provided by the handlers");
        auto* seat = room_.way_to(to);
        if (seat == nullptr)
            return status() == Status::joined || status() == Status::hosting ? Error::unknown_peer
                                                                             : Error::not_connected;
        if (room_.direct(to)) return send_direct(*seat, message, how);
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push_relay(to, type<T>(), delivery<T>(), room_.scratch().first(*written), how,
                                stream<T>(how.key));
    }
    // To everybody else in the room. On the host an error means that at least one peer could not take it; the
    // others did.
    template <class T>
    Result<> broadcast(const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: broadcast takes an Event of the game; states and commands are provided by the handlers");
        if (status() != Status::joined && status() != Status::hosting) return Error::not_connected;
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        const BytesIn payload = room_.scratch().first(*written);
        if (status() == Status::joined)
            return room_.push_relay(PeerId::none(), type<T>(), delivery<T>(), payload, how,
                                    stream<T>(how.key));
        Error first = Error::none;
        room_.for_each_seat([&](auto& seat) {
            const Result<> pushed =
                room_.push(seat, type<T>(), delivery<T>(), payload, how, stream<T>(how.key));
            if (!pushed && first == Error::none) first = pushed.error();
        });
        return first;
    }
    // The state has changed in a way that should not wait for its turn.
    void touch() { clock_.touch(); }
    void configure(const Rates& rates) { clock_.configure(rates); }
    void set_bandwidth(std::uint64_t bytes_per_second) { room_.set_bandwidth(bytes_per_second); }

    // ---- asking

    Status status() const { return joining_ ? Status::joining : room_.status(); }
    PeerId self() const { return room_.self(); }
    PeerId authority() const { return topology_.authority(); }
    const Roster& roster() const { return room_.roster(); }
    std::string_view name_of(PeerId peer) const { return room_.roster().name_of(peer); }
    Health health() { return room_.health(); }
    Result<Health> health(PeerId peer) { return room_.health(peer); }
    std::uint16_t port() const { return port_; }
    const Rates& rates() const { return clock_.rates(); }
    Instant room_time(Instant now) { return room_.room_time(now); }
    Transport& transport() { return transport_; }
    const Transport& transport() const { return transport_; }

    // All states of a type as they were a little while ago, in between what has arrived, so that motion is
    // smooth.
    template <class T>
    View<T> view(Instant now) {
        static_assert(Game::template has_state<T>, "tenon: view shows a State of the game");
        return View<T>(store_.template tracks<T>(),
                       room_.room_time(now) - milliseconds(clock_.rates().interpolation_ms));
    }
    // The newest state of one peer, as it arrived.
    template <class T>
    std::optional<T> latest(PeerId peer) const {
        static_assert(Game::template has_state<T>, "tenon: latest shows a State of the game");
        const Track<T>* track = store_.template tracks<T>().find(peer);
        if (track == nullptr || track->empty()) return std::nullopt;
        return track->latest();
    }

  private:
    template <class T>
    static constexpr MessageType type() {
        return Game::template type_of<T>;
    }
    template <class T>
    static constexpr Delivery delivery() {
        return Game::template delivery_of<T>();
    }
    // What tells newest-wins messages of one type apart in a queue.
    template <class T>
    std::uint32_t stream(std::uint32_t key) const {
        return static_cast<std::uint32_t>(splitmix(std::uint64_t(type<T>().value) << 32 | key));
    }
    bool open() const {
        return status() == Status::joining || status() == Status::joined || status() == Status::hosting;
    }

    static Terms terms(const Options& options) {
        Terms terms;
        terms.game = stable_id(Game::name);
        terms.room = stable_id(options.room);
        terms.schema = Game::schema_hash();
        terms.game_version = Game::version;
        terms.codec = static_cast<std::uint32_t>(stable_id(Codec::name));
        terms.features = terms.required = features();
        const auto hashes = Game::type_hashes();
        terms.type_hashes = hashes.first(hashes.size() < types_max ? hashes.size() : types_max);
        return terms;
    }
    // How reliability is done must be the same on both sides.
    static constexpr std::uint32_t features() {
        return (Reliability::traits.gives_up ? 1u : 0u) | (Reliability::traits.redundant ? 2u : 0u) |
               (Reliability::traits.reliable ? 4u : 0u);
    }
    static Carriage carriage() {
        static constexpr auto deliveries = [] {
            std::array<Delivery, Game::type_count + 1> all{};
            for (std::size_t i = 0; i < Game::type_count; ++i) all[i] = Game::delivery_of(i);
            return all;
        }();
        return {std::span<const Delivery>(deliveries.data(), Game::type_count),
                [](std::size_t i) { return Game::type_name(i); }};
    }

    // ---- writing

    template <class T>
    Encoded encode(BytesOut out, const T& message) {
        if (out.size() > options_.message_bytes_max) out = out.first(options_.message_bytes_max);
        return Codec::encode(out, message);
    }
    // A newest-wins message has its key in front.
    template <class T>
    Encoded write(BytesOut out, const T& message, std::uint32_t key) {
        std::size_t head = 0;
        if constexpr (is_newest(delivery<T>())) {
            ByteWriter writer(out);
            writer.varint(key);
            head = writer.position();
        }
        const Encoded encoded = encode(out.subspan(head), message);
        return encoded ? Encoded(*encoded + head) : encoded;
    }

    // The usual way: the message is encoded straight into the queue that it will leave from.
    template <class T>
    Result<> send_direct(typename RoomType::Seat& seat, const T& message, const How& how) {
        if constexpr (is_reliable(delivery<T>()) && !Reliability::traits.gives_up) {
            ChannelSender& channel = seat.link.channel(is_ordered(delivery<T>()));
            const BytesOut open = channel.open_room(type<T>());
            if (!open.empty()) {
                const Encoded written = encode(open, message);
                if (written && channel.commit(type<T>(), *written)) {
                    room_.mark(seat);
                    return {};
                }
            }
        }
        const Encoded written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push(seat, type<T>(), delivery<T>(), room_.scratch().first(*written), how,
                          stream<T>(how.key));
    }

    // States and commands, when the clock says so.
    template <class Handlers>
    void provide(Instant now, Handlers& handlers) {
        const bool inputs = clock_.input_due(now), snapshot = clock_.snapshot_due(now);
        if (status() != Status::joined && status() != Status::hosting) return;
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            using T = typename Entry::type;
            if constexpr (Entry::kind == EntryKind::command && ProvidesCommand<Handlers, T>) {
                if (inputs) provide_command_of<T>(handlers);
            } else if constexpr (Entry::kind == EntryKind::state) {
                if (snapshot) provide_states<T>(now, handlers);
            }
        });
    }
    template <class T, class Handlers>
    void provide_command_of(Handlers& handlers) {
        T command{};
        if (!provide_command(handlers, command)) return;
        if (self() == authority()) {
            if constexpr (Hears<Handlers, T>) handlers.on(self(), static_cast<const T&>(command));
            return;
        }
        auto* seat = room_.way_to(authority());
        const Encoded written = encode(room_.scratch(), command);
        if (seat == nullptr || !written) return;
        if (seat->link.push_command(type<T>(), room_.scratch().first(*written))) room_.mark(*seat);
    }
    template <class T, class Handlers>
    void provide_states(Instant now, Handlers& handlers) {
        const Instant at = room_.room_time(now);
        Tracks<T>& tracks = store_.template tracks<T>();
        T state{};
        if constexpr (ProvidesStateOf<Handlers, T>) {
            if (self() == authority())
                for (const PeerId peer : roster())
                    if (provide_state_of(handlers, peer, state)) note(tracks, peer, at, state);
        }
        if constexpr (ProvidesState<Handlers, T>) {
            if ((self() != authority() || !ProvidesStateOf<Handlers, T>)&&provide_state(handlers, state)) {
                note(tracks, self(), at, state);
                if (self() != authority()) push_state(room_.way_to(authority()), self(), at, state);
            }
        }
        if (self() != authority()) return;
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            const PeerId owner = tracks[i].peer;
            if (tracks[i].track->empty()) continue;
            // A peer knows its own state, unless the authority is the one who decides it.
            const PeerId except = ProvidesStateOf<Handlers, T> ? PeerId::none() : owner;
            broadcast_state(owner, except, tracks[i].track->latest_at(), tracks[i].track->latest());
        }
    }
    template <class T>
    void note(Tracks<T>& tracks, PeerId peer, Instant at, const T& state) {
        if (Track<T>* track = tracks.of(peer)) track->add(at, state);
    }
    // A state message: whose it is, when it held, and what it is.
    template <class T>
    Encoded write_state(PeerId owner, Instant at, const T& state) {
        ByteWriter head(room_.scratch());
        head.varint(owner.value);
        head.u16(static_cast<std::uint16_t>(at.ns / 1'000'000));
        const Encoded encoded = encode(room_.scratch().subspan(head.position()), state);
        return encoded ? Encoded(*encoded + head.position()) : encoded;
    }
    template <class T>
    void push_state(typename RoomType::Seat* seat, PeerId owner, Instant at, const T& state) {
        if (seat == nullptr) return;
        if (const Encoded written = write_state(owner, at, state))
            (void)room_.push(*seat, type<T>(), Delivery::newest, room_.scratch().first(*written), {},
                             stream<T>(owner.value));
    }
    template <class T>
    void broadcast_state(PeerId owner, PeerId except, Instant at, const T& state) {
        const Encoded written = write_state(owner, at, state);
        if (!written) return;
        const BytesIn payload = room_.scratch().first(*written);
        room_.for_each_seat([&](auto& seat) {
            if (seat.id != except)
                (void)room_.push(seat, type<T>(), Delivery::newest, payload, {}, stream<T>(owner.value));
        });
    }

    void transmit(Instant now) {
        if constexpr (LendsBuffer<Transport>) {
            room_.drain(
                now,
                [&](const Address& to) {
                    return transport_.prepare(to, Lane{}, Transport::traits.datagram_bytes);
                },
                [&](std::size_t size) { return transport_.commit(size) == Sent::sent; });
        } else {
            std::byte buffer[Transport::traits.datagram_bytes];
            Address to_address{};
            room_.drain(
                now,
                [&](const Address& to) {
                    to_address = to;
                    return BytesOut(buffer);
                },
                [&](std::size_t size) {
                    return size == 0 ||
                           transport_.send(to_address, Lane{}, BytesIn(buffer, size)) == Sent::sent;
                });
        }
        transport_.flush();
        if (room_.status() == Status::closed && room_.drained()) transport_.close();
    }

    // ---- hearing

    template <class Handlers>
    void dispatch(Handlers& handlers) {
        while (const auto event = room_.poll_event()) {
            switch (event->kind) {
                case RoomEvent::Kind::message:
                case RoomEvent::Kind::command:
                    hear(handlers, *event);
                    break;
                case RoomEvent::Kind::joined:
                    notify(handlers, Joined{event->peer});
                    break;
                case RoomEvent::Kind::closed:
                    notify(handlers, Closed{event->reason, event->text});
                    break;
                case RoomEvent::Kind::peer_joined:
                    notify(handlers, PeerJoined{event->peer, event->text});
                    break;
                case RoomEvent::Kind::peer_left:
                    forget(event->peer);
                    notify(handlers, PeerLeft{event->peer, event->reason});
                    break;
                case RoomEvent::Kind::gave_up:
                    notify(handlers, GaveUp{event->peer, event->type,
                                            Game::type_name(Game::index_of_message(event->type))});
                    break;
            }
        }
    }
    template <class Handlers, class Notice>
    static void notify(Handlers& handlers, const Notice& notice) {
        if constexpr (HearsOf<Handlers, Notice>) handlers.on(notice);
    }

    template <class Handlers>
    void hear(Handlers& handlers, const RoomEvent& event) {
        Game::with(Game::index_of_message(event.type), [&](auto entry) {
            using Entry = decltype(entry);
            using T = typename Entry::type;
            if constexpr (Entry::kind == EntryKind::state) {
                if (event.kind == RoomEvent::Kind::message)
                    hear_state<T, ProvidesStateOf<Handlers, T>>(event);
            } else if constexpr (Hears<Handlers, T>) {
                const bool command = Entry::kind == EntryKind::command;
                if (command != (event.kind == RoomEvent::Kind::command) || (command && self() != authority()))
                    return;
                ByteReader in(event.payload);
                if constexpr (!command && is_newest(Entry::delivery::value)) in.varint();
                T message{};
                if (in.ok() && Codec::decode(in.rest(), message))
                    handlers.on(event.peer, static_cast<const T&>(message));
                else
                    ++undecodable_;
            }
        });
    }
    template <class T, bool authority_decides>
    void hear_state(const RoomEvent& event) {
        ByteReader in(event.payload);
        const std::uint64_t owner = in.varint();
        const std::uint16_t stamp = in.u16();
        const PeerId peer{static_cast<std::uint32_t>(owner)};
        T state{};
        if (!in.ok() || owner > 0xFFFF'FFFE || !Codec::decode(in.rest(), state)) {
            ++undecodable_;
            return;
        }
        // A peer speaks for itself alone, and not at all where the authority decides.
        if (self() == authority() && (authority_decides || peer != event.peer)) return;
        if (!roster().contains(peer)) return;
        const auto near = static_cast<std::uint64_t>(room_.room_time(now_).ns / 1'000'000 + stamp_bias);
        const auto ms = static_cast<std::int64_t>(expand(stamp, 16, near)) - stamp_bias;
        note(store_.template tracks<T>(), peer, Instant{ms * 1'000'000}, state);
    }
    static constexpr std::int64_t stamp_bias = 0x1'0000'0000'0000;

    void forget(PeerId peer) {
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::state)
                store_.template tracks<typename Entry::type>().remove(peer);
        });
    }
    void store_clear() {
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::state)
                store_.template tracks<typename Entry::type>().clear();
        });
    }

    template <class Handlers>
    static constexpr void check_handlers() {
        Game::for_each([](auto entry, auto) {
            using Entry = decltype(entry);
            using T = typename Entry::type;
            if constexpr (Entry::kind == EntryKind::event && is_reliable(Entry::delivery::value))
                static_assert(Hears<Handlers, T>,
                              "tenon: the handlers don't hear a Reliable or Ordered event of the game; "
                              "write: void on(tenon::PeerId, const TheEvent&)");
            if constexpr (Entry::kind == EntryKind::command)
                static_assert(Hears<Handlers, T> || NeverHosts<Handlers>,
                              "tenon: the handlers don't hear a Command of the game, as the authority must; "
                              "write: void on(tenon::PeerId, const "
                              "TheCommand&), or static constexpr bool never_hosts = true");
        });
    }

    Transport transport_;
    Options options_;
    Clock clock_;
    TENON_NO_UNIQUE_ADDRESS Topology topology_;
    RoomType room_;
    GameStore<Game, std::make_index_sequence<Game::type_count>> store_;
    std::optional<Address> joining_;
    std::uint64_t undecodable_ = 0;
    std::uint16_t port_ = 0;
    Instant now_{};
};

// Stands in for a session that was refused, so that its mistake is told once and nothing follows from it.
template <bool ok, class... Policies>
struct SessionGate {
    template <class... Args>
    explicit SessionGate(Args&&...) {}
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
