#pragma once
// A room in which a game is played: what the game's types are is known here, when the clock lets which of
// them speak, and which handler hears what. Sans-I/O; Session puts one on a transport of its own, Hall many
// on one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "tenon/clock/concept.hpp"
#include "tenon/clock/steady.hpp"
#include "tenon/codec/voice.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/replica/states.hpp"
#include "tenon/room/contract.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/kernel_part.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/room.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/streams.hpp"
#include "tenon/room/words.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game, class AddressType, class Codec, class Clock, class Topology, class Reliability>
class GameRoom {
  public:
    using Address = AddressType;
    using Contract = tenon::Contract<Game, Codec, Clock, Topology, Reliability>;
    using RoomType = Room<Address, Reliability, Topology>;
    using Replay = tenon::Replay<Game, Codec>; // of a recording, where the clock is a Kernel

    GameRoom(const Options& options, std::size_t datagram_bytes, std::uint64_t seed)
        : options_(options),
          room_(options, Contract::terms(options), Contract::carriage(), datagram_bytes, pulse(), seed) {}

    // ---- opening and closing

    Result<> host() {
        if (is_open(status())) return Error::already_open;
        streams_.clear();
        kernel_.clear();
        return room_.host();
    }
    // Asks to be let in, from the next turn on; Joined or Closed tells how it went.
    Result<> join(const Address& host) {
        if (is_open(status())) return Error::already_open;
        streams_.clear();
        kernel_.clear();
        joining_ = host;
        return {};
    }
    // Says goodbye with the next turn.
    void leave() {
        joining_.reset();
        room_.leave();
    }
    Result<> kick(PeerId peer) { return room_.kick(peer); }
    // A guest's own address has changed: with the next turn it asks for its place from there.
    void moved() { room_.moved(); }

    // ---- its turns, which Session and Hall give it: what arrived, what is due, what is ready to leave

    // All times are the caller's; inside they are steady.
    void begin(Instant now) {
        take_time(kernel_.feed(now));
        room_.begin(now_);
        if (!joining_) return;
        (void)room_.join(now_, *joining_);
        joining_.reset();
    }
    template <class Handlers>
    void handle_datagram(Instant now, const Address& from, BytesIn datagram, Handlers& handlers) {
        room_.handle_datagram(steady(now), from, datagram);
        dispatch(handlers);
    }
    void expect(const Address& from) { room_.expect(from); }
    // For who keeps the door of many rooms: lets a caller in or back in, or tells it
    // why not; and one goes unasked.
    template <class Handlers>
    void admit(Instant now, const Address& from, const Connect& connect, Handlers& handlers) {
        room_.admit(steady(now), from, connect);
        dispatch(handlers);
    }
    template <class Handlers>
    void resume(Instant now, const Address& from, const Resume& asked, Handlers& handlers) {
        room_.resume(steady(now), from, asked);
        dispatch(handlers);
    }
    template <class Handlers>
    void forget(Instant now, const Address& at, Handlers& handlers) {
        room_.forget(steady(now), at);
        dispatch(handlers);
    }
    bool has_seat_at(const Address& address) { return room_.has_seat_at(address); }
    std::size_t seat_count() const { return room_.seat_count(); }
    template <class Handlers>
    void handle_timeout(Instant now, Handlers& handlers) {
        take_time(kernel_.at(now)); // a hall gives a turn without a beginning
        room_.handle_timeout(now_);
        dispatch(handlers);
        provide(handlers);
        if (const Result<> done = kernel_.turn(now_, room_, inside(), handlers); !done)
            give_up(handlers, done.error());
    }
    void drain(Instant now, auto&& lend, auto&& take) { room_.drain(steady(now), lend, take); }
    // It has ended, and everybody was told.
    bool over() const { return status() == Status::closed && room_.drained(); }
    // When it has something to do even if nothing arrives.
    Instant next_deadline() const {
        Instant next = joining_ ? Instant{} : room_.poll_timeout();
        if (has_streams && inside() && !holds_back()) next = min(next, streams_.clock().next());
        if (inside()) next = min(next, kernel_.next());
        return next > Instant{} ? kernel_.back(steady_.shown(next)) : next;
    }

    // ---- speaking

