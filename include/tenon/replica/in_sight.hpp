#pragma once
// One entity that a client is to be told of. Interest makes lists of them, in the order of their slots, and
// SnapshotSender takes them.

#include <cstdint>

namespace tenon {

struct InSight {
    std::uint16_t slot = 0, generation = 0;
    std::uint16_t every = 1; // ticks from one telling to the next, at least
    float weight = 1;        // how fast its turn comes nearer
};

} // namespace tenon
