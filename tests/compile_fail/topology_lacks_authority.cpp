// expect: Topology lacks: static PeerId authority(PeerId host)
#include "tenon/topology/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
    static constexpr tenon::TopologyTraits traits{};
#ifndef SHOULD_FAIL
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
#endif
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