    template <class T>
    Result<> send(PeerId to, const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: send takes an Event of the game; states and commands are provided by the handlers");
        if constexpr (files<T>) return file(to, message);
        auto* seat = room_.way_to(to);
        if (seat == nullptr) return inside() ? Error::unknown_peer : Error::not_connected;
        if (room_.direct(to)) return send_direct(*seat, message, how);
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push_relay(to, post_of<Game, T>(room_.scratch().first(*written), how));
    }
    // To everybody else in the room. On the host an error means that at least one peer could not take it; the
    // others did.
    template <class T>
    Result<> broadcast(const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: broadcast takes an Event of the game; states and commands are provided by the handlers");
        if (!inside()) return Error::not_connected;
        if constexpr (files<T>) return file(PeerId::none(), message);
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        const BytesIn payload = room_.scratch().first(*written);
        if constexpr (spreads && !is_reliable(delivery<T>))
            if (status() == Status::joined)
                return room_.spread(post_of<Game, T>(payload, how), [](const auto&) { return true; });
        if (status() == Status::joined)
            return room_.push_relay(PeerId::none(), post_of<Game, T>(payload, how));
        if constexpr (!is_reliable(delivery<T>)) return room_.announce(post_of<Game, T>(payload, how));
        Error first = Error::none;
        room_.push_to_all(
            post_of<Game, T>(payload, how), [](const auto&) { return true; },
            [&](const auto&, const Result<>& pushed) {
                if (!pushed && first == Error::none) first = pushed.error();
            });
        return first;
    }
    // The authority hands over to another peer, which decides from when it hears of it: AuthorityChanged.
    Result<> set_authority(PeerId to) {
        static_assert(migrates,
                      "tenon: under this topology the host decides for as long as the room lives; "
                      "choose AuthorityHosted to let another");
        return inside() ? room_.estate().set_authority(room_, to) : Error::not_connected;
    }
    // How fit this peer is to decide, in a measure of the game's own; topology::ByMerit goes by it.
    void set_merit(float merit) {
        static_assert(migrates, "tenon: nobody is elected under this topology; choose AuthorityHosted");
        room_.estate().set_merit(room_, merit);
    }
    // The state has changed in a way that should not wait for its turn.
    void touch() { streams_.clock().touch(); }
    void configure(const Rates& rates) {
        const Pulse before = pulse();
        streams_.clock().configure(rates);
        if (!(pulse() == before)) room_.set_pulse(pulse());
    }
    // Gives a guest the host's state anew, as after a desync; it goes on from there.
    Result<> resync(PeerId guest) {
        return status() == Status::hosting ? kernel_.resync(guest) : Error::unknown_peer;
    }
    void set_bandwidth(std::uint64_t bytes_per_second) { room_.set_bandwidth(bytes_per_second); }

    // ---- asking

    Status status() const { return joining_ ? Status::joining : room_.status(); }
    PeerId self() const { return room_.self(); }
    // How often the authority has changed, or was disputed.
    std::uint32_t epoch() const { return room_.estate().epoch().number; }
    PeerId authority() const { return Topology::authority(room_.host_id()); }
    const Roster& roster() const { return room_.roster(); }
    RoomType& room() { return room_; }
    std::string_view name_of(PeerId peer) const { return room_.roster().name_of(peer); }
    Health health() {
        Health health = room_.health();
        health.refused += undecodable_;
        health.forged_states = forged_states_;
        room_.for_each_seat([&](const auto& seat) {
            Health one;
            streams_.tell(seat, one);
            health.add(one);
        });
        return shown(health);
    }
    Result<Health> health(PeerId peer) {
        Result<Health> health = room_.health(peer);
        if (!health) return health;
        if (const auto* seat = room_.seat_of(peer)) streams_.tell(*seat, *health);
        return shown(*health);
    }
    const Rates& rates() const { return streams_.clock().rates(); }
    // How a guest's own commands come to the authority, where Rates::lead_ms is set.
    clock::LeadFigures lead() const { return streams_.lead(now_); }
    // The host's time, which all share: a few milliseconds off at first, and within one or two later.
    Instant room_time(Instant now) const { return common(steady(now)); }
    // How the simulation stands, where the clock is a Kernel.
    LockstepFigures lockstep() const { return kernel_.figures(); }

    // All states of a type as they were a little while ago, between what has arrived: motion is smooth.
    template <class T>
    View<T> view(Instant now) {
        static_assert(Game::template has_state<T>, "tenon: view shows a State of the game");
        return View<T>(streams_.template tracks<T>(),
                       room_time(now) - milliseconds(rates().interpolation_ms));
    }
    // The newest state of one peer, as it arrived.
    template <class T>
    std::optional<T> latest(PeerId peer) const {
        static_assert(Game::template has_state<T>, "tenon: latest shows a State of the game");
        const Track<T>* track = streams_.template tracks<T>().find(peer);
        if (track == nullptr || track->empty()) return std::nullopt;
        return track->latest();
    }

  private:
    static constexpr bool migrates = RoomType::migrates;
    static constexpr bool spreads = RoomType::links_directly; // nobody decides: each speaks for itself
    static constexpr bool has_streams =
        Game::count_of(EntryKind::event) != Game::type_count || HasBoundaries<Clock>;

