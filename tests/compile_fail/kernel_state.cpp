// expect: tenon: the handlers lack the state of the simulation, which a Kernel clock compares, rolls back and
#include "tenon/profile/lockstep.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net = tenon::profile::Lockstep<tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory>;

struct Battle {
    int sum = 0;
    Shot command() { return {}; }
    void step(tenon::Tick, const tenon::Inputs<Shot>&) {}
#ifndef SHOULD_FAIL
    void serialize(auto& ar) { ar(sum); }
#endif
};

void turn(Net& net, Battle& battle) { net.tick({}, battle); }
