// expect: tenon: a game's type is a plain type, neither a reference nor const
#include "tenon/schema/game.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};

#ifdef SHOULD_FAIL
using Arena = tenon::Game<"arena", 1, tenon::State<const Ship>>;
#else
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>>;
#endif

static_assert(sizeof(Arena) > 0);
