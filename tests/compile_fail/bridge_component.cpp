// expect: tenon: a Bridge carries Components of the Game: add Component<T> to it
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/ecs/bridge.hpp"
#include "tenon/ecs/registry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Ball {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Hat {
    int size = 0;
    void serialize(auto& ar) { ar(size); }
};
template <class... Entries>
using Net = tenon::Session<tenon::Game<"court", 1, Entries...>, tenon::transport::Memory, tenon::codec::Bits,
                           tenon::clock::Independent<>, tenon::topology::ClientServer,
                           tenon::reliability::AckVector>;
using Registry = tenon::ecs::Registry<tenon::ecs::NetworkEntity, Ball, Hat>;

#ifdef SHOULD_FAIL
using Match = Net<tenon::Component<Ball>>;
#else
using Match = Net<tenon::Component<Ball>, tenon::Component<Hat>>;
#endif
static_assert(sizeof(tenon::ecs::Bridge<Match, Registry, Hat>) > 0);
