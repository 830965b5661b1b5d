// expect: tenon: Threaded hands datagrams from thread to thread, and can't say which connection waits or
// broke; use the transport inside of it without Threaded
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/threaded.hpp"

#ifdef SHOULD_FAIL
using Inner = tenon::sim::Stream;
#else
using Inner = tenon::transport::Memory;
#endif

static_assert(sizeof(tenon::transport::Threaded<Inner>) > 0);
