// expect: tenon: Threaded has a thread for one road, and on it either datagrams or connections; name the
// roads without it
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"
#include "tenon/transport/threaded.hpp"

#ifdef SHOULD_FAIL
using Inner = tenon::transport::Several<tenon::transport::Memory, tenon::sim::Stream>;
#else
using Inner = tenon::transport::Memory;
#endif

static_assert(sizeof(tenon::transport::Threaded<Inner>) > 0);
