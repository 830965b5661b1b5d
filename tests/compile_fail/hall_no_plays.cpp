// expect: tenon: a Hall is made of the games that it hosts; write: tenon::Hall<tenon::Plays<TheSession,
// TheHandlers>>
#include "hall_net.hpp"

#ifdef SHOULD_FAIL
static_assert(sizeof(tenon::Hall<Net<"arena">>) > 0);
#else
static_assert(sizeof(tenon::Hall<tenon::Plays<Net<"arena">, Keeper>>) > 0);
#endif
