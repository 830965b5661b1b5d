#include "tenon/topology/client_server.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("under ClientServer the host decides, and passes on what the others say to each other") {
    CHECK(topology::ClientServer::authority(PeerId::host()) == PeerId::host());
    CHECK(topology::ClientServer::traits.has_authority);
    CHECK(topology::ClientServer::traits.relays);
    CHECK_FALSE(topology::ClientServer::traits.migrates);
    CHECK(CheckTopology<topology::ClientServer>::ok);
}

static_assert(tenon::TopologyPolicy<tenon::topology::ClientServer>);
