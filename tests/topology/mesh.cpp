#include "tenon/topology/mesh.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE(
    "under Mesh nobody decides, guests have links to each other, and the room outlives whoever keeps it") {
    using Mesh = topology::Mesh<>;
    CHECK(Mesh::authority(PeerId::host()) == PeerId::none());
    CHECK(Mesh::authority(PeerId{7}) == PeerId::none());
    CHECK(!Mesh::traits.has_authority);
    CHECK(Mesh::traits.direct);
    CHECK(Mesh::traits.relays);
    CHECK(Mesh::traits.migrates);
    CHECK(CheckTopology<Mesh>::ok);
    CHECK(CheckTopology<topology::Mesh<topology::ByMerit<10>>>::ok);
}

static_assert(tenon::TopologyPolicy<tenon::topology::Mesh<>>);
