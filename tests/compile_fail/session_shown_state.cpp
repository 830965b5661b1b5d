// expect: tenon: shown shows a Component of the game
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
using Net = tenon::profile::Action<tenon::Game<"g", 1, tenon::Component<Ship>, tenon::State<Tag>>,
                                   tenon::transport::Memory>;

#ifdef SHOULD_FAIL
auto seen(Net& net) { return net.shown<Tag>({}, {}); }
#else
auto seen(Net& net) { return net.shown<Ship>({}, {}); }
#endif
