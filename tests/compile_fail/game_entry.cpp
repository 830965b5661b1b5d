// expect: tenon: Game<name, version, entries...>: each entry is State<T>, Component<T>, Command<T> or Event<T,
#include "tenon/schema/game.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};

#ifdef SHOULD_FAIL
using Arena = tenon::Game<"arena", 1, Ship>;
#else
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>>;
#endif

static_assert(sizeof(Arena) > 0);
