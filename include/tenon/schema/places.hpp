#pragma once
// The places of types in a list, found in either direction. Game numbers its types by them.

#include <cstddef>
#include <type_traits>
#include <utility>

namespace tenon::detail {

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

} // namespace tenon::detail
