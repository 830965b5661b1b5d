// expect: Transport lacks: void wait(Instant)
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    void wait(tenon::Instant) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
