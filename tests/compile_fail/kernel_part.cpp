// expect: tenon: a session with clock::Kernel needs #include <tenon/room/lockstep_part.hpp>, which
#include "tenon/room/kernel_part.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/clock/kernel.hpp"

#ifdef SHOULD_FAIL
using Clock = tenon::clock::Kernel<60>;
#else
using Clock = tenon::clock::Independent<>;
#endif

static_assert(sizeof(tenon::KernelPart<int, int, Clock, int>) > 0);
