// expect: tenon: a game's type needs a default constructor, since it is decoded into
#include "tenon/schema/game.hpp"

struct Ship {
    explicit Ship(float at) : x(at) {}
#ifndef SHOULD_FAIL
    Ship() = default;
#endif
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>>;

static_assert(sizeof(Arena) > 0);
