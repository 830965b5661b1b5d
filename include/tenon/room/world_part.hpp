#pragma once
// What GameRoom does for a game with components, and, for every other, nothing at all: one type with the same
// functions for both, so that GameRoom needs to know of neither. What there is for components is in
// room/world_room.hpp, and no session without pays for it.

#include <cstddef>
#include <cstdint>

#include "tenon/clock/concept.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/options.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game, class Room>
class WorldPart {
    static_assert(Game::count_of(EntryKind::component) == 0,
                  "tenon: a session whose game has a Component needs #include <tenon/room/world_room.hpp>, "
                  "which tenon.hpp has");

  public:
    static constexpr bool there = false;

    WorldPart(const Options&, std::size_t, std::uint64_t) {}

    void clear() {}
    void found(const Rates&) {}
    void enter(const Rates&) {}
    void forget(PeerId) {}
    void turn(Instant, auto&) {}
    void tell(Health&) const {}
};

} // namespace tenon
