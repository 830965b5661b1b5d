// expect: tenon: the handlers don't hear a Reliable or Ordered event of the game;
#include "tenon/profile/action.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Net = tenon::profile::Action<tenon::Game<"g", 1, tenon::Event<Shot, tenon::Reliable>>,
                                   tenon::transport::Memory>;

struct Player {
#ifndef SHOULD_FAIL
    void on(tenon::PeerId, const Shot&) {}
#endif
};

void turn(Net& net, Player& player) { net.tick({}, player); }
