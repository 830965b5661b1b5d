#pragma once
// What a session with a Kernel clock tells its handlers, and the figures that it shows.

#include <cstdint>
#include <string_view>

#include "tenon/core/ids.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

// The simulation came out differently on some peers. Everybody in the room is told the same.
struct Desync {
    static constexpr std::uint64_t no_entity = UINT64_MAX;

    Tick tick;                        // the first after which it differed
    Slice<const PeerId> peers;        // those who differ from the most; from the host, where it is one to one
    std::string_view type = {};       // of the first thing that differs; empty when it could not be found out
    std::uint64_t entity = no_entity; // its place in its container, or its key there
    std::string_view field = {};      // the way to it, such as "Battle.1[17] Unit.2"
};

// The clock of this program has jumped, and the session has left the jump out.
struct ClockJumped {
    Duration by;
};

struct LockstepFigures {
    Tick next;    // the next tick that is run
    Tick agreed;  // the first of which not all inputs are agreed
    Tick settled; // the first that may still be run again; `checksum` is of the state before it
    std::uint32_t checksum = 0;
    int delay = 0;               // in ticks, of the own inputs
    std::uint64_t rerun = 0;     // ticks that were run again after a wrong guess
    std::uint64_t longest = 0;   // the most at once
    std::uint64_t stalls = 0;    // turns in which a tick was due and could not be run
    std::uint64_t missed = 0;    // own inputs that came too late to count
    std::uint64_t too_large = 0; // own inputs that took more bytes than an input may
    std::uint64_t loads = 0;     // states that were taken from the host
};

} // namespace tenon
