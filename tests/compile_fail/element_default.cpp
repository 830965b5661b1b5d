// expect: tenon: an element of a message is not default-constructible: give it a default constructor
#include <vector>

#include "tenon/schema/shape.hpp"

struct Sailor {
    explicit Sailor(int number) : rank(number) {}
#ifndef SHOULD_FAIL
    Sailor() = default;
#endif
    int rank = 0;
    void serialize(auto& ar) { ar(rank); }
};
struct Crew {
    std::vector<Sailor> all;
    void serialize(auto& ar) { ar(all); }
};

std::uint64_t hash = tenon::shape_hash<Crew>();
