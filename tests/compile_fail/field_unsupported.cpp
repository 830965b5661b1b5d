// expect: tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar)
#include "tenon/schema/shape.hpp"

struct Sailor {
    Sailor() {}
    int rank = 0;
#ifndef SHOULD_FAIL
    void serialize(auto& ar) { ar(rank); }
#endif
};
struct Crew {
    Sailor captain;
    void serialize(auto& ar) { ar(captain); }
};

std::uint64_t hash = tenon::shape_hash<Crew>();
