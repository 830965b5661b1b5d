// The policies whose machine has nothing to say, and what each policy promises.
#include "tenon/reliability/best_effort.hpp"

#include <doctest/doctest.h>

#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/redundant.hpp"

using namespace tenon;

TEST_CASE("each policy says what it can promise") {
    using namespace reliability;
    static_assert(!BestEffort::traits.reliable && !BestEffort::traits.ordered &&
                  !BestEffort::traits.gives_up);
    static_assert(AckVector::traits.reliable && AckVector::traits.ordered && !AckVector::traits.gives_up);
    static_assert(AckRetry::traits.reliable && !AckRetry::traits.ordered && AckRetry::traits.gives_up);
    static_assert(Redundant<>::traits.reliable && Redundant<>::traits.ordered &&
                  Redundant<>::traits.redundant);
    static_assert(!AckVector::traits.redundant && !AckRetry::traits.redundant &&
                  !BestEffort::traits.redundant);
    static_assert(CheckReliability<AckVector>::ok && CheckReliability<Redundant<16, 1>>::ok);
    struct Nothing {};
    static_assert(!ReliabilityPolicy<Nothing>);
    CHECK(ReliabilityPolicy<AckRetryWith<RetryRule{.tries = 3}>>);
}

TEST_CASE("a machine with nothing to say writes nothing and is never due") {
    reliability::BestEffort::Machine machine(Random(1));
    std::byte buffer[100];
    PacketWriter packet(buffer, 0, 0);
    const std::size_t before = packet.size();
    CHECK_FALSE(machine.pending(Instant{}));
    CHECK_FALSE(machine.fill(Instant{}, {}, packet));
    CHECK(packet.size() == before);
    CHECK(machine.deadline() == Instant::never());
}

static_assert(tenon::ReliabilityPolicy<tenon::reliability::AckVector>);

static_assert(tenon::ReliabilityPolicy<tenon::reliability::BestEffort>);
