// expect: tenon: who may take over is told to the others by its address, and this transport's can't be read
#include "instantiate/archetypes.hpp"
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
#ifdef SHOULD_FAIL
using Transport = archetype::Transport;
#else
using Transport = tenon::transport::Memory;
#endif
static_assert(
    sizeof(tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Transport, tenon::codec::Bits,
                                       tenon::clock::Independent<>, tenon::topology::AuthorityHosted<>,
                                       tenon::reliability::AckVector>) > 0);
