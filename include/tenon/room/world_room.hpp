#pragma once
// What GameRoom does for a game with components: the authority's world, or a guest's copy of it, and the
// snapshots between them. tenon.hpp includes it.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tenon/clock/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/channel.hpp"
#include "tenon/link/mixed_link.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/world.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/world_guest.hpp"
#include "tenon/room/world_host.hpp"
#include "tenon/room/world_part.hpp"
#include "tenon/room/world_view.hpp"
#include "tenon/room/world_words.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game, class Room>
requires(Game::count_of(EntryKind::component) != 0) class WorldPart<Game, Room> {
    using Order = detail::OrderOf<Game>;

  public:
    static constexpr bool there = true;

    WorldPart(const Options& options, std::size_t datagram_bytes, std::uint64_t seed)
        : options_(options), bytes_max_(whole_bytes(Room::connected ? 1200 : datagram_bytes)), seed_(seed) {}
    WorldPart(const WorldPart&) = delete;
    WorldPart& operator=(const WorldPart&) = delete;
    ~WorldPart() { clear(); }

    void clear() {
        delete host_;
        delete guest_;
        host_ = nullptr;
        guest_ = nullptr;
    }
    // This peer decides, or another. The rates are those of the room's opening: its ticks keep them.
    void found(const Rates& rates) {
        clear();
        host_ = new WorldHost<Game>(options_, rates, bytes_max_, splitmix(seed_));
    }
    void enter(const Rates& rates) {
        clear();
        guest_ = new WorldGuest<Game>(options_, rates);
    }
    void forget(PeerId peer) {
        if (host_ != nullptr) host_->forget(peer);
    }

    // ---- commands

    static constexpr std::size_t command_head_bytes =
        Game::count_of(EntryKind::command) != 0 ? SeenWord::bytes : 0;
    template <class Handlers>
    static constexpr bool steps = StepsEntity<Handlers, World<Game>, Order>;

    // On a guest: what stands before a command; false when the authority has not answered so many.
    bool begin_command(Instant now, BytesOut head) const {
        if (guest_ == nullptr || !guest_->may_command()) return false;
        SeenWord::write(head, guest_->seen(now));
        return true;
    }
    template <class Handlers>
    void commanded(PeerId self, const Order& order, Handlers& handlers) {
        if (guest_ != nullptr) guest_->commanded(self, order, handlers);
    }
    // On the authority: one of its own, for the input tick that ends with play().
    void command(const Order& order) { own_ = order; }
    Moment read_seen(BytesIn head) const {
        return SeenWord::read(head, {host_ != nullptr ? host_->newest() : 0});
    }
    void command(Instant now, PeerId peer, std::uint32_t number, const Order& order, Moment seen) {
        if (host_ != nullptr) (void)host_->command(now, peer, number, order, seen);
    }
    void applied(PeerId peer, std::uint32_t number, Moment seen) {
        if (host_ != nullptr) host_->applied(peer, number, seen);
    }
    template <class Handlers>
    void play(Instant now, PeerId self, Handlers& handlers) {
        if (host_ == nullptr) return;
        if constexpr (steps<Handlers>) host_->play(now, self, own_ ? &*own_ : nullptr, handlers);
        own_.reset();
        if constexpr (Advances<Handlers, World<Game>>) handlers.advance(host_->world());
    }

    // ---- with the beat of the snapshots

    template <class Handlers>
    bool commit(Instant now, Handlers& handlers) {
        return host_ != nullptr && host_->commit(now, [&](World<Game>& world) {
            if constexpr (ProvidesWorld<Handlers, World<Game>>) handlers.world(world);
        });
    }
    template <class Handlers>
    std::size_t tell(Room& room, auto& seat, Duration every, std::size_t budget, Handlers& handlers) {
        if (host_ == nullptr) return 0;
        const bool fewer = has_less_room(seat.link) && beside_max < bytes_max_;
        return host_->tell(room, seat, type, clamp(every * 2, milliseconds(50), milliseconds(250)),
                           fewer ? beside_max : bytes_max_, budget, handlers);
    }
    template <class Handlers>
    void turn(Instant now, Handlers& handlers) {
        if (guest_ != nullptr) guest_->turn(now, handlers);
    }
    template <class Handlers>
    Result<> hear(Instant now, Room& room, Handlers& handlers, const RoomEvent& event) {
        const auto claim = ClaimWord::read(event.payload);
        if (host_ != nullptr && claim && claim->yes &&
            !room.permissions().admits_claim(room, event.peer, event.type))
            return say_claim(room, event.peer, {claim->entity, false});
        if (host_ != nullptr && claim)
            return say_claim(room, event.peer, {claim->entity, host_->judge(event.peer, *claim, handlers)});
        if (host_ != nullptr) return host_->hear(event.peer, event.payload);
        if (guest_ == nullptr || event.peer != PeerId::host()) {
            ++forged_; // from another guest, in the host's place
            return {};
        }
        if (claim) {
            tenon::notify(handlers, Claimed{claim->entity, claim->yes});
            return {};
        }
        RefusedWord word;
        const Result<> heard = guest_->hear(now, event.payload, word.number, handlers);
        // More entities than this peer has room for: to be told again would not help.
        if (heard || heard.error() == Error::over_bound) return heard;
        word.reason = heard.error();
        auto* seat = room.way_to(event.peer);
        std::byte bytes[RefusedWord::bytes];
        if (seat == nullptr || !seat->link.channel(true).append(type, word.write(bytes))) return heard;
        room.mark(*seat);
        return {};
    }

    // On a guest: wants an entity, or gives it back.
    Result<> claim(Room& room, EntityId entity, bool wants) {
        if (host_ != nullptr && host_->world().set_owner(entity, PeerId::host())) return {};
        if (guest_ == nullptr && host_ == nullptr) return Error::not_connected;
        if (guest_ == nullptr || !guest_->replica().alive(entity)) return Error::unknown_entity;
        if (wants && !room.permissions().may_claim(room)) return Error::forbidden;
        return say_claim(room, PeerId::host(), {entity, wants});
    }

    // ---- asking

    World<Game>* world() { return host_ != nullptr ? &host_->world() : nullptr; }
    template <class T>
    std::optional<T> authoritative(EntityId entity) const {
        if (host_ != nullptr) return host_->world().template get<T>(entity);
        if (guest_ != nullptr) return guest_->replica().template get<T>(entity);
        return std::nullopt;
    }
    PeerId owner(EntityId entity) const {
        if (host_ != nullptr) return host_->world().owner(entity);
        return guest_ != nullptr ? guest_->prediction().world().owner(entity) : PeerId::none();
    }
    PeerId owner(EntityId entity, Instant now) const {
        const PeerId newest = owner(entity);
        return newest || guest_ == nullptr ? newest : guest_->playback().owner(entity, now);
    }
    Origin origin(EntityId entity) const {
        if (host_ != nullptr) return host_->world().origin(entity);
        return guest_ != nullptr ? guest_->prediction().world().origin(entity) : Origin();
    }
    // As it is to be drawn: on a guest its own run ahead, and the others between what was told.
    template <class T>
    std::optional<T> shown(EntityId entity, Instant now) const {
        if (guest_ != nullptr) return guest_->scene().template get<T>(entity, now);
        return authoritative<T>(entity);
    }
    template <class T>
    EntityView<Game, T> view(Instant now) const {
        return {host_ != nullptr ? &host_->world() : nullptr, guest_ != nullptr ? &guest_->scene() : nullptr,
                now};
    }
    PlaybackFigures playback(Instant now) const {
        return guest_ != nullptr ? guest_->playback().figures(now) : PlaybackFigures();
    }
    PredictionFigures prediction() const {
        return guest_ != nullptr ? guest_->prediction().figures() : PredictionFigures();
    }
    Rewind<Game> rewind(PeerId peer) { return host_ != nullptr ? host_->rewind(peer) : Rewind<Game>(); }
    template <class F>
    void for_each(F&& f) const {
        if (host_ != nullptr) host_->world().each(f);
        if (guest_ != nullptr) guest_->replica().each(f);
    }
    void tell(Health& health) const {
        health.refused += forged_;
        if (host_ != nullptr) {
            health.snapshots_refused += host_->refused();
            health.commands_refused += host_->commands_refused();
            health.claims_refused += host_->claims_refused();
        }
        if (guest_ != nullptr) health.snapshots_refused += guest_->refused();
    }

  private:
    Result<> say_claim(Room& room, PeerId to, const ClaimWord& word) {
        auto* seat = room.way_to(to);
        std::byte bytes[ClaimWord::bytes];
        if (seat == nullptr) return Error::not_connected;
        const Result<> said = seat->link.channel(true).append(type, word.write(bytes));
        room.mark(*seat);
        return said;
    }
    // Snapshots travel as messages of the first Component, and so do the words about them.
    static constexpr MessageType type = [] {
        std::size_t first = 0;
        while (Game::kind_of(first) != EntryKind::component) ++first;
        return Game::message_type(first);
    }();
    // A snapshot goes whole into a packet, and where frames are is no larger; beside a stream there is less
    // room for it, to those guests alone whose road it is.
    static constexpr std::size_t whole_bytes(std::size_t packet_bytes) {
        constexpr std::size_t frame_bytes_max = 8; // what stands before a message in its packet
        return packet_bytes - chunk_reserve - frame_bytes_max;
    }
    static constexpr std::size_t beside_max = whole_bytes(1000);

    Options options_;
    std::size_t bytes_max_;
    std::uint64_t seed_, forged_ = 0;
    std::optional<Order> own_;
    WorldHost<Game>* host_ = nullptr;
    WorldGuest<Game>* guest_ = nullptr;
};

} // namespace tenon
