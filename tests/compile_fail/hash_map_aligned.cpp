// expect: tenon: a HashMap's items can't be that aligned
#include "tenon/core/hash_map.hpp"

#ifdef SHOULD_FAIL
struct alignas(64) Wide {
    int x = 0;
};
#else
struct alignas(16) Wide {
    int x = 0;
};
#endif

struct Key {
    std::uint64_t value = 0;
    std::uint64_t hash() const { return value; }
    friend bool operator==(const Key&, const Key&) = default;
};
tenon::HashMap<Key, Wide> items{8, 1};
