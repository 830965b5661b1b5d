// expect: tenon: BasicState<Count, Value> has from 1 to 64 variables
#include "tenon/ecs/components.hpp"

#ifdef SHOULD_FAIL
static_assert(sizeof(tenon::ecs::BasicState<65>) > 0);
#else
static_assert(sizeof(tenon::ecs::BasicState<64>) > 0);
#endif
