// expect: Transport lacks: std::size_t backlog(const Address&), the bytes that wait for a connection
#include "whole_wire.hpp"

struct Wire : WholeConnections {
#ifdef SHOULD_FAIL
    std::size_t backlog(const Address&) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
