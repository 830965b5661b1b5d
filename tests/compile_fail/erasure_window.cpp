// expect: tenon: the window of a code must be a power of two
#include "tenon/reliability/erasure.hpp"

#ifdef SHOULD_FAIL
tenon::reliability::ErasureEncoder<12> encoder;
#else
tenon::reliability::ErasureEncoder<16> encoder;
#endif
