// expect: tenon: a game has at most 16 roles
#include "tenon/schema/game.hpp"

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};

template <tenon::FixedString First>
using Many =
    tenon::Roles<tenon::Role<First>, tenon::Role<"b">, tenon::Role<"c">, tenon::Role<"d">, tenon::Role<"e">,
                 tenon::Role<"f">, tenon::Role<"g">, tenon::Role<"h">, tenon::Role<"i">, tenon::Role<"j">,
                 tenon::Role<"k">, tenon::Role<"l">, tenon::Role<"m">, tenon::Role<"n">, tenon::Role<"o">,
                 tenon::Role<"p">, tenon::Role<"q">>;

#ifdef SHOULD_FAIL
using Studio = tenon::Game<"studio", 1, tenon::State<Cursor>, Many<"a">>;
#else
using Studio =
    tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Roles<tenon::Role<"a">, tenon::Role<"b">>>;
#endif

static_assert(sizeof(Studio) > 0);
