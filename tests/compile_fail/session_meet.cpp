// expect: tenon: this topology has no bus on which its peers could meet; choose topology::Hybrid<Bus>
#include "tenon/bus/hybrid.hpp"
#include "tenon/bus/local.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};

#ifdef SHOULD_FAIL
using Topology = tenon::topology::AuthorityHosted<>;
#else
using Topology = tenon::topology::Hybrid<tenon::bus::Local>;
#endif
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                   tenon::clock::Independent<>, Topology, tenon::reliability::AckVector>;

void find(Net& net, tenon::bus::Hub& hub) { (void)net.meet(tenon::bus::Local(hub)); }
