#pragma once
// Native: the transport loses nothing and keeps the order, so nothing is numbered, acknowledged or sent
// again. Over a transport with connections every session has it, whichever policy its alias names.

#include "tenon/reliability/concept.hpp"

namespace tenon::reliability {

struct Native {
    static constexpr ReliabilityTraits traits{.reliable = true, .ordered = true, .native = true};
    using Machine = NoMachine;
};

// The same where the transport also carries datagrams: what may be lost goes in those.
struct NativeWithDatagrams {
    static constexpr ReliabilityTraits traits{
        .reliable = true, .ordered = true, .native = true, .datagrams = true};
    using Machine = NoMachine;
};

static_assert(ReliabilityPolicy<Native> && ReliabilityPolicy<NativeWithDatagrams>);

} // namespace tenon::reliability
