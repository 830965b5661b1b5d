#pragma once
// Something of each type of component that a game's entities may have. Playback and Prediction keep what they
// show in one.

#include <cstddef>
#include <utility>

#include "tenon/schema/game.hpp"

namespace tenon {

namespace detail {
// The Game is named for g++, which else warns where one of its types, but not T, is in no other file.
template <class Game, template <class> class Kept, class Entry>
struct OfComponent {};
template <class Game, template <class> class Kept, class T>
struct OfComponent<Game, Kept, Component<T>> {
    Kept<T> kept;
};
template <class Game, template <class> class Kept, class Indices>
struct OfComponents;
template <class Game, template <class> class Kept, std::size_t... I>
struct OfComponents<Game, Kept, std::index_sequence<I...>>
    : OfComponent<Game, Kept, typename Game::template entry<I>>... {};
} // namespace detail

template <class Game, template <class> class Kept>
class PerComponent {
  public:
    template <class T>
    Kept<T>& of() {
        return static_cast<detail::OfComponent<Game, Kept, Component<T>>&>(all_).kept;
    }
    template <class T>
    const Kept<T>& of() const {
        return static_cast<const detail::OfComponent<Game, Kept, Component<T>>&>(all_).kept;
    }
    // f(Kept<T>&, place of the component) for each.
    template <class F>
    void each(F&& f) {
        std::size_t place = 0;
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::component) f(of<typename Entry::type>(), place++);
        });
    }

  private:
    detail::OfComponents<Game, Kept, std::make_index_sequence<Game::type_count>> all_;
};

} // namespace tenon
