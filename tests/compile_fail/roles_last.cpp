// expect: tenon: Roles<...> stands in Game once, and behind all its types
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"viewer", Cursor>>,
                           tenon::Event<Edit>>;
#else
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Event<Edit>,
                           tenon::Roles<tenon::Role<"viewer", Cursor>>>;
#endif

static_assert(sizeof(Studio) > 0);
