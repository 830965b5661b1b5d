// expect: tenon: the game has an Ordered event, and this reliability policy keeps no order; choose AckVector
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
#ifdef SHOULD_FAIL
using Delivery = tenon::Ordered;
#else
using Delivery = tenon::Reliable;
#endif
template <class Game, class Transport, class Topology, class Reliability>
using Check = tenon::detail::CheckSession<Game, Transport, tenon::codec::Bits, tenon::clock::Independent<>,
                                          Topology, Reliability>;

static_assert(sizeof(Check<tenon::Game<"g", 1, tenon::Event<Shot, Delivery>>, tenon::transport::Memory,
                           tenon::topology::ClientServer, tenon::reliability::AckRetry>) > 0);