    bool inside() const { return status() == Status::joined || status() == Status::hosting; }
    Pulse pulse() const { return {milliseconds(rates().keepalive_ms), milliseconds(rates().redial_ms)}; }
    void take_time(Instant now) {
        steady_.advance(now, roster().size() < 2);
        now_ = steady_.at(now);
    }
    Instant steady(Instant now) const { return steady_.at(kernel_.at(now)); }
    // Both in steady time.
    Instant common(Instant now) const { return room_.room_time(now); }
    Health shown(Health health) const {
        health.last_rx = kernel_.back(steady_.shown(health.last_rx));
        health.last_tx = kernel_.back(steady_.shown(health.last_tx));
        return health;
    }

    template <class T>
    static constexpr MessageType type = Game::template type_of<T>;
    template <class T>
    static constexpr Delivery delivery = Game::template delivery_of<T>();

    // ---- writing

    template <class T>
    Encoded encode(BytesOut out, const T& message) {
        if (out.size() > room_.message_bytes_max()) out = out.first(room_.message_bytes_max());
        return voice_.encode(out, message, [this] {
            return codec::Speaker{options_.room, self(), authority(), common(now_)};
        });
    }
    // A newest-wins message has its key in front.
    template <class T>
    Encoded write(BytesOut out, const T& message, std::uint32_t key) {
        std::size_t head = 0;
        if constexpr (is_newest(delivery<T>)) {
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
        if constexpr (is_reliable(delivery<T>) && !Reliability::traits.gives_up) {
            ChannelSender& channel = seat.link.channel(is_ordered(delivery<T>));
            const BytesOut open = channel.open_room(type<T>);
            if (!open.empty()) {
                const Encoded written = encode(open, message);
                if (written && channel.commit(type<T>, *written)) {
                    room_.mark(seat);
                    return {};
                }
            }
        }
        const Encoded written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push(seat, post_of<Game, T>(room_.scratch().first(*written), how));
    }

    // Where the room outlives its host, what must arrive goes through the ledger that all keep.
    template <class T>
    static constexpr bool files = migrates&& is_reliable(delivery<T>);
    template <class T>
    Result<> file(PeerId to, const T& message) {
        const auto written = encode(room_.scratch(), message);
        if (!written) return written.error();
        return room_.estate().file(room_, to, type<T>, room_.scratch().first(*written));
    }

    // What the others know comes first where one decides, and everybody's time where nobody does.
    bool holds_back() const {
        if constexpr (spreads) return status() == Status::joined && !room_.knows_room_time();
        return room_.estate().gathers();
    }
    // States and commands, when the clock says so.
    template <class Handlers>
    void provide(Handlers& handlers) {
        if (!inside() || holds_back()) return;
        if constexpr (spreads)
            if (room_.take_detour()) greet();
        const auto encodes = [this](BytesOut out, const auto& message) { return this->encode(out, message); };
        StreamTurn<RoomType, decltype(encodes)> turn{room_, encodes, authority(), now_, common(now_)};
        streams_.provide(turn, handlers,
                         [&](const Boundary& boundary) { tenon::notify(handlers, boundary); });
    }

    // ---- hearing

    template <class Handlers>
    void dispatch(Handlers& handlers) {
        RoomEvent event;
        while (room_.poll_event(event)) {
            switch (event.kind) {
                case RoomEvent::Kind::message:
                case RoomEvent::Kind::baseline:
                case RoomEvent::Kind::command:
                    if (inside()) hear(handlers, event); // not what came with it when a handler has left
                    break;
                case RoomEvent::Kind::joined:
                    greet();
                    tenon::notify(handlers, Joined{event.peer});
                    break;
                case RoomEvent::Kind::closed:
                    tenon::notify(handlers, Closed{event.reason, event.text});
                    break;
                case RoomEvent::Kind::clock:
                    if (!inside()) break;
                    if (const Result<> heard = kernel_.hear(now_, room_, handlers, event); !heard)
                        refuse(handlers, event.peer, heard.error());
                    break;
                case RoomEvent::Kind::peer_joined:
                    if (status() == Status::hosting) kernel_.peer_joined(event.peer);
                    greet();
                    tenon::notify(handlers, PeerJoined{event.peer, event.text});
                    break;
                case RoomEvent::Kind::peer_left:
                    streams_.forget(event.peer);
                    if (status() == Status::hosting) kernel_.peer_left(event.peer);
                    tenon::notify(handlers, PeerLeft{event.peer, event.reason, event.text});
                    break;
                case RoomEvent::Kind::peer_away:
                    tenon::notify(handlers, PeerAway{event.peer, event.text});
                    break;
                case RoomEvent::Kind::peer_back:
                    greet();
                    tenon::notify(handlers, PeerBack{event.peer, event.text});
                    break;
                case RoomEvent::Kind::authority:
                    if constexpr (migrates) change_authority(handlers, event);
                    break;
                case RoomEvent::Kind::obeys:
                    if constexpr (migrates) say_known();
                    break;
                case RoomEvent::Kind::gave_up:
                    tenon::notify(handlers, GaveUp{event.peer, event.type,
                                                   Game::type_name(Game::index_of_message(event.type))});
                    break;
            }
        }
    }
    // Who has just come in, or back, sees nothing until the next snapshot, which may be far away where they
    // are event-driven.
    void greet() {
        if (!KernelClock<Clock> && rates().snapshot_hz <= 0) touch();
    }
    // Somebody says what no honest peer would.
    template <class Handlers>
    void refuse(Handlers& handlers, PeerId peer, Error reason) {
        ++undecodable_;
        if (status() == Status::hosting)
            (void)room_.kick(peer);
        else
            give_up(handlers, reason);
    }
    template <class Handlers>
    void give_up(Handlers& handlers, Error reason) {
        room_.leave();
        tenon::notify(handlers, Closed{reason, {}});
    }
    template <class Handlers>
    void hear(Handlers& handlers, const RoomEvent& event) {
        Game::with(Game::index_of_message(event.type), [&](auto entry) {
            using Entry = decltype(entry);
            using T = typename Entry::type;
            if constexpr (Entry::kind == EntryKind::state) {
                if (event.kind != RoomEvent::Kind::command)
                    hear_state<T, ProvidesStateOf<Handlers, T>>(event);
            } else if constexpr (Hears<Handlers, T>) {
                const bool command = Entry::kind == EntryKind::command;
                const auto kind = command ? RoomEvent::Kind::command : RoomEvent::Kind::message;
                if (event.kind != kind || (command && self() != authority())) return;
                if (auto* seat = command && rates().lead_ms > 0 ? room_.seat_of(event.peer) : nullptr)
                    streams_.note_command(*seat, now_);
                ByteReader in(event.payload);
                if constexpr (!command && is_newest(Entry::delivery::value)) in.varint();
                T message{};
                if (in.ok() && voice_.decode(in.rest(), message))
                    tenon::deliver(handlers, event.peer, message);
                else
                    ++undecodable_;
            }
        });
    }
    template <class T, bool authority_decides>
    void hear_state(const RoomEvent& event) {
        ByteReader in(event.payload);
        const auto head = StateHead::read(in);
        T state{};
        if (!head || !voice_.decode(in.rest(), state)) return void(++undecodable_);
        if constexpr (spreads)
            if (head->owner != event.peer) return void(++forged_states_);
        // A peer speaks for itself alone, only to the authority, and not at all where that decides. A new
        // authority hears from all what they know.
        const bool believed = spreads ? head->owner != self()
                              : event.kind == RoomEvent::Kind::baseline
                                  ? authority_decides || head->owner != self()
                              : self() == authority() ? !authority_decides && head->owner == event.peer
                                                      : event.peer == authority();
        if (believed && roster().contains(head->owner))
            streams_.hear(head->owner, head->at(common(now_)), state);
    }

    // ---- another authority

    template <class Handlers>
    void change_authority(Handlers& handlers, const RoomEvent& event) {
        tenon::notify(handlers,
                      AuthorityChanged{Topology::authority(event.peer), Topology::authority(event.previous),
                                       event.epoch, event.reason, event.missed});
        if (spreads || event.peer != self()) return;
        greet(); // the others wait for it
        if (event.reason == Error::none) return;
        // What was said to the one who is gone is for its successor, who may have said it itself.
        room_.estate().inherit(room_, [&](MessageType which, BytesIn payload) {
            RoomEvent said;
            said.peer = self();
            said.type = which;
            said.payload = payload;
            hear(handlers, said);
        });
    }
    // To a new authority: the newest states that are known here.
    void say_known() {
        if constexpr (!spreads)
            streams_.for_each_newest([&](MessageType which, PeerId owner, Instant at, const auto& state) {
                const BytesOut out = room_.scratch();
                const std::size_t head = StateHead::of(owner, at).write(out);
                const Encoded written = encode(out.subspan(head), state);
                if (written) room_.estate().say_baseline(room_, which, out.first(head + *written));
            });
        room_.estate().say_supplied(room_);
    }

    Options options_;
    Streams<Game, Clock> streams_;
    TENON_NO_UNIQUE_ADDRESS codec::Voice<Game, Codec> voice_;
    RoomType room_;
    TENON_NO_UNIQUE_ADDRESS KernelPart<Game, Codec, Clock, RoomType> kernel_;
    std::optional<Address> joining_;
    std::uint64_t undecodable_ = 0, forged_states_ = 0;
    clock::Steady steady_;
    Instant now_{}; // steady
};

} // namespace tenon
