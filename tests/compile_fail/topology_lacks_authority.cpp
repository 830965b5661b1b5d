// expect: Topology lacks: PeerId authority() const
#include "tenon/topology/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
    static constexpr tenon::TopologyTraits traits{};
#ifndef SHOULD_FAIL
    tenon::PeerId authority() const { return {}; }
#endif
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
