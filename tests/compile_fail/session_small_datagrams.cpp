// expect: tenon: the transport's datagrams are too small for a handshake; 512 bytes are the least
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Radio : tenon::transport::Memory {
#ifdef SHOULD_FAIL
    static constexpr tenon::TransportTraits traits{.datagram_bytes = 200};
#else
    static constexpr tenon::TransportTraits traits{.datagram_bytes = 600};
#endif
};
template <class Game, class Transport, class Topology, class Reliability>
using Check = tenon::detail::CheckSession<Game, Transport, tenon::codec::Bits, tenon::clock::Independent<>,
                                          Topology, Reliability>;

static_assert(sizeof(Check<tenon::Game<"g", 1, tenon::Event<Shot>>, Radio, tenon::topology::ClientServer,
                           tenon::reliability::AckVector>) > 0);
