// expect: tenon: a guest goes on from another port by datagrams, and a connection stays where it is; leave()
// and join() again
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, tenon::sim::Stream, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;

void walk(Net& net) {
#ifdef SHOULD_FAIL
    (void)net.move();
#else
    net.leave();
#endif
}
