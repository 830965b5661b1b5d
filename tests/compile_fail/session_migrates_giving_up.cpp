// expect: tenon: a room that outlives its host loses no reliable event, and this reliability policy gives
// them up;
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
using Reliability = tenon::reliability::AckRetry;
#else
using Reliability = tenon::reliability::AckVector;
#endif
static_assert(sizeof(tenon::detail::CheckSession<
                     tenon::Game<"g", 1, tenon::Event<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                     tenon::clock::Independent<>, tenon::topology::AuthorityHosted<>, Reliability>) > 0);
