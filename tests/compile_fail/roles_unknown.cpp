// expect: tenon: a Role names a type that is not in the Game: add State<T>, Component<T>,
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"viewer", Edit>>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"viewer", Cursor>>>;
#endif

static_assert(sizeof(Studio) > 0);
