// expect: tenon: clock::Kernel<Hz> runs 1 to 1000 ticks a second
#include "tenon/clock/kernel.hpp"

#ifdef SHOULD_FAIL
tenon::clock::Kernel<0> clock_of_game;
#else
tenon::clock::Kernel<60> clock_of_game;
#endif
