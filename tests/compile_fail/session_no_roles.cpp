// expect: tenon: the game has no roles; write Roles<Role<name, TheTypes...>, ...> behind its types
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};

#ifdef SHOULD_FAIL
using Rules = tenon::Game<"g", 1, tenon::Event<Shot>>;
#else
using Rules = tenon::Game<"g", 1, tenon::Event<Shot>, tenon::Roles<tenon::Role<"gunner", Shot>>>;
#endif
using Net = tenon::Session<Rules, tenon::transport::Memory, tenon::codec::Bits, tenon::clock::Independent<>,
                           tenon::topology::ClientServer, tenon::reliability::AckVector>;

void promote(Net& net) { (void)net.set_role(tenon::PeerId{1}, "gunner"); }
