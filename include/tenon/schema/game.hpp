#pragma once
// What a game says: its states, commands and events, and who may say them. Game<...> is the schema that
// sessions, rooms and links are made for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/fixed_string.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/places.hpp"
#include "tenon/schema/roles.hpp"
#include "tenon/schema/shape.hpp"

namespace tenon {

enum class EntryKind : std::uint8_t { state, command, event, component };

// What a peer looks like now: newest wins, sent when due.
template <class T>
struct State {
    using type = T;
    using delivery = Newest;
    static constexpr EntryKind kind = EntryKind::state;
};

// What an entity of the authority's world may have; the world's snapshots bring it to who shall know of it.
template <class T>
struct Component {
    using type = T;
    using delivery = BestEffort;
    static constexpr EntryKind kind = EntryKind::component;
};

// An input to the authority. The room repeats it until acknowledged, so its own delivery is just the newest.
template <class T>
struct Command {
    using type = T;
    using delivery = Newest;
    static constexpr EntryKind kind = EntryKind::command;
};

// Something that happened.
template <class T, class D = BestEffort>
struct Event {
    static_assert(DeliveryPolicy<D>,
                  "tenon: Event<T, Delivery>: the delivery is BestEffort, Newest, Reliable or Ordered");
    using type = T;
    using delivery = D;
    static constexpr EntryKind kind = EntryKind::event;
};

inline constexpr std::size_t game_types_max = 4096;

namespace detail {

template <class E>
inline constexpr bool is_entry = false;
template <class T>
inline constexpr bool is_entry<State<T>> = true;
template <class T>
inline constexpr bool is_entry<Component<T>> = true;
template <class T>
inline constexpr bool is_entry<Command<T>> = true;
template <class T, class D>
inline constexpr bool is_entry<Event<T, D>> = true;

template <class E, class = void>
struct EntryType {
    using type = E;
};
template <class E>
struct EntryType<E, std::enable_if_t<is_entry<E>>> {
    using type = typename E::type;
};
template <class E>
using entry_type = typename EntryType<E>::type;

template <class E>
constexpr EntryKind kind_or_none() {
    if constexpr (is_roles<E>)
        return EntryKind::state;
    else
        return E::kind;
}
template <class E>
constexpr Delivery delivery_or_none() {
    if constexpr (is_roles<E>)
        return Delivery::best_effort;
    else
        return E::delivery::value;
}

// The rules of one entry, each in its sentence; `ok` stops the later ones after the first is broken.
template <class E>
struct CheckEntry {
    static_assert(
        is_entry<E> || is_roles<E>,
        "tenon: Game<name, version, entries...>: each entry is State<T>, Component<T>, Command<T> or "
        "Event<T, Delivery>");
    using type = entry_type<E>;
    static constexpr bool is_value = !is_entry<E> || (std::is_object_v<type> && !std::is_const_v<type>);
    static_assert(is_value, "tenon: a game's type is a plain type, neither a reference nor const");
    static constexpr bool is_made = !is_entry<E> || !is_value || std::is_default_constructible_v<type>;
    static_assert(is_made, "tenon: a game's type needs a default constructor, since it is decoded into");
    static constexpr bool is_sent =
        !is_entry<E> || !is_value || !is_made || form_of<type>() != Form::unsupported;
    static_assert(is_sent,
                  "tenon: a game's type has no serialize: give it template <class Archive> void "
                  "serialize(Archive& ar) { ar(its, fields); }");
    static constexpr bool ok = (is_entry<E> || is_roles<E>)&&is_value && is_made && is_sent;
};

template <bool Few, class... Entries>
struct CheckEntries {
    static constexpr bool each = all_of({CheckEntry<Entries>::ok..., true});
    static constexpr bool distinct =
        all_of({is_roles<Entries> || Placed<entry_type<Entries>, PlacesOf<entry_type<Entries>...>>..., true});
    static_assert(!each || distinct,
                  "tenon: a type stands twice in Game: wrap the second in a struct of its own");
    // Behind the types that it names, so that their numbers don't depend on it.
    static constexpr bool last = roles_in<Entries...> == (ends_in_roles<Entries...> ? 1 : 0);
    static_assert(last, "tenon: Roles<...> stands in Game once, and behind all its types");
    using Table = std::conditional_t<each && last, last_of<Entries...>, void>;
    static constexpr RolesFault fault = [] {
        if constexpr (is_roles<Table>)
            return roles_fault<PlacesOf<entry_type<Entries>...>>(std::type_identity<Table>());
        return RolesFault::none;
    }();
    static_assert(fault != RolesFault::empty,
                  "tenon: Roles<> is empty: write Role<name, TheTypes...> for each, or leave it out");
    static_assert(fault != RolesFault::many, "tenon: a game has at most 16 roles");
    static_assert(fault != RolesFault::other, "tenon: Roles<roles...>: each is Role<name, TheTypes...>");
    static_assert(fault != RolesFault::name, "tenon: the name of a role has 1 to 24 bytes");
    static_assert(fault != RolesFault::twice,
                  "tenon: a role stands twice in Roles: give each a name of its own");
    static_assert(fault != RolesFault::unknown,
                  "tenon: a Role names a type that is not in the Game: add State<T>, Component<T>, "
                  "Command<T> or Event<T> to it");
    static constexpr bool roles = last && fault == RolesFault::none;
    static constexpr bool ok = each && distinct && roles;
};
// Where there are more they are not looked at, which takes a compiler minutes.
template <class... Entries>
struct CheckEntries<false, Entries...> {
    static constexpr bool ok = false;
    static_assert(sizeof...(Entries) <= game_types_max, "tenon: a game has at most 4096 types");
};
template <class... Entries>
using CheckGame = CheckEntries<(sizeof...(Entries) <= game_types_max), Entries...>;

template <bool Known>
constexpr MessageType message_type(std::size_t index) {
    static_assert(Known,
                  "tenon: this type is not in the Game: add State<T>, Component<T>, Command<T> or "
                  "Event<T> to it");
    return {static_cast<std::uint16_t>(MessageType::first_user + index)};
}

// By index, with one place more than needed, so that a game without types is no special case. Roles, which
// stand behind all types, have a place at which nobody looks.
template <class... Entries>
struct GameTables {
    static constexpr EntryKind kinds[sizeof...(Entries) + 1] = {kind_or_none<Entries>()..., EntryKind::state};
    static constexpr Delivery deliveries[sizeof...(Entries) + 1] = {delivery_or_none<Entries>()...,
                                                                    Delivery::best_effort};
    static constexpr std::string_view names[sizeof...(Entries) + 1] = {stable_name<entry_type<Entries>>()...,
                                                                       std::string_view()};
};

} // namespace detail

template <FixedString Name, unsigned Version, class... Entries>
struct Game {
  private:
    using EntryPlaces = detail::PlacesOf<Entries...>;
    using TypePlaces = detail::PlacesOf<detail::entry_type<Entries>...>;
    using Tables = detail::GameTables<Entries...>;
    using Table = detail::RoleTable<detail::last_of<Entries...>, TypePlaces, sizeof...(Entries)>;

