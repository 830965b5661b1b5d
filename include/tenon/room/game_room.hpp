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
#include "tenon/room/game_voice.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/kernel_part.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/room.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/streams.hpp"
#include "tenon/room/words.hpp"
#include "tenon/room/world_part.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game>
class World;
template <class Game>
class Rewind;

template <class Game, class AddressType, class Codec, class Clock, class Topology, class Reliability,
          class GuardType = Plain>
class GameRoom : private GameVoice<Game, AddressType, Codec, Topology, Reliability, GuardType> {
    using Voice = GameVoice<Game, AddressType, Codec, Topology, Reliability, GuardType>;

  public:
    using Address = AddressType;
    using Guard = GuardType;
    using Contract = tenon::Contract<Game, Codec, Clock, Topology, Reliability>;
    using typename Voice::RoomType;
    using Replay = tenon::Replay<Game, Codec>; // of a recording, where the clock is a Kernel

    GameRoom(const Options& options, std::size_t datagram_bytes, std::uint64_t seed,
             const Guard& guard = Guard())
        : Voice(options, Contract::terms(options), Contract::carriage(), datagram_bytes,
                pulse_of(Clock().rates()), seed, guard),
          world_(options, datagram_bytes - Guard::Seal::back_bytes, seed) {
        room_.ask_first();
    }

    // ---- opening and closing

