// expect: tenon: angle(a, step) takes a float or a double
#include "tenon/schema/rotation.hpp"

#ifdef SHOULD_FAIL
int turn = 0;
#else
float turn = 0;
#endif
auto field = tenon::angle(turn, 0.01f);
