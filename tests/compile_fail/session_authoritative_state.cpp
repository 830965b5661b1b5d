// expect: tenon: authoritative shows a Component of the game; a State is shown by latest
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
auto seen(Net& net) { return net.authoritative<Tag>({}); }
#else
auto seen(Net& net) { return net.authoritative<Ship>({}); }
#endif
