// expect: tenon: under this topology the host decides for as long as the room lives; choose AuthorityHosted
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};

#ifdef SHOULD_FAIL
using Topology = tenon::topology::ClientServer;
#else
using Topology = tenon::topology::AuthorityHosted<>;
#endif
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                   tenon::clock::Independent<>, Topology, tenon::reliability::AckVector>;

void decide(Net& net) { (void)net.set_authority(tenon::PeerId{1}); }
