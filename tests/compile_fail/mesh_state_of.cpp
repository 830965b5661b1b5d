// expect: tenon: under Mesh every peer speaks for itself, and nobody is asked for another's
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/mesh.hpp"
#include "tenon/transport/memory.hpp"

struct Ship {
    int x = 0;
    void serialize(auto& ar) { ar(x); }
};
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::State<Ship>>, tenon::transport::Memory, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::Mesh<>, tenon::reliability::AckVector>;

struct Player {
    void on(tenon::PeerJoined) {}
#ifdef SHOULD_FAIL
    Ship state(tenon::PeerId) { return {}; }
#else
    Ship state() { return {}; }
#endif
};

void turn(Net& net, Player& player) { net.tick({}, player); }
