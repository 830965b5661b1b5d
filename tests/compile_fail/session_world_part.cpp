// expect: tenon: a session whose game has a Component needs #include <tenon/room/world_room.hpp>,
#include "tenon/profile/action.hpp"
#include "tenon/transport/memory.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Tag {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};

#ifdef SHOULD_FAIL
tenon::profile::Action<tenon::Game<"g", 1, tenon::Component<Ship>>, tenon::transport::Memory> net;
#else
tenon::profile::Action<tenon::Game<"g", 1, tenon::State<Ship>>, tenon::transport::Memory> net;
#endif
