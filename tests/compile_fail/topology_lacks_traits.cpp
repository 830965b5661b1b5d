// expect: Topology lacks: static constexpr TopologyTraits traits
#include "tenon/topology/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
#ifndef SHOULD_FAIL
    static constexpr tenon::TopologyTraits traits{};
#endif
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
