#pragma once
// The lockstep of a room: asks the handlers for inputs, runs their step when a tick is due and may be run,
// goes back when a guess was wrong, and keeps the peers together. GameRoom has one when its clock is a
// Kernel.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/lockstep_guest.hpp"
#include "tenon/room/lockstep_host.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/simulation.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

template <class Game, class Codec, class Clock, class Room>
class LockstepRoom {
  public:
    LockstepRoom() = default;
    LockstepRoom(const LockstepRoom&) = delete;
    LockstepRoom& operator=(const LockstepRoom&) = delete;

    // The room opens.
    void clear() {
        simulation_.clear();
        host_.clear();
        guest_.clear();
    }
    // On the host.
    void peer_joined(PeerId id) { host_.peer_joined(id); }
    void peer_left(PeerId id) { host_.peer_left(id); }

    // A clock word has arrived. An error is for what no honest peer says.
    template <class H>
    Result<> hear(Instant now, Room& room, H& handlers, PeerId from, BytesIn word) {
        ByteReader in(word);
        const std::uint8_t kind = in.u8();
        return room.status() == Status::hosting ? host_.hear(from, kind, in, handlers, room)
                                                : guest_.hear(now, kind, in, handlers, room);
    }
    // Its turn, after what has arrived was heard.
    template <class H>
    Result<> turn(Instant now, Room& room, H& handlers) {
        const bool hosts = room.status() == Status::hosting;
        simulation_.room_now = room.room_time(now);
        simulation_.wake_at = Instant::never();
        simulation_.muted = !room.may_say(Sim::order_type);
        if (!hosts) return guest_.turn(now, room, handlers);
        if (!simulation_.begun)
            if (const Result<> begun = host_.begin(now, room.self(), handlers); !begun) return begun;
        return host_.turn(now, room, handlers);
    }
    // The session is over.
    template <class H>
    void end(H& handlers) {
        simulation_.end(handlers);
    }
    // Gives a guest the state anew, as after a desync.
    Result<> resync(PeerId id) { return host_.resync(id); }

    Instant next() const { return simulation_.wake_at; }
    LockstepFigures figures() const {
        LockstepFigures figures = simulation_.figures;
        figures.next = Tick{simulation_.next};
        figures.agreed = Tick{simulation_.book.agreed()};
        figures.settled = Tick{simulation_.settled};
        figures.delay = simulation_.delay;
        return figures;
    }

  private:
    using Sim = Simulation<Game, Codec, Clock>;

    Sim simulation_;
    LockstepHost<Sim, Room> host_{simulation_};
    LockstepGuest<Sim, Room> guest_{simulation_};
};

} // namespace tenon
