// expect: tenon: the name of a role has 1 to 24 bytes
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>,
                           tenon::Roles<tenon::Role<"whoever may say so much as a word">>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"viewer">>>;
#endif

static_assert(sizeof(Studio) > 0);
