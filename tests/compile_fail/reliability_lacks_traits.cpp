// expect: Reliability lacks: static constexpr ReliabilityTraits traits
#include "tenon/reliability/concept.hpp"

struct Mine {
#ifndef SHOULD_FAIL
    static constexpr tenon::ReliabilityTraits traits{};
#endif
    using Machine = tenon::reliability::NoMachine;
};

static_assert(sizeof(tenon::CheckReliability<Mine>) > 0);
