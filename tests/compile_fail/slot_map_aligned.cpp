// expect: tenon: a SlotMap's items can't be that aligned
#include "tenon/core/slot_map.hpp"

#ifdef SHOULD_FAIL
struct alignas(64) Wide {
    int x = 0;
};
#else
struct alignas(16) Wide {
    int x = 0;
};
#endif

tenon::SlotMap<Wide> items;
