#pragma once
// What Room does about links between guests, and, where the topology has none, nothing at all: one type with
// the same functions for both, so that no session without such links pays for them. What there is for one
// that has them is in room/direct.hpp.

#include "tenon/core/time.hpp"
#include "tenon/link/plain.hpp"

namespace tenon {

template <class Room, class Address, class Reliability, class Topology, class Guard = Plain>
class DirectPart {
    static_assert(!Topology::traits.direct,
                  "tenon: a session whose topology has direct links needs #include <tenon/room/direct.hpp>, "
                  "which tenon.hpp has");

  public:
    static constexpr bool links_directly = false;

    void stir() {}
    void clear() {}
    void park(Room&) {}
    bool ended(Room&, auto&, Instant) { return false; }
    void turn(Room&, Instant) {}
    Instant next_turn() const { return Instant::never(); }
};

} // namespace tenon
