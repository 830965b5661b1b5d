// expect: Clock lacks: bool input_due(Instant), bool snapshot_due(Instant) and void touch()
#include "tenon/clock/concept.hpp"

struct Mine {
    explicit Mine(int) {}
    Mine() = default;
    tenon::Rates rates() const { return {}; }
    void configure(const tenon::Rates&) {}
#ifndef SHOULD_FAIL
    bool input_due(tenon::Instant) { return true; }
    bool snapshot_due(tenon::Instant) { return true; }
    void touch() {}
#endif
    tenon::Instant next() const { return {}; }
};

static_assert(sizeof(tenon::CheckClock<Mine>) > 0);
