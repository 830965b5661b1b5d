// expect: tenon: Mirrored keeps what goes over one road; put it around each of them, as in
// Fallback<Mirrored<Udp>, Mirrored<WebSocket>>
#include "tenon/sim/stream.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/mirrored.hpp"
#include "tenon/transport/memory.hpp"

using tenon::transport::Mirrored, tenon::transport::Fallback, tenon::transport::Memory;
#ifdef SHOULD_FAIL
using Road = Mirrored<Fallback<Memory, tenon::sim::Stream>>;
#else
using Road = Fallback<Mirrored<Memory>, tenon::sim::Stream>;
#endif

static_assert(sizeof(Road) > 0);
