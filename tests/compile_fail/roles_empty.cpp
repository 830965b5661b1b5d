// expect: tenon: Roles<> is empty: write Role<name, TheTypes...> for each, or leave it out
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>>;
#endif

static_assert(sizeof(Studio) > 0);
