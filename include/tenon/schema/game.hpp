#pragma once
// What a game says: its states, commands and events. Game<...> is the schema that sessions, rooms and links
// are made for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/fixed_string.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/schema/delivery.hpp"
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

// A map both ways between places and types that costs the compiler a step for each type, where recursion
// would cost it their square. A type that stands twice has no place.
template <std::size_t I, class Entry>
struct Place {};
template <class Numbers, class... Entries>
struct Places;
template <std::size_t... I, class... Entries>
struct Places<std::index_sequence<I...>, Entries...> : Place<I, Entries>... {};
template <class... Entries>
using PlacesOf = Places<std::make_index_sequence<sizeof...(Entries)>, Entries...>;

template <std::size_t I, class Entry>
std::type_identity<Entry> entry_at(const Place<I, Entry>*);
template <class Entry, std::size_t I>
std::integral_constant<std::size_t, I> place_of(const Place<I, Entry>*);
template <class T, class Types>
concept Placed = requires(const Types* types) {
    place_of<T>(types);
};
template <class T, class Types>
constexpr std::size_t place_or(std::size_t none) {
    if constexpr (Placed<T, Types>)
        return decltype(place_of<T>(static_cast<const Types*>(nullptr)))::value;
    else
        return none;
}
template <std::size_t Count>
constexpr bool all_of(const bool (&each)[Count]) {
    for (const bool one : each)
        if (!one) return false;
    return true;
}

// The rules of one entry, each in its sentence; `ok` stops the later ones after the first is broken.
template <class E>
struct CheckEntry {
    static_assert(
        is_entry<E>,
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
    static constexpr bool ok = is_entry<E> && is_value && is_made && is_sent;
};

template <class... Entries>
struct CheckGame {
    static_assert(sizeof...(Entries) <= game_types_max, "tenon: a game has at most 4096 types");
    static constexpr bool each = all_of({CheckEntry<Entries>::ok..., true});
    static constexpr bool distinct =
        all_of({Placed<entry_type<Entries>, PlacesOf<entry_type<Entries>...>>..., true});
    static_assert(!each || distinct,
                  "tenon: a type stands twice in Game: wrap the second in a struct of its own");
    static constexpr bool ok = sizeof...(Entries) <= game_types_max && each && distinct;
};

template <bool Known>
constexpr MessageType message_type(std::size_t index) {
    static_assert(Known,
                  "tenon: this type is not in the Game: add State<T>, Component<T>, Command<T> or "
                  "Event<T> to it");
    return {static_cast<std::uint16_t>(MessageType::first_user + index)};
}

// By index, with one place more than needed, so that a game without types is no special case.
template <class... Entries>
struct GameTables {
    static constexpr EntryKind kinds[sizeof...(Entries) + 1] = {Entries::kind..., EntryKind::state};
    static constexpr Delivery deliveries[sizeof...(Entries) + 1] = {Entries::delivery::value...,
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

  public:
    static constexpr bool ok = detail::CheckGame<Entries...>::ok;
    static_assert(ok || !ok); // the rules speak as soon as the Game is looked at

    static constexpr std::string_view name = Name.view();
    static constexpr unsigned version = Version;
    static constexpr std::size_t type_count = sizeof...(Entries);

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
            const bool called[] = {(f(Entries{}, std::integral_constant<std::size_t, I>{}), true)..., true};
            (void)called;
        }
        (std::make_index_sequence<type_count>());
    }
    // f(entry) for the entry at a place known only at run time; false when there is none.
    template <class F>
    static constexpr bool with(std::size_t index, F&& f) {
        std::size_t at = 0;
        const bool hits[] = {(at++ == index ? (f(Entries{}), true) : false)..., false};
        return index < type_count && hits[index];
    }

    // Both computed once, at the first call.
    static std::uint64_t schema_hash() { return hashes().whole; }
    // One for each type, so that two builds can find out which type they disagree on.
    static std::span<const std::uint32_t> type_hashes() { return {hashes().each.data(), type_count}; }

  private:
    struct Hashes {
        std::uint64_t whole = 0;
        std::array<std::uint32_t, type_count + 1> each{};
    };
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
            h.whole = all.finish();
            return h;
        }();
        return made;
    }
};

} // namespace tenon
