// expect: tenon: a role stands twice in Roles: give each a name of its own
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>,
                           tenon::Roles<tenon::Role<"viewer">, tenon::Role<"viewer", Cursor>>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>,
                           tenon::Roles<tenon::Role<"viewer">, tenon::Role<"editor", Cursor>>>;
#endif

static_assert(sizeof(Studio) > 0);
