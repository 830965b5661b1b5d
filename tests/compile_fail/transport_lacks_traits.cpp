// expect: Transport lacks: static constexpr TransportTraits traits
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    struct traits;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
