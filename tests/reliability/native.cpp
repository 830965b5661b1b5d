#include "tenon/reliability/native.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("what the transport does itself is promised, and nothing is done for it") {
    constexpr ReliabilityTraits traits = reliability::Native::traits;
    CHECK(traits.native);
    CHECK(traits.reliable);
    CHECK(traits.ordered);
    CHECK_FALSE(traits.gives_up);
    reliability::Native::Machine machine{Random(1)};
    CHECK_FALSE(machine.pending(Instant{}));
    CHECK(machine.deadline() == Instant::never());
}

static_assert(tenon::ReliabilityPolicy<tenon::reliability::Native> &&
              tenon::ReliabilityPolicy<tenon::reliability::NativeWithDatagrams> &&
              tenon::ReliabilityPolicy<tenon::reliability::NativeWithBulk>);
