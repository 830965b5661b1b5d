// expect: Topology lacks: migrates, as one with direct links must
#include "tenon/topology/election.hpp"

struct Talk {
    using Election = tenon::topology::FirstJoiner;
#ifdef SHOULD_FAIL
    static constexpr tenon::TopologyTraits traits{.relays = true, .direct = true};
#else
    static constexpr tenon::TopologyTraits traits{.relays = true, .migrates = true, .direct = true};
#endif
    static constexpr tenon::PeerId authority(tenon::PeerId) { return tenon::PeerId::none(); }
};

static_assert(sizeof(tenon::CheckTopology<Talk>) > 0);
