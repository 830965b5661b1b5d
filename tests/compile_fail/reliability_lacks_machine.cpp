// expect: Reliability lacks: struct Machine with Machine(Random), bool pending(Instant)
#include "tenon/reliability/concept.hpp"

struct Mine {
    static constexpr tenon::ReliabilityTraits traits{};
#ifndef SHOULD_FAIL
    using Machine = tenon::reliability::NoMachine;
#endif
};

static_assert(sizeof(tenon::CheckReliability<Mine>) > 0);
