#pragma once
// What a game's handlers object can do, found out when it is compiled: which messages it hears, which states
// and commands it provides. Nothing is stored, so there is nothing to unregister.

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/room/admission.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

// Several lambdas as one object: tenon::handlers{[](PeerId, const Fired&) {...}, [](PeerJoined) {...}}.
template <class... Functions>
struct handlers : Functions... {
    explicit handlers(Functions... functions) : Functions(std::move(functions))... {}

    using Functions::operator()...;

    template <std::same_as<Caller> C>
    Admission admit(const C& caller) requires requires(handlers& self) {
        { self(caller) } -> std::same_as<Admission>;
    }
    { return (*this)(caller); }
    template <class... Args>
    auto on(Args&&... args) requires requires(handlers& self) {
        self(std::forward<Args>(args)...);
    }
    { return (*this)(std::forward<Args>(args)...); }
};
template <class... Functions>
handlers(Functions...) -> handlers<Functions...>;

template <class H, class T>
concept Hears = requires(H& h, PeerId peer, const T& message) {
    h.on(peer, message);
};
template <class H, class Notice>
concept HearsOf = requires(H& h, const Notice& notice) {
    h.on(notice);
};
template <class H, class T>
void deliver(H& handlers, PeerId peer, const T& message) {
    handlers.on(peer, message);
}
template <class H, class Notice>
void notify(H& handlers, const Notice& notice) {
    if constexpr (HearsOf<H, Notice>) handlers.on(notice);
}
// What happened in the room, where that is for the handlers as it stands.
template <class Game, class H>
void notify_of(H& handlers, const RoomEvent& event) {
    const auto type_name = [&] { return Game::type_name(Game::index_of_message(event.type)); };
    switch (event.kind) {
        case RoomEvent::Kind::joined:
            return notify(handlers, Joined{event.peer});
        case RoomEvent::Kind::closed:
            return notify(handlers, Closed{event.reason, event.text});
        case RoomEvent::Kind::peer_joined:
            return notify(handlers, PeerJoined{event.peer, event.text});
        case RoomEvent::Kind::peer_left:
            return notify(handlers, PeerLeft{event.peer, event.reason, event.text});
        case RoomEvent::Kind::peer_away:
            return notify(handlers, PeerAway{event.peer, event.text});
        case RoomEvent::Kind::peer_back:
            return notify(handlers, PeerBack{event.peer, event.text});
        case RoomEvent::Kind::gave_up:
            return notify(handlers, GaveUp{event.peer, event.type, type_name()});
        case RoomEvent::Kind::role:
            return notify(handlers, RoleChanged{event.peer, Game::role_name(event.number),
                                                Game::role_name(event.epoch)});
        case RoomEvent::Kind::violation:
            return notify(handlers, Violation{event.peer, event.type, type_name(), event.number});
        default:
            return;
    }
}
// A handlers object of a program that never hosts need not hear commands.
template <class H>
concept NeverHosts = requires {
    requires H::never_hosts;
};

namespace detail {

// What a provider gives: the value, or something that is empty when there is none, such as std::optional.
template <class Given, class T>
concept GivesValue = std::is_same_v<std::remove_cvref_t<Given>, T>;
template <class Given, class T>
concept GivesMaybe = requires(Given&& given) {
    static_cast<bool>(given);
    requires std::is_same_v<std::remove_cvref_t<decltype(*given)>, T>;
};

template <class T, class Given>
constexpr bool take_given(Given&& given, T& into) {
    if constexpr (GivesValue<Given, T>) {
        into = std::forward<Given>(given);
        return true;
    } else {
        if (!given) return false;
        into = *std::forward<Given>(given);
        return true;
    }
}

} // namespace detail

// T state(), std::optional<T> state(), or bool state(T&) where there are several types.
template <class H, class T>
concept ProvidesState = requires(H& h, T& into) {
    { h.state(into) } -> std::same_as<bool>;
}
|| requires(H& h) {
    requires detail::GivesValue<decltype(h.state()), T> || detail::GivesMaybe<decltype(h.state()), T>;
};
// The same with a PeerId in front: the authority's word on every peer.
template <class H, class T>
concept ProvidesStateOf = requires(H& h, PeerId peer, T& into) {
    { h.state(peer, into) } -> std::same_as<bool>;
}
|| requires(H& h, PeerId peer) {
    requires detail::GivesValue<decltype(h.state(peer)), T> || detail::GivesMaybe<decltype(h.state(peer)), T>;
};
// double state_hz(PeerId, const T&): how often this peer's state need be sent at the most; 0: not now.
template <class H, class T>
concept ThrottlesState = requires(H& h, PeerId peer, const T& state) {
    { h.state_hz(peer, state) } -> std::convertible_to<double>;
};
// void world(World<Game>&): on the authority, just before its entities are told to the others.
template <class H, class World>
concept ProvidesWorld = requires(H& h, World& world) {
    h.world(world);
};
// void step(auto& world, EntityId, const TheCommand&, std::uint32_t number): what a command does to a thing
// of its peer. The authority runs it when the command's turn has come, and a guest ahead of that.
template <class H, class World, class Order>
concept StepsEntity = requires(H& h, World& world, EntityId entity, const Order& order, std::uint32_t n) {
    h.step(world, entity, order, n);
};
// Slice<const InSight> sees(PeerId, const World<Game>&): what a guest is told of, in the order of the
// slots, as an Interest gives it; else it is told of everything.
template <class H, class World>
concept ChoosesSight = requires(H& h, PeerId guest, const World& world) {
    h.sees(guest, world).size();
};
// static constexpr std::uint16_t owner_only = tenon::components_of<Game, Purse, ...>(): what is told to the
// owner of an entity alone.
template <class H>
concept KeepsFromOthers = requires {
    static_cast<std::uint16_t>(H::owner_only);
};
// bool grants(PeerId, EntityId): on the authority, whether a guest gets the entity that it claims.
template <class H>
concept GrantsClaims = requires(H& h, PeerId peer, EntityId entity) {
    static_cast<bool>(h.grants(peer, entity));
};
// void advance(World<Game>&): on the authority, after the commands of each input tick.
template <class H, class World>
concept Advances = requires(H& h, World& world) {
    h.advance(world);
};

template <class H, class T>
concept ProvidesCommand = requires(H& h, T& into) {
    { h.command(into) } -> std::same_as<bool>;
}
|| requires(H& h) {
    requires detail::GivesValue<decltype(h.command()), T> || detail::GivesMaybe<decltype(h.command()), T>;
};

// Each fills `into` and says whether there was anything.
template <class H, class T>
bool provide_state(H& h, T& into) {
    if constexpr (requires {
                      { h.state(into) } -> std::same_as<bool>;
                  })
        return h.state(into);
    else
        return detail::take_given<T>(h.state(), into);
}
template <class H, class T>
bool provide_state_of(H& h, PeerId peer, T& into) {
    if constexpr (requires {
                      { h.state(peer, into) } -> std::same_as<bool>;
                  })
        return h.state(peer, into);
    else
        return detail::take_given<T>(h.state(peer), into);
}
template <class H, class T>
bool provide_command(H& h, T& into) {
    if constexpr (requires {
                      { h.command(into) } -> std::same_as<bool>;
                  })
        return h.command(into);
    else
        return detail::take_given<T>(h.command(), into);
}

} // namespace tenon
