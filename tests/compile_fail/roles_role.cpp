// expect: tenon: Roles<roles...>: each is Role<name, TheTypes...>
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<Cursor>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"viewer", Cursor>>>;
#endif

static_assert(sizeof(Studio) > 0);
