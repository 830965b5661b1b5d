// expect: tenon: Secure seals datagrams, and among the roads of this transport are streams, which TLS
// encrypts; let Secure be inside: Several<Secure<Udp>, TlsWebSocket>
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

#include "sealed.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
template <class Transport>
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;

using tenon::sim::Stream;
using tenon::transport::Memory;
using tenon::transport::Several;

#ifdef SHOULD_FAIL
static_assert(sizeof(Net<Sealed<Several<Memory, Stream>>>) > 0);
#else
static_assert(sizeof(Net<Several<Sealed<Memory>, Stream>>) > 0);
#endif
