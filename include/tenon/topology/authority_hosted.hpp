#pragma once
// AuthorityHosted: one of the peers hosts and decides. When it goes, those who are left elect another among
// them, and the room goes on with what it knew: include/tenon/room/MIGRATION.md.

#include "tenon/topology/election.hpp"

namespace tenon::topology {

template <class ElectionType = FirstJoiner>
struct AuthorityHosted {
    using Election = ElectionType;
    static constexpr TopologyTraits traits{.has_authority = true, .relays = true, .migrates = true};

    static constexpr PeerId authority(PeerId host) { return host; }
};

} // namespace tenon::topology
