// expect: tenon: view shows a State or a Component of the game
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
auto seen(Net& net) { return net.view<Shot>({}); }
#else
auto seen(Net& net) { return net.view<Ship>({}); }
#endif
