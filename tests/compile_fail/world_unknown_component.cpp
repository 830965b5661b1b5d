// expect: tenon: this component is not in the Game: add Component<T> to it
#include "tenon/replica/world.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Rock {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
using Sky = tenon::World<tenon::Game<"g", 1, tenon::Component<Ship>>>;

#ifdef SHOULD_FAIL
auto set(Sky& world) { return world.set(world.spawn(), Rock{}); }
#else
auto set(Sky& world) { return world.set(world.spawn(), Ship{}); }
#endif
