// expect: tenon: a place has two coordinates or three
#include "tenon/replica/grid.hpp"

#ifdef SHOULD_FAIL
tenon::Point<4> somewhere;
#else
tenon::Point<3> somewhere;
#endif
