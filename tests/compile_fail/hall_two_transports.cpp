// expect: tenon: the sessions of a Hall have different transports, and it has one port; give all of them the
// same
#include "hall_net.hpp"

struct Own : tenon::transport::Memory {};
#ifdef SHOULD_FAIL
using Other = Own;
#else
using Other = tenon::transport::Memory;
#endif
static_assert(
    sizeof(tenon::Hall<tenon::Plays<Net<"arena">, Keeper>, tenon::Plays<Net<"chat", Other>, Keeper>>) > 0);
