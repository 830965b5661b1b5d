#pragma once
// HallRoom: one of a hall's rooms, as its handlers and the rest of the program see it. What is said in it
// asks the hall for a turn, so that the hall need not look at rooms in which nothing happens.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/clock/concept.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/slot_map.hpp"
#include "tenon/core/time.hpp"
#include "tenon/core/unix_time.hpp"
#include "tenon/room/ban_list.hpp"
#include "tenon/room/banish.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/rota.hpp"

namespace tenon {

// Finds a room as long as it is open, and never another that was given its place.
using RoomKey = SlotKey;

namespace detail {
template <class Game>
struct Party;
} // namespace detail

// `Net` is the session with which a guest comes in.
template <class Net>
class HallRoom : private Net::RoomType {
    using Base = typename Net::RoomType;

  public:
    HallRoom(const Options& options, std::size_t datagram_bytes, std::uint64_t seed,
             const typename Base::Guard& guard, Rota& rota, RoomKey key)
        : Base(options, datagram_bytes, seed, guard), rota_(rota), key_(key), name_(options.room) {
        (void)Base::host();
    }

    RoomKey key() const { return key_; }
    std::string_view name() const { return name_; }

    // ---- speaking, as in a Session

    template <class T>
    Result<> send(PeerId to, const T& message, const How& how = {}) {
        stir();
        return Base::send(to, message, how);
    }
    template <class T>
    Result<> broadcast(const T& message, const How& how = {}) {
        stir();
        return Base::broadcast(message, how);
    }
    Result<> kick(PeerId peer, std::string_view text = {}) {
        stir();
        return Base::kick(peer, text);
    }
    // And lets it into no room of the hall until then; `text`, of at most 48 bytes, tells it why.
    Result<> ban(PeerId peer, UnixTime until = BanList::for_good, std::string_view text = {},
                 BanBy by = BanBy::key) {
        stir();
        Base& room = *this;
        return banish(room, peer, until, text, by);
    }
    Result<> set_role(PeerId peer, std::string_view role) {
        stir();
        return Base::set_role(peer, role);
    }
    // Closes the room: its guests are told with the hall's next turn, and then it is gone.
    void leave() {
        stir();
        Base::leave();
    }
    void touch() {
        stir();
        Base::touch();
    }
    void configure(const Rates& changed) {
        stir();
        Base::configure(changed);
    }
    using Base::set_bandwidth;

    // ---- asking

    using Base::authority;
    using Base::health;
    using Base::latest;
    using Base::may;
    using Base::name_of;
    using Base::rates;
    using Base::role_of;
    using Base::room_time;
    using Base::roster;
    using Base::self;
    using Base::status;
    using Base::view;

  private:
    template <class Game>
    friend struct detail::Party;

    void stir() {
        Base::begin(rota_.now());
        rota_.mark(key_.index);
    }

    Rota& rota_;
    RoomKey key_;
    std::string_view name_; // which the party keeps
};

namespace detail {

// What a hall keeps of a room: `Game` is a Plays.
template <class Game>
struct Party {
    using Room = HallRoom<typename Game::Net>;
    using Handlers = typename Game::Handlers;

    PeerName name;
    Room room;
    Handlers handlers;

    template <class... Args>
    Party(const Options& options, std::size_t datagram_bytes, std::uint64_t seed, const auto& guard,
          Rota& rota, RoomKey key, Args&&... args)
        : name(options.room),
          room(named(options, name), datagram_bytes, seed, guard, rota, key),
          handlers(make(room, std::forward<Args>(args)...)) {}
    // What the hall feeds and drains.
    auto& machine() { return static_cast<typename Game::Net::RoomType&>(room); }

  private:
    static Options named(Options options, const PeerName& name) {
        options.room = name.view();
        return options;
    }
    // The room comes first, where they ask for it; plain structs are made as well, on every compiler.
    template <class... Args>
    static Handlers make(Room& room, Args&&... args) {
        if constexpr (std::is_constructible_v<Handlers, Room&, Args...>)
            return Handlers(room, std::forward<Args>(args)...);
        else if constexpr (requires { Handlers{room, std::forward<Args>(args)...}; })
            return Handlers{room, std::forward<Args>(args)...};
        else if constexpr (std::is_constructible_v<Handlers, Args...>)
            return Handlers(std::forward<Args>(args)...);
        else
            return Handlers{std::forward<Args>(args)...};
    }
};

} // namespace detail

} // namespace tenon
