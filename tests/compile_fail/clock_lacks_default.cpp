// expect: Clock lacks: a default constructor
#include "tenon/clock/concept.hpp"

struct Mine {
    explicit Mine(int) {}
#ifndef SHOULD_FAIL
    Mine() = default;
#endif
    tenon::Rates rates() const { return {}; }
    void configure(const tenon::Rates&) {}
    bool input_due(tenon::Instant) { return true; }
    bool snapshot_due(tenon::Instant) { return true; }
    void touch() {}
    tenon::Instant next() const { return {}; }
};

static_assert(sizeof(tenon::CheckClock<Mine>) > 0);
