// expect: Transport lacks: struct Address, a plain value with operator==
#include "whole_wire.hpp"

struct Wire : WholeWire {
#ifdef SHOULD_FAIL
    struct Address {
        std::string_view text() const { return "somewhere"; }
        bool operator==(const Address&) const = default;
    };
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
