// expect: tenon: a road of Several has connections with smaller frames than 66,000 bytes, and what all peers
// are sent would not fit
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

#ifdef SHOULD_FAIL
struct Narrow : tenon::sim::Stream {
    static constexpr tenon::TransportTraits traits{
        .reliable = true, .ordered = true, .datagram_bytes = 2000, .connected = true};
};
#else
using Narrow = tenon::sim::Stream;
#endif

static_assert(sizeof(tenon::transport::Several<tenon::transport::Memory, Narrow>) > 0);
