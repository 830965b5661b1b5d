#pragma once
// The least of games, for sessions of a page that nobody answers.

#include "tenon/clock/independent.hpp"
#include "tenon/profile/action.hpp"

namespace pond {

using namespace tenon;

struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
using Pond = Game<"pond", 1, Command<Steer>>;
struct Player {
    int closed = 0;
    Steer command() { return {}; }
    void on(PeerId, const Steer&) {}
    void on(Closed) { ++closed; }
};

} // namespace pond
