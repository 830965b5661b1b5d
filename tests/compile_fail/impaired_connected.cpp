// expect: tenon: Impaired loses and reorders datagrams, and a connection that did would be broken; put it around
// roads of datagrams alone, as in Fallback<Impaired<Udp>, WebSocket>
#include "tenon/sim/stream.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/memory.hpp"

#ifdef SHOULD_FAIL
using Inner = tenon::sim::Stream;
#else
using Inner = tenon::transport::Memory;
#endif

static_assert(sizeof(tenon::transport::Impaired<Inner>) > 0);
