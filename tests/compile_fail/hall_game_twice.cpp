// expect: tenon: two of a Hall's sessions play games of one name, and callers say only the name; give each
// Game its own
#include "hall_net.hpp"

#ifdef SHOULD_FAIL
using Second = Net<"arena">;
#else
using Second = Net<"chat">;
#endif
static_assert(sizeof(tenon::Hall<tenon::Plays<Net<"arena">, Keeper>, tenon::Plays<Second, Keeper>>) > 0);