    Result<> host() {
        if (is_open(status())) return Error::already_open;
        streams_.clear();
        kernel_.clear();
        const Result<> hosted = room_.host();
        if (hosted) world_.found(rates());
        return hosted;
    }
    // Asks to be let in, from the next turn on; Joined or Closed tells how it went.
    Result<> join(const Address& host, BytesIn credential = {}) {
        if (is_open(status())) return Error::already_open;
        if (const Result<> shown = room_.show(credential); !shown) return shown;
        streams_.clear();
        kernel_.clear();
        world_.enter(rates());
        joining_ = host;
        return {};
    }
    // Says goodbye with the next turn.
    void leave() {
        joining_.reset();
        room_.leave();
    }
    // Sends a guest away. It hears Closed{kicked, text}; too_large where that has more than 120 bytes.
    Result<> kick(PeerId peer, std::string_view text = {}, Error reason = Error::kicked) {
        return room_.kick(peer, text, reason);
    }
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
    void handle_datagram(Instant now, const Address& from, BytesIn bytes, Handlers& handlers, Lane lane = {}) {
        room_.handle_datagram(steady(now), from, bytes, lane);
        dispatch(handlers);
    }
    void expect(const Address& from, BytesIn datagram) { room_.expect(from, datagram); }
    // For who keeps the door of many rooms: a caller is let in or back in, or told why not; one goes unasked.
    template <class Handlers>
    void admit(Instant now, const Address& from, typename RoomType::Request& caller, Handlers& handlers) {
        room_.admit(steady(now), from, caller);
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
    bool is_heard_at(Instant now, const Address& at) { return room_.is_heard_at(steady(now), at); }
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

    using Voice::broadcast;
    using Voice::may;
    using Voice::role_of;
    using Voice::send;
    using Voice::set_role;
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
    using Voice::authority;
    using Voice::capabilities;
    using Voice::self;
    using Voice::session;
    // How often the authority has changed, or was disputed.
    std::uint32_t epoch() const { return room_.estate().epoch().number; }
    const Roster& roster() const { return room_.roster(); }
    RoomType& room() { return room_; }
    std::string_view name_of(PeerId peer) const { return room_.roster().name_of(peer); }
    Health health() {
        Health health = room_.health();
        health.forged_states = forged_states_;
        world_.tell(health);
        room_.for_each_seat([&](const auto& seat) {
            Health one;
            streams_.tell(seat, one);
            health.add(one);
        });
        return in_own_time(health);
    }
    Result<Health> health(PeerId peer) {
        Result<Health> health = room_.health(peer);
        if (!health) return health;
        if (const auto* seat = room_.seat_of(peer)) streams_.tell(*seat, *health);
        return in_own_time(*health);
    }
    const Rates& rates() const { return streams_.clock().rates(); }
    // How a guest's own commands come to the authority, where Rates::lead_ms is set.
    clock::LeadFigures lead() const { return streams_.lead(now_); }
    // The host's time, which all share: a few milliseconds off at first, and within one or two later.
    Instant room_time(Instant now) const { return common(steady(now)); }
    // How the simulation stands, where the clock is a Kernel.
    LockstepFigures lockstep() const { return kernel_.figures(); }

    // The entities, on who decides: to spawn, set and despawn; nullptr where another does.
    World<Game>* world() {
        static_assert(WorldPartType::there, "tenon: only a game with a Component has a world");
        return world_.world();
    }
    // A component of an entity as the authority last said, or as it is there.
    template <class T>
    std::optional<T> authoritative(EntityId entity) const {
        static_assert(Game::template has_component<T>,
                      "tenon: authoritative shows a Component of the game; a State is shown by latest");
        return world_.template authoritative<T>(entity);
    }
    PeerId owner(EntityId entity) const { return world_.owner(entity); }
    // The same of what is shown, of whose end the authority may have told already.
    PeerId owner(EntityId entity, Instant now) const { return world_.owner(entity, steady(now)); }
    // Which command of its owner it came from, and as what: of a thing that is foreseen, and of the real one.
    auto origin(EntityId entity) const { return world_.origin(entity); }
    // The same as it is to be drawn: what is ours run ahead, and the others a little while ago.
    template <class T>
    std::optional<T> shown(EntityId entity, Instant now) const {
        static_assert(Game::template has_component<T>, "tenon: shown shows a Component of the game");
        if constexpr (Game::template has_component<T>) return world_.template shown<T>(entity, steady(now));
        return std::nullopt;
    }
    // On the authority: the world as a peer saw it with the command that is played, or came last.
    Rewind<Game> rewind(PeerId peer) {
        static_assert(WorldPartType::there, "tenon: only a game with a Component has a world to go back in");
        return world_.rewind(peer);
    }
    // A guest asks for an entity, or gives its own back: Claimed tells what became of it.
    Result<> claim(EntityId entity) { return world_.claim(room_, entity, true); }
    Result<> release(EntityId entity) { return world_.claim(room_, entity, false); }
    // How well both do on a guest.
    auto playback(Instant now) const { return world_.playback(steady(now)); }
    auto prediction() const { return world_.prediction(); }
    // f(EntityId) for each that is known here.
    template <class F>
    void for_each_entity(F&& f) const {
        world_.for_each(f);
    }

    // All states of a type as they were a little while ago, between what has arrived: motion is smooth. Of a
    // Component, all entities that have one, as they are to be drawn.
    template <class T>
    auto view(Instant now) {
        static_assert(Game::template has_state<T> || Game::template has_component<T>,
                      "tenon: view shows a State or a Component of the game");
        if constexpr (Game::template has_component<T>)
            return world_.template view<T>(steady(now));
        else
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
    using Voice::common;
    using Voice::inside;
    using Voice::migrates;
    using Voice::now_;
    using Voice::room_;
    using Voice::spreads;
    using Voice::voice_;
    using WorldPartType = WorldPart<Game, RoomType>;
    static constexpr bool has_streams =
        Game::count_of(EntryKind::event) != Game::type_count || HasBoundaries<Clock>;

    static Pulse pulse_of(const Rates& rates) {
        return {milliseconds(rates.keepalive_ms), milliseconds(rates.redial_ms)};
    }
    Pulse pulse() const { return pulse_of(rates()); }
    void take_time(Instant now) {
        steady_.advance(now, roster().size() < 2);
        now_ = steady_.at(now);
    }
    Instant steady(Instant now) const { return steady_.at(kernel_.at(now)); }
    Health in_own_time(Health health) const {
        health.last_rx = kernel_.back(steady_.shown(health.last_rx));
        health.last_tx = kernel_.back(steady_.shown(health.last_tx));
        return health;
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
        const auto decodes = [this](BytesIn in, auto& message) { return voice_.decode(in, message); };
        StreamTurn<RoomType, WorldPartType, decltype(encodes), decltype(decodes)> turn{
            room_, world_, encodes, decodes, authority(), now_, common(now_)};
        world_.turn(now_, handlers);
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
                case RoomEvent::Kind::asks:
                    room_.answer([&](const Caller& caller) { return tenon::ask(handlers, caller); });
                    break;
                case RoomEvent::Kind::clock:
                    if (!inside()) break;
                    if (const Result<> heard = kernel_.hear(now_, room_, handlers, event); !heard)
                        refuse(handlers, event.peer, heard.error());
                    break;
                case RoomEvent::Kind::peer_joined:
                    if (status() == Status::hosting) kernel_.peer_joined(event.peer);
                    greet();
                    break;
                case RoomEvent::Kind::joined:
                case RoomEvent::Kind::peer_back:
                    greet();
                    break;
                case RoomEvent::Kind::peer_left:
                    streams_.forget(event.peer);
                    world_.forget(event.peer);
                    if (status() == Status::hosting) kernel_.peer_left(event.peer);
                    break;
                default:
                    break;
                case RoomEvent::Kind::authority:
                    if constexpr (migrates) change_authority(handlers, event);
                    break;
                case RoomEvent::Kind::obeys:
                    if constexpr (migrates) say_known();
                    break;
            }
            tenon::notify_of<Game>(handlers, event);
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
        room_.undecodable(peer);
        if (status() == Status::hosting)
            (void)room_.kick(peer, {}, Error::kicked);
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
        Game::with(Game::index_of_message(event.type),
                   [&](auto entry) { this->template hear_as<decltype(entry)>(handlers, event); });
    }
    template <class Entry, class Handlers>
    void hear_as(Handlers& handlers, const RoomEvent& event) {
        using T = typename Entry::type;
        if constexpr (Entry::kind == EntryKind::state) {
            if (event.kind != RoomEvent::Kind::command) hear_state<T, ProvidesStateOf<Handlers, T>>(event);
        } else if constexpr (Entry::kind == EntryKind::component) {
            const Result<> heard = event.kind == RoomEvent::Kind::message
                                       ? world_.hear(now_, room_, handlers, event)
                                       : Result<>(Error::malformed);
            if (!heard) refuse(handlers, event.peer, heard.error());
        } else if constexpr (Entry::kind == EntryKind::command) {
            if (event.kind == RoomEvent::Kind::command && self() == authority())
                hear_command<T>(handlers, event);
        } else if constexpr (Hears<Handlers, T>) {
            if (event.kind != RoomEvent::Kind::message) return;
            ByteReader in(event.payload);
            if constexpr (is_newest(Entry::delivery::value)) in.varint();
            T message{};
            if (in.ok() && voice_.decode(in.rest(), message))
                tenon::deliver(handlers, event.peer, message);
            else
                room_.undecodable(event.peer);
        }
    }
    template <class T, class Handlers>
    void hear_command(Handlers& handlers, const RoomEvent& event) {
        if (auto* seat = rates().lead_ms > 0 ? room_.seat_of(event.peer) : nullptr)
            streams_.note_command(*seat, now_);
        ByteReader in(event.payload);
        [[maybe_unused]] BytesIn seen;
        if constexpr (WorldPartType::there) seen = in.bytes(WorldPartType::command_head_bytes);
        T command{};
        if (!in.ok() || !voice_.decode(in.rest(), command)) return room_.undecodable(event.peer);
        if constexpr (WorldPartType::there) {
            const auto moment = world_.read_seen(seen);
            if constexpr (WorldPartType::template steps<Handlers>)
                return world_.command(now_, event.peer, event.number, command, moment);
            else
                world_.applied(event.peer, event.number, moment);
        }
        if constexpr (Hears<Handlers, T>) tenon::deliver(handlers, event.peer, command);
    }
    template <class T, bool authority_decides>
    void hear_state(const RoomEvent& event) {
        ByteReader in(event.payload);
        const auto head = StateHead::read(in);
        T state{};
        if (!head || !voice_.decode(in.rest(), state)) return room_.undecodable(event.peer);
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
                const Encoded written = this->encode(out.subspan(head), state);
                if (written) room_.estate().say_baseline(room_, which, out.first(head + *written));
            });
        room_.estate().say_supplied(room_);
    }

    Streams<Game, Clock> streams_;
    TENON_NO_UNIQUE_ADDRESS WorldPartType world_;
    TENON_NO_UNIQUE_ADDRESS KernelPart<Game, Codec, Clock, RoomType> kernel_;
    std::optional<Address> joining_;
    std::uint64_t forged_states_ = 0;
    clock::Steady steady_;
};

} // namespace tenon
