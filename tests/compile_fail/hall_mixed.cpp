// expect: tenon: a Hall listens on one road, and Several are for one room; give it one of them
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/stream.hpp"
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
struct Keeper {
    void on(tenon::PeerId, const Shot&) {}
};

#ifdef SHOULD_FAIL
using Transport = tenon::transport::Several<tenon::transport::Memory, tenon::sim::Stream>;
#else
using Transport = tenon::sim::Stream;
#endif

static_assert(sizeof(tenon::Hall<tenon::Plays<Net<Transport>, Keeper>>) > 0);
