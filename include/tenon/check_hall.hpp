#pragma once
// Whether the games of a hall can be played behind one port, said in one sentence when they can't. Hall asks
// it before anything else of it is compiled.

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace tenon {

// A game that a hall hosts: the session with which its guests come in, and the handlers, of which each room
// has an object of its own.
template <class Session, class HandlersType>
struct Plays {
    using Net = Session;
    using Handlers = HandlersType;
};

namespace detail {

template <class T>
struct PlaysSession : std::false_type {};
template <class Net, class Handlers>
struct PlaysSession<Plays<Net, Handlers>> {
    static constexpr bool value = requires { typename Net::Gate; };
};
// A session that was refused has said so itself, and has no room.
template <class Game>
inline constexpr bool has_room = requires {
    typename Game::Net::RoomType;
};

// Only asked of Plays of sessions that are well.
template <class First, class... Others>
constexpr bool one_transport() {
    using Transport = typename First::Net::TransportType;
    return (std::is_same_v<Transport, typename Others::Net::TransportType> && ...);
}
template <class... Games>
constexpr bool games_differ() {
    constexpr std::size_t count = sizeof...(Games);
    const std::string_view names[] = {Games::Net::GameType::name...};
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (names[i] == names[j]) return false;
    return true;
}

template <class... Games>
struct CheckHall {
    static constexpr bool any = sizeof...(Games) != 0 && (PlaysSession<Games>::value && ...);
    static_assert(
        any,
        "tenon: a Hall is made of the games that it hosts; write: tenon::Hall<tenon::Plays<TheSession, "
        "TheHandlers>>");
    static constexpr bool each = [] {
        if constexpr (any) return (has_room<Games> && ...);
        return false;
    }();
    static constexpr bool joined = [] {
        if constexpr (each) return one_transport<Games...>();
        return true;
    }();
    static_assert(joined,
                  "tenon: the sessions of a Hall have different transports, and it has one port; give "
                  "all of them the same");
    static constexpr bool distinct = [] {
        if constexpr (each) return games_differ<Games...>();
        return true;
    }();
    static_assert(distinct,
                  "tenon: two of a Hall's sessions play games of one name, and callers say only the name; "
                  "give each Game its own");
    static constexpr bool stays = [] {
        if constexpr (each) return !(Games::Net::TopologyType::traits.migrates || ...);
        return true;
    }();
    static_assert(
        stays,
        "tenon: the rooms of a Hall are where the Hall is, and this topology lets a guest take over; "
        "choose ClientServer");
    static constexpr bool ok = each && joined && distinct && stays;
};

// Stands in for a hall that was refused.
template <bool ok, class... Games>
struct HallGate {
    template <class... Args>
    explicit HallGate(Args&&...) {}
};

} // namespace detail

} // namespace tenon
