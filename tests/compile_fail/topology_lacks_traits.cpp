// expect: Topology lacks: static constexpr TopologyTraits traits
#include "tenon/topology/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
#ifndef SHOULD_FAIL
    static constexpr tenon::TopologyTraits traits{};
#endif
    tenon::PeerId authority() const { return {}; }
};

static_assert(sizeof(tenon::CheckTopology<Mine>) > 0);
