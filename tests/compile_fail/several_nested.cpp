// expect: tenon: a road of Several is a transport with roads of its own; name them all in one
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

using tenon::sim::Stream;
using tenon::transport::Memory;
using tenon::transport::Several;

#ifdef SHOULD_FAIL
using Roads = Several<Several<Memory, Stream>, Memory>;
#else
using Roads = Several<Memory, Stream, Memory>;
#endif

static_assert(sizeof(Roads) > 0);
