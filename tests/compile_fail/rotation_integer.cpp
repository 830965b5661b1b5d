// expect: tenon: rotation(x, y, z, w, step) takes floats or doubles
#include "tenon/schema/rotation.hpp"

#ifdef SHOULD_FAIL
int part = 0;
#else
float part = 0;
#endif
auto field = tenon::rotation(part, part, part, part, 0.001f);
