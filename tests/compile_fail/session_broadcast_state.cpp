// expect: tenon: broadcast takes an Event of the game; states and commands are provided by the handlers
#include "tenon/profile/action.hpp"
#include "tenon/transport/memory.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net = tenon::profile::Action<tenon::Game<"g", 1, tenon::State<Ship>, tenon::Event<Shot>>,
                                   tenon::transport::Memory>;

#ifdef SHOULD_FAIL
auto sent(Net& net) { return net.broadcast(Ship{}); }
#else
auto sent(Net& net) { return net.broadcast(Shot{}); }
#endif
