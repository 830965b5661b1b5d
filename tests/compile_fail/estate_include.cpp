// expect: tenon: a session whose topology migrates needs #include <tenon/room/estate.hpp>, which tenon.hpp
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#ifndef SHOULD_FAIL
#include "tenon/room/estate.hpp"
#endif
#include "tenon/room/room.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

static_assert(sizeof(tenon::Room<tenon::transport::MemoryAddress, tenon::reliability::AckVector,
                                 tenon::topology::AuthorityHosted<>>) > 0);
