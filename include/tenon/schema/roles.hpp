#pragma once
// Who may say what: the roles of a game, each with the types that a peer of it may say. Roles<...> stands
// last in Game<...>, which checks it and counts it into the schema; a room goes by it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/fixed_string.hpp"
#include "tenon/schema/places.hpp"

namespace tenon {

namespace detail {
template <class... Types>
struct SaidTypes {};
} // namespace detail

// In a Role: all types of the game.
struct Everything;

// What a guest of this role may say. A Component in it stands for claims to entities.
template <FixedString Name, class... Types>
struct Role {
    static constexpr std::string_view role_name = Name.view();
    using RoleTypes = detail::SaidTypes<Types...>;
};

// As they rank: newcomers get the first, and who opens a room the last.
template <class... Each>
struct Roles {};

inline constexpr std::size_t roles_max = 16;
inline constexpr std::size_t role_name_bytes_max = 24;

namespace detail {

template <class E>
inline constexpr bool is_roles = false;
template <class... Each>
inline constexpr bool is_roles<Roles<Each...>> = true;
template <class... Entries>
inline constexpr std::size_t roles_in = (std::size_t(0) + ... + std::size_t(is_roles<Entries>));

// The last of a list, void of an empty one.
template <class... Entries>
constexpr auto find_last() {
    if constexpr (sizeof...(Entries) == 0)
        return std::type_identity<void>();
    else
        return decltype(entry_at<sizeof...(Entries) - 1>(
            static_cast<const PlacesOf<Entries...>*>(nullptr)))();
}
template <class... Entries>
using last_of = typename decltype(find_last<Entries...>())::type;
template <class... Entries>
inline constexpr bool ends_in_roles = is_roles<last_of<Entries...>>;

template <class R>
concept IsRole = requires {
    R::role_name;
    typename R::RoleTypes;
};
template <class Types, class... Said>
constexpr bool all_placed(SaidTypes<Said...>) {
    return all_of({std::is_same_v<Said, Everything> || (Placed<Said, Types> && !is_roles<Said>)..., true});
}

// The rules of the table; a later one is looked at only where those before are kept.
enum class RolesFault { none, empty, many, other, name, twice, unknown };

template <class Types, class... Each>
constexpr RolesFault roles_fault(std::type_identity<Roles<Each...>>) {
    if constexpr (sizeof...(Each) == 0)
        return RolesFault::empty;
    else if constexpr (sizeof...(Each) > roles_max)
        return RolesFault::many;
    else if constexpr (!(... && IsRole<Each>)) {
        return RolesFault::other;
    } else {
        constexpr std::string_view names[] = {Each::role_name...};
        for (const std::string_view name : names)
            if (name.empty() || name.size() > role_name_bytes_max) return RolesFault::name;
        for (std::size_t i = 0; i < sizeof...(Each); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (names[i] == names[j]) return RolesFault::twice;
        const bool known = (... && all_placed<Types>(typename Each::RoleTypes{}));
        return known ? RolesFault::none : RolesFault::unknown;
    }
}

// What the table says: of each type, by index, a bit for each role that may say it.
template <class Table, class Types, std::size_t Size>
struct RoleTable {
    static constexpr std::size_t count = 0;
    static constexpr std::string_view names[1] = {};
    static constexpr std::array<std::uint16_t, 1> masks{};
};
template <class... Each, class Types, std::size_t Size>
requires(sizeof...(Each) <= roles_max &&
         (... && IsRole<Each>)) struct RoleTable<Roles<Each...>, Types, Size> {
    static constexpr std::size_t count = sizeof...(Each);
    static constexpr std::string_view names[sizeof...(Each) + 1] = {Each::role_name..., std::string_view()};
    static constexpr auto masks = [] {
        std::array<std::uint16_t, Size> all{};
        unsigned role = 0;
        const auto mark = [&](std::size_t index) {
            if (index < Size) all[index] = static_cast<std::uint16_t>(all[index] | 1u << role);
        };
        const auto grant = [&]<class... Said>(SaidTypes<Said...>) {
            if constexpr ((... || std::is_same_v<Said, Everything>))
                for (std::size_t i = 0; i < Size; ++i) mark(i);
            const bool done[] = {(mark(place_or<Said, Types>(Size)), true)..., true};
            (void)done;
            ++role;
        };
        (grant(typename Each::RoleTypes{}), ...);
        return all;
    }();
};

} // namespace detail

} // namespace tenon
