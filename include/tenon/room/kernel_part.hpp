#pragma once
// What GameRoom does for a Kernel clock, and, for every other, nothing at all: one type with the same
// functions for both, so that GameRoom needs to know of neither. What there is for a Kernel is in
// room/lockstep_part.hpp, and no session with another clock pays for it.

#include "tenon/clock/concept.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/event.hpp"

namespace tenon {

template <class Game, class Codec>
class Replay;

template <class Game, class Codec, class Clock, class Room>
class KernelPart {
    static_assert(!KernelClock<Clock>,
                  "tenon: a session with clock::Kernel needs #include <tenon/room/lockstep_part.hpp>, which "
                  "tenon.hpp and tenon/profile/lockstep.hpp have");

  public:
    Instant feed(Instant now) const { return now; }
    Instant at(Instant now) const { return now; }
    Instant back(Instant now) const { return now; }
    Instant next() const { return Instant::never(); }
    void clear() {}
    void peer_joined(PeerId) {}
    void peer_left(PeerId) {}
    template <class H>
    Result<> hear(Instant, Room&, H&, const RoomEvent&) {
        return {};
    }
    template <class H>
    Result<> turn(Instant, Room&, bool, H&) {
        return {};
    }
    Result<> resync(PeerId) { return Error::unknown_peer; }
    LockstepFigures figures() const { return {}; }
};

} // namespace tenon
