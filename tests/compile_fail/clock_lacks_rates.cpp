// expect: Clock lacks: Rates rates() const and void configure(const Rates&)
#include "tenon/clock/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
#ifndef SHOULD_FAIL
    tenon::Rates rates() const { return {}; }
    void configure(const tenon::Rates&) {}
#endif
    bool input_due(tenon::Instant) { return true; }
    bool snapshot_due(tenon::Instant) { return true; }
    void touch() {}
    tenon::Instant next() const { return {}; }
};

static_assert(sizeof(tenon::CheckClock<Mine>) > 0);
