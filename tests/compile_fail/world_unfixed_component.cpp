// expect: tenon: a Component has fields of fixed number: send lists and strings as an Event
#include "tenon/replica/cells.hpp"

#include <vector>

struct Tail {
#ifdef SHOULD_FAIL
    std::vector<int> parts;
#else
    int parts[4] = {};
#endif
    void serialize(auto& ar) { ar(parts); }
};

void describe(tenon::Layout& layout) { tenon::describe_cells<Tail>(layout); }
