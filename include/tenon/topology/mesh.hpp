#pragma once
// Mesh: nobody decides. Every peer speaks for itself, straight to all others; one of them keeps the door and
// the roster, carries what must arrive, and is replaced when it goes: include/tenon/topology/MESH.md.

#include "tenon/topology/election.hpp"

namespace tenon::topology {

template <class ElectionType = FirstJoiner>
struct Mesh {
    using Election = ElectionType;
    static constexpr TopologyTraits traits{.relays = true, .migrates = true, .direct = true};

    static constexpr PeerId authority(PeerId) { return PeerId::none(); }
};

} // namespace tenon::topology
