// expect: Transport lacks: void flush()
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    void flush() = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
