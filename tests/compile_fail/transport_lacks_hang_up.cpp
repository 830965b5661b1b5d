// expect: Transport lacks: void hang_up(const Address&), which ends a connection when all has left
#include "whole_wire.hpp"

struct Wire : WholeConnections {
#ifdef SHOULD_FAIL
    void hang_up(const Address&) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
