// expect: Topology lacks: a default constructor
#include "tenon/topology/concept.hpp"

struct Mine {
    explicit Mine(int) {}
#ifndef SHOULD_FAIL
    Mine() = default;
#endif
    static constexpr tenon::TopologyTraits traits{};
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
