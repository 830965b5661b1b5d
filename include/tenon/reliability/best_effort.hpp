#pragma once
// BestEffort: no event is promised. A game that declares a Reliable or Ordered event is refused when it is
// compiled.

#include "tenon/reliability/concept.hpp"

namespace tenon::reliability {

struct BestEffort {
    static constexpr ReliabilityTraits traits{};
    using Machine = NoMachine;
};

} // namespace tenon::reliability
