// expect: tenon: the handlers lack the step of a Kernel clock;
#include "tenon/profile/lockstep.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net = tenon::profile::Lockstep<tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory>;

struct Battle {
    Shot command() { return {}; }
#ifndef SHOULD_FAIL
    void step(tenon::Tick, const tenon::Inputs<Shot>&) {}
#endif
    void serialize(auto& ar) { ar(sum); }
    int sum = 0;
};

void turn(Net& net, Battle& battle) { net.tick({}, battle); }
