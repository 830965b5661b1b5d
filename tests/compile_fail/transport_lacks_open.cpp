// expect: Transport lacks: Result<Address> open(std::uint16_t port)
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    tenon::Result<Address> open(std::uint16_t) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