  public:
    static constexpr bool ok = detail::CheckGame<Entries...>::ok;
    static_assert(ok || !ok); // the rules speak as soon as the Game is looked at

    static constexpr std::string_view name = Name.view();
    static constexpr unsigned version = Version;
    static constexpr bool has_roles = detail::ends_in_roles<Entries...>;
    static constexpr std::size_t type_count = sizeof...(Entries) - (has_roles ? 1 : 0);

    template <std::size_t I>
    using entry = typename decltype(detail::entry_at<I>(static_cast<const EntryPlaces*>(nullptr)))::type;
    template <std::size_t I>
    using type = typename entry<I>::type;

    template <class T>
    static constexpr std::size_t index_of = detail::place_or<T, TypePlaces>(sizeof...(Entries));
    template <class T>
    static constexpr bool has = index_of<T> < type_count;
    template <class T>
    static constexpr MessageType type_of = detail::message_type<has<T>>(index_of<T>);
    template <class T>
    static constexpr EntryKind kind_of() {
        return entry<(type_of<T>.value - MessageType::first_user)>::kind;
    }
    template <class T>
    static constexpr Delivery delivery_of() {
        return entry<(type_of<T>.value - MessageType::first_user)>::delivery::value;
    }
    template <class T>
    static constexpr bool has_state = detail::Placed<State<T>, EntryPlaces>;
    template <class T>
    static constexpr bool has_command = detail::Placed<Command<T>, EntryPlaces>;
    template <class T>
    static constexpr bool has_component = detail::Placed<Component<T>, EntryPlaces>;
    template <class T>
    static constexpr bool has_event = has<T> && !has_state<T> && !has_component<T> && !has_command<T>;

