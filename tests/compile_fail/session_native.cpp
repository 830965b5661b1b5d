// expect: tenon: reliability::Native leaves it to the transport to lose nothing, and this one carries
// datagrams; choose AckVector
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
template <class Transport, class Topology, class Reliability>
using Check =
    tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                                tenon::clock::Independent<>, Topology, Reliability>;

#ifdef SHOULD_FAIL
static_assert(
    sizeof(Check<tenon::transport::Memory, tenon::topology::ClientServer, tenon::reliability::Native>) > 0);
#else
static_assert(sizeof(Check<tenon::sim::Stream, tenon::topology::ClientServer, tenon::reliability::Native>) >
              0);
#endif
