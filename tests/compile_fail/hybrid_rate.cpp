// expect: tenon: Hybrid takes from 1 to 1000 boundaries a second
#include "tenon/clock/hybrid.hpp"

#ifdef SHOULD_FAIL
constexpr unsigned hz = 0;
#else
constexpr unsigned hz = 20;
#endif

tenon::clock::Hybrid<hz> wanted;
