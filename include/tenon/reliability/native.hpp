#pragma once
// Native: the transport loses nothing and keeps the order, so nothing is numbered, acknowledged or sent
// again. Over a transport with connections every session has it, whichever policy its alias names.

#include <type_traits>

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

// And where it has streams for single frames: large messages that nobody promised an order leave in those.
struct NativeWithBulk {
    static constexpr ReliabilityTraits traits{
        .reliable = true, .ordered = true, .native = true, .datagrams = true, .bulk = true};
    using Machine = NoMachine;
};

// Which of them it is over a transport with those traits.
template <bool datagrams, bool bulk>
using NativeOver =
    std::conditional_t<bulk, NativeWithBulk, std::conditional_t<datagrams, NativeWithDatagrams, Native>>;

} // namespace tenon::reliability
