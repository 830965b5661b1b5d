// expect: Clock lacks: Instant next() const
#include "tenon/clock/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
    tenon::Rates rates() const { return {}; }
    void configure(const tenon::Rates&) {}
    bool input_due(tenon::Instant) { return true; }
    bool snapshot_due(tenon::Instant) { return true; }
    void touch() {}
#ifndef SHOULD_FAIL
    tenon::Instant next() const { return {}; }
#endif
};

static_assert(sizeof(tenon::CheckClock<Mine>) > 0);
