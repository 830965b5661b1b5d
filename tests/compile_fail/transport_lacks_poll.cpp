// expect: Transport lacks: template <class F> void poll(F&&)
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    template <class F>
    void poll(F&&) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
