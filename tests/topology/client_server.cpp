#include "tenon/topology/client_server.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("under ClientServer the host decides, and passes on what the others say to each other") {
    const topology::ClientServer topology;
    CHECK(topology.authority() == PeerId::host());
    CHECK(topology::ClientServer::traits.has_authority);
    CHECK(topology::ClientServer::traits.relays);
    CHECK(CheckTopology<topology::ClientServer>::ok);
}
