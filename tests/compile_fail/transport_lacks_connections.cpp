// expect: Transport lacks: connections, beside which traits.datagrams says that it carries datagrams
#include "whole_wire.hpp"

struct Wire : WholeConnections {
#ifdef SHOULD_FAIL
    static constexpr tenon::TransportTraits traits{.datagrams = true};
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
