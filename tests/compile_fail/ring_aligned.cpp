// expect: tenon: a Ring's items can't be that aligned
#include "tenon/core/ring.hpp"

#ifdef SHOULD_FAIL
struct alignas(64) Wide {
    int x = 0;
};
#else
struct alignas(16) Wide {
    int x = 0;
};
#endif

tenon::Ring<Wide> ring;
