// expect: Transport lacks: BytesOut prepare(const Address&, Lane, std::size_t) and Sent commit(std::size_t),
// by which a connection promises room
#include "whole_wire.hpp"

struct Wire : WholeConnections {
#ifdef SHOULD_FAIL
    tenon::BytesOut prepare(const Address&, tenon::Lane, std::size_t) = delete;
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