    static constexpr std::size_t count_of(EntryKind kind) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < type_count; ++i) count += Tables::kinds[i] == kind;
        return count;
    }

    // By index, which is below type_count.
    static constexpr EntryKind kind_of(std::size_t index) { return Tables::kinds[index]; }
    static constexpr Delivery delivery_of(std::size_t index) { return Tables::deliveries[index]; }
    static constexpr std::string_view type_name(std::size_t index) { return Tables::names[index]; }

    // Between a place in Game and a message's number on the wire; type_count for a number that is not the
    // game's.
    static constexpr MessageType message_type(std::size_t index) { return detail::message_type<true>(index); }
    static constexpr std::size_t index_of_message(MessageType type) {
        const std::size_t index = static_cast<std::size_t>(type.value) - MessageType::first_user;
        return type.value >= MessageType::first_user && index < type_count ? index : type_count;
    }

    // f(entry, index) for each, both as values: State<Ship>{}, std::integral_constant<std::size_t, 0>{}.
    template <class F>
    static constexpr void for_each(F&& f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            // Not a fold: clang takes only 256 parts in one.
            if constexpr (has_roles) {
                const bool called[] = {(f(entry<I>{}, std::integral_constant<std::size_t, I>{}), true)...,
                                       true};
                (void)called;
            } else {
                const bool called[] = {(f(Entries{}, std::integral_constant<std::size_t, I>{}), true)...,
                                       true};
                (void)called;
            }
        }
        (std::make_index_sequence<type_count>());
    }
    // f(entry) for the entry at a place known only at run time; false when there is none.
    template <class F>
    static constexpr bool with(std::size_t index, F&& f) {
        std::size_t at = 0;
        if constexpr (has_roles) {
            for_each([&](auto one, auto) {
                if (at++ == index) f(one);
            });
            return index < type_count;
        } else {
            const bool hits[] = {(at++ == index ? (f(Entries{}), true) : false)..., false};
            return index < type_count && hits[index];
        }
    }

    // ---- roles, where the game has them

    static constexpr std::size_t role_count = Table::count;
    static constexpr std::string_view role_name(std::size_t role) {
        return role < role_count ? Table::names[role] : std::string_view();
    }
    // role_count when there is none of this name.
    static constexpr std::size_t role_index(std::string_view wanted) {
        std::size_t role = 0;
        while (role < role_count && Table::names[role] != wanted) ++role;
        return role;
    }
    // Whether a role has the type at this place; a game without roles lets everybody say everything.
    static constexpr bool may(std::size_t role, std::size_t index) {
        return !has_roles ||
               (role < role_count && index < type_count && (Table::masks[index] >> role & 1) != 0);
    }

    // Both computed once, at the first call.
    static std::uint64_t schema_hash() { return hashes().whole; }
    // One for each type, so that two builds can find out which type they disagree on, and one for the roles.
    static Slice<const std::uint32_t> type_hashes() {
        return {hashes().each.data(), type_count + (has_roles ? 1 : 0)};
    }

  private:
    struct Hashes {
        std::uint64_t whole = 0;
        std::array<std::uint32_t, type_count + 1> each{};
    };
    static std::uint64_t roles_hash() {
        ShapeHash table;
        for (std::size_t role = 0; role < role_count; ++role) {
            table.text(role_name(role));
            for (std::size_t i = 0; i < type_count; ++i) table.byte(may(role, i) ? 1 : 0);
        }
        return table.finish();
    }
    static const Hashes& hashes() {
        static const Hashes made = [] {
            Hashes h;
            ShapeHash all;
            all.text(name);
            all.word(version);
            for_each([&](auto entry, auto index) {
                using Entry = decltype(entry);
                ShapeHash one;
                one.byte(static_cast<std::uint8_t>(Entry::kind));
                one.byte(static_cast<std::uint8_t>(Entry::delivery::value));
                one.text(type_name(index));
                one.word(shape_hash<typename Entry::type>());
                const std::uint64_t hash = one.finish();
                all.word(hash);
                h.each[index] = static_cast<std::uint32_t>(hash ^ hash >> 32);
            });
            if constexpr (has_roles) {
                const std::uint64_t hash = roles_hash();
                all.word(hash);
                h.each[type_count] = static_cast<std::uint32_t>(hash ^ hash >> 32);
            }
            h.whole = all.finish();
            return h;
        }();
        return made;
    }
};

} // namespace tenon
