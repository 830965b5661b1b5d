// expect: tenon: under clock::Kernel every peer has the whole state, and Components are told by
#include "tenon/profile/lockstep.hpp"
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
struct Steer {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
#ifdef SHOULD_FAIL
using Sky = tenon::Game<"g", 1, tenon::Component<Ship>, tenon::Command<Steer>>;
#else
using Sky = tenon::Game<"g", 1, tenon::Command<Steer>>;
#endif

#ifdef SHOULD_FAIL
tenon::profile::Lockstep<Sky, tenon::transport::Memory> net;
#else
tenon::profile::Lockstep<Sky, tenon::transport::Memory> net;
#endif
