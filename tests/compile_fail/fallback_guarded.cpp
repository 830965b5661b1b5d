// expect: tenon: a road of Fallback encrypts by a guard of its own, which the other roads have not; let
// Secure be the outermost: Secure<Fallback<Udp, WebSocket>>
#include "tenon/sim/stream.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/memory.hpp"

#include "sealed.hpp"

using tenon::sim::Stream;
using tenon::transport::Fallback;
using tenon::transport::Memory;

#ifdef SHOULD_FAIL
static_assert(sizeof(Fallback<Sealed<Memory>, Stream>) > 0);
#else
static_assert(sizeof(Sealed<Fallback<Memory, Stream>>) > 0);
#endif
