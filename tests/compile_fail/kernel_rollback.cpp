// expect: tenon: clock::Kernel: rollback is at most 60, and catch_up and snapshots at least 1
#include "tenon/clock/kernel.hpp"

#ifdef SHOULD_FAIL
tenon::clock::Kernel<60, tenon::clock::KernelOptions{.rollback = 61}> clock_of_game;
#else
tenon::clock::Kernel<60, tenon::clock::KernelOptions{.rollback = 60}> clock_of_game;
#endif
