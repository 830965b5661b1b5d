// expect: tenon: the rooms of a Hall are where the Hall is, and this topology lets a guest take over; choose
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
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
struct Keeper {
    void on(tenon::PeerId, const Shot&) {}
};
#ifdef SHOULD_FAIL
using Topology = tenon::topology::AuthorityHosted<>;
#else
using Topology = tenon::topology::ClientServer;
#endif
using Net =
    tenon::Session<tenon::Game<"arena", 1, tenon::Event<Shot, tenon::Reliable>>, tenon::transport::Memory,
                   tenon::codec::Bits, tenon::clock::Independent<>, Topology, tenon::reliability::AckVector>;

static_assert(sizeof(tenon::Hall<tenon::Plays<Net, Keeper>>) > 0);
