// expect: tenon: the ticks of clock::Kernel are closed by one host for as long as the room lives, and this
// topology
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/clock/kernel.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};

#ifdef SHOULD_FAIL
using Topology = tenon::topology::AuthorityHosted<>;
#else
using Topology = tenon::topology::ClientServer;
#endif
static_assert(sizeof(tenon::detail::CheckSession<
                     tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                     tenon::clock::Kernel<60>, Topology, tenon::reliability::AckVector>) > 0);
