#pragma once
// What GameRoom does for a Kernel clock: a lockstep, in a time that goes on steadily whatever the program's
// clock does. A profile with a Kernel includes it.

#include "tenon/clock/concept.hpp"
#include "tenon/clock/kernel.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/replay.hpp"
#include "tenon/replica/stepper.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/kernel_part.hpp"
#include "tenon/room/lockstep_room.hpp"

namespace tenon {

namespace detail {

template <class Game, class Handlers>
constexpr void check_kernel_handlers() {
    static_assert(Steps<Handlers, CommandOf<Game>>,
                  "tenon: the handlers lack the step of a Kernel clock; "
                  "write: void step(tenon::Tick, const tenon::Inputs<TheCommand>&)");
    static_assert(
        HasState<Handlers>,
        "tenon: the handlers lack the state of the simulation, which a Kernel clock compares, rolls back "
        "and sends; write: void serialize(auto& ar) { ar(all, of, it); }");
}

} // namespace detail

template <class Game, class Codec, KernelClock Clock, class Room>
class KernelPart<Game, Codec, Clock, Room> {
  public:
    // Time in here is steady, whatever the program's clock does.
    Instant feed(Instant now) {
        const Duration jump = steady_.feed(now);
        if (jump != Duration{}) jumped_ = jump;
        return steady_.at(now);
    }
    Instant at(Instant now) const { return steady_.at(now); }
    Instant back(Instant steady) const { return steady_.back(steady); }
    Instant next() const { return lockstep_.next(); }

    void clear() { lockstep_.clear(); }
    void peer_joined(PeerId peer) { lockstep_.peer_joined(peer); }
    void peer_left(PeerId peer) { lockstep_.peer_left(peer); }
    template <class H>
    Result<> hear(Instant now, Room& room, H& handlers, const RoomEvent& event) {
        if constexpr (complete<H>) return lockstep_.hear(now, room, handlers, event.peer, event.payload);
        return {};
    }
    template <class H>
    Result<> turn(Instant now, Room& room, bool inside, H& handlers) {
        if (jumped_ != Duration{})
            if constexpr (HearsOf<H, ClockJumped>) handlers.on(ClockJumped{jumped_});
        jumped_ = {};
        if constexpr (complete<H>) {
            if (inside) return lockstep_.turn(now, room, handlers);
            lockstep_.end(handlers);
        }
        return {};
    }
    Result<> resync(PeerId peer) { return lockstep_.resync(peer); }
    LockstepFigures figures() const { return lockstep_.figures(); }

  private:
    // What lacks is told elsewhere, in one sentence.
    template <class H>
    static constexpr bool complete = Steps<H, detail::CommandOf<Game>>&& HasState<H>;

    clock::SteadyTime steady_;
    LockstepRoom<Game, Codec, Clock, Room> lockstep_;
    Duration jumped_{};
};

} // namespace tenon
