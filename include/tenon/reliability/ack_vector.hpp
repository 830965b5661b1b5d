#pragma once
// AckVector: every packet is acknowledged, and what a lost one carried is sent again in the next. The
// default.

#include "tenon/reliability/concept.hpp"

namespace tenon::reliability {

struct AckVector {
    static constexpr ReliabilityTraits traits{.reliable = true, .ordered = true};
    using Machine = NoMachine;
};

} // namespace tenon::reliability
