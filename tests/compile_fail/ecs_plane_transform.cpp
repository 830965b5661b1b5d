// expect: tenon: BasicPlaneTransform<Reach, Grain, MostSpeed>: each is above 0
#include "tenon/ecs/components.hpp"

#ifdef SHOULD_FAIL
static_assert(sizeof(tenon::ecs::BasicPlaneTransform<0>) > 0);
#else
static_assert(sizeof(tenon::ecs::BasicPlaneTransform<100>) > 0);
#endif
