// expect: tenon: Secure seals datagrams, and among the roads of this transport are streams, which TLS
// encrypts; let Secure be inside: Several<Secure<Udp>, TlsWebSocket>
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/lines.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
template <class Transport>
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;

// As Secure does, with a guard of its own.
struct Desk : tenon::Plain {
    static constexpr std::size_t desk_bytes = 2048;
};
template <class Inner>
struct Sealed : Inner {
    using Guard = Desk;
    static constexpr tenon::TransportTraits traits = [] {
        tenon::TransportTraits inner = Inner::traits;
        inner.encrypted = inner.guarded = true;
        return inner;
    }();
};
using tenon::sim::Stream;
using tenon::transport::Memory;
using tenon::transport::Several;

#ifdef SHOULD_FAIL
static_assert(sizeof(Net<Sealed<Several<Memory, Stream>>>) > 0);
#else
static_assert(sizeof(Net<Several<Sealed<Memory>, Stream>>) > 0);
#endif
