// expect: Topology lacks: an Election, as one that migrates must have: static bool before(const Candidate&,
#include "tenon/topology/concept.hpp"

struct Oldest {
    static constexpr bool before(const tenon::Candidate& a, const tenon::Candidate& b) { return a.id < b.id; }
#ifndef SHOULD_FAIL
    static constexpr bool replaces(const tenon::Candidate&, const tenon::Candidate&) { return false; }
#endif
};
struct Mine {
    using Election = Oldest;
    static constexpr tenon::TopologyTraits traits{.has_authority = true, .migrates = true};
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
