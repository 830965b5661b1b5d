// expect: tenon: a room that is found on a bus is its members', and this base ends with its host
#include "tenon/bus/hybrid.hpp"
#include "tenon/bus/local.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"

#ifdef SHOULD_FAIL
using Base = tenon::topology::ClientServer;
#else
using Base = tenon::topology::AuthorityHosted<>;
#endif

static_assert(sizeof(tenon::topology::Hybrid<tenon::bus::Local, Base>) > 0);
