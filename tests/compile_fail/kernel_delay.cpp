// expect: tenon: clock::Kernel: 0 <= delay <= delay_max <= 60
#include "tenon/clock/kernel.hpp"

#ifdef SHOULD_FAIL
tenon::clock::Kernel<60, tenon::clock::KernelOptions{.delay = 9, .delay_max = 8}> clock_of_game;
#else
tenon::clock::Kernel<60, tenon::clock::KernelOptions{.delay = 8, .delay_max = 8}> clock_of_game;
#endif
