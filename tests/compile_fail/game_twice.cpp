// expect: tenon: a type stands twice in Game: wrap the second in a struct of its own
#include "tenon/schema/game.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Wreck : Ship {};

#ifdef SHOULD_FAIL
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>, tenon::Event<Ship>>;
#else
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>, tenon::Event<Wreck>>;
#endif

static_assert(sizeof(Arena) > 0);
