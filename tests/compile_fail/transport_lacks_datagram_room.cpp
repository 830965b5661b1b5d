// expect: Transport lacks: std::size_t datagram_room(const Address&), for what goes beside a connection
#include "whole_wire.hpp"

struct Wire : WholeConnections {
#ifdef SHOULD_FAIL
    std::size_t datagram_room(const Address&) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
