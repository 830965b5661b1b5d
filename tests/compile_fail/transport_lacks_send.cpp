// expect: Transport lacks: Sent send(const Address&, Lane, BytesIn)
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    tenon::Sent send(const Address&, tenon::Lane, tenon::BytesIn) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
