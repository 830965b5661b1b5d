// expect: tenon: Fallback is for who joins; who hosts takes Several of the same roads
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
template <class Transport>
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;

void play(Net<tenon::transport::Fallback<tenon::transport::Memory, tenon::sim::Stream>>& net) {
#ifdef SHOULD_FAIL
    (void)net.host(4000);
#else
    (void)net.join("host1:4000");
#endif
}
