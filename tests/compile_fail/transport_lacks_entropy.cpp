// expect: Transport lacks: std::uint64_t entropy()
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    std::uint64_t entropy() = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
