// expect: tenon: a session whose topology has direct links needs #include <tenon/room/direct.hpp>, which
#include "tenon/room/direct_part.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/topology/mesh.hpp"

#ifdef SHOULD_FAIL
using Topology = tenon::topology::Mesh<>;
#else
using Topology = tenon::topology::ClientServer;
#endif

static_assert(sizeof(tenon::DirectPart<int, int, int, Topology>) > 0);
