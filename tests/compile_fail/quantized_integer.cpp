// expect: tenon: quantized(x, lo, hi, step) takes a float or a double; write ranged(n, lo, hi) for integers
#include "tenon/schema/quantized.hpp"

int level = 0;

#ifdef SHOULD_FAIL
auto field = tenon::quantized(level, 0, 10, 1);
#else
auto field = tenon::ranged(level, 0, 10);
#endif
