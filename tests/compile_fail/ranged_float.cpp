// expect: tenon: ranged(n, lo, hi) takes an integer or an enum; write quantized(x, lo, hi, step) for floats
#include "tenon/schema/quantized.hpp"

float x = 0;

#ifdef SHOULD_FAIL
auto field = tenon::ranged(x, 0.0f, 1.0f);
#else
auto field = tenon::quantized(x, 0, 1, 0.1);
#endif
