// expect: Transport lacks: a move constructor
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    Wire() = default;
    Wire(const Wire&) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
