// expect: tenon: Secure seals datagrams, and this transport carries a stream, which TLS encrypts; choose its
// TLS form, such as wss
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
// As Secure does, with a guard of its own; TLS encrypts too, and has none.
struct Sealed : tenon::sim::Stream {
    using Guard = tenon::Plain;
    static constexpr tenon::TransportTraits traits{
        .reliable = true, .ordered = true, .encrypted = true, .datagram_bytes = 2000, .connected = true};
};
struct OverTls : tenon::sim::Stream {
    static constexpr tenon::TransportTraits traits{
        .reliable = true, .ordered = true, .encrypted = true, .datagram_bytes = 66000, .connected = true};
};
template <class Transport, class Topology, class Reliability>
using Check =
    tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                                tenon::clock::Independent<>, Topology, Reliability>;

#ifdef SHOULD_FAIL
static_assert(sizeof(Check<Sealed, tenon::topology::ClientServer, tenon::reliability::AckVector>) > 0);
#else
static_assert(sizeof(Check<OverTls, tenon::topology::ClientServer, tenon::reliability::AckVector>) > 0);
#endif
