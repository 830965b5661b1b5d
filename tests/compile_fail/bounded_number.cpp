// expect: tenon: bounded(c, max) takes a string or a container that grows
#include <vector>

#include "tenon/schema/shape.hpp"

struct Crew {
    int size = 0;
    std::vector<int> ranks;
#ifdef SHOULD_FAIL
    void serialize(auto& ar) { ar(tenon::bounded(size, 10)); }
#else
    void serialize(auto& ar) { ar(tenon::bounded(ranks, 10)); }
#endif
};

std::uint64_t hash = tenon::shape_hash<Crew>();
