// expect: tenon: only a game with a Component has a world
#include "tenon/profile/action.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/transport/memory.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Tag {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
using Without = tenon::profile::Action<tenon::Game<"g", 1, tenon::State<Ship>>, tenon::transport::Memory>;
using Net = tenon::profile::Action<tenon::Game<"g", 1, tenon::Component<Ship>>, tenon::transport::Memory>;

#ifdef SHOULD_FAIL
auto world(Without& net) { return net.world(); }
#else
auto world(Net& net) { return net.world(); }
#endif
