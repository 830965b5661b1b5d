// expect: tenon: the handlers don't hear a Command of the game, as the authority must;
#include "tenon/profile/action.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net = tenon::profile::Action<tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory>;

struct Player {
#ifndef SHOULD_FAIL
    void on(tenon::PeerId, const Shot&) {}
#endif
};

void turn(Net& net, Player& player) { net.tick({}, player); }
