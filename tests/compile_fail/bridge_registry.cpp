// expect: Registry lacks: template <class T> T* try_get(Entity), for each component that travels
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

#ifdef SHOULD_FAIL
using Registry = tenon::ecs::Registry<tenon::ecs::NetworkEntity, Ball>;
#else
using Registry = tenon::ecs::Registry<tenon::ecs::NetworkEntity, Ball, Hat>;
#endif
using Match = Net<tenon::Component<Ball>, tenon::Component<Hat>>;
static_assert(sizeof(tenon::ecs::Bridge<Match, Registry>) > 0);
