// expect: tenon: a game's type has no serialize: give it template <class Archive> void
#include "tenon/schema/game.hpp"

struct Ship {
    Ship() {}
    float x = 0;
#ifndef SHOULD_FAIL
    void serialize(auto& ar) { ar(x); }
#endif
};
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>>;

static_assert(sizeof(Arena) > 0);
