// expect: tenon: clock::Kernel runs on the inputs of all peers, and the game has no Command or several;
#include "tenon/check_session.hpp"
#include "tenon/clock/kernel.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
#ifdef SHOULD_FAIL
using Rules = tenon::Game<"g", 1, tenon::State<Shot>>;
#else
using Rules = tenon::Game<"g", 1, tenon::Command<Shot>>;
#endif

static_assert(sizeof(tenon::detail::CheckSession<Rules, tenon::transport::Memory, tenon::codec::Bits,
                                                 tenon::clock::Kernel<60>, tenon::topology::ClientServer,
                                                 tenon::reliability::AckVector>) > 0);
