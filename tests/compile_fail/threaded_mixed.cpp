// expect: tenon: Threaded has a thread for one road; put it around each of them, as in Several<Threaded<Udp>,
// Threaded<WebSocket>>
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
