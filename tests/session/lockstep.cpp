// A session in lockstep that has settled allocates nothing: neither inputs nor states, checksums nor reruns.
#include <doctest/doctest.h>

#include <array>

#include "allocations.hpp"
#include "tenon/profile/lockstep.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Push {
    std::int8_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Rules = Game<"push", 1, Command<Push>>;
using Locked = profile::Lockstep<Rules, transport::Memory>;

struct Field {
    std::array<std::int32_t, 100> at{};
    std::int8_t next = 0;

    Push command() { return {++next}; }
    void step(Tick tick, const Inputs<Push>& inputs) {
        for (const Input<Push>& input : inputs) at[tick.value % at.size()] += input.order.by;
    }
    void serialize(auto& ar) { ar(at); }
};

} // namespace

TEST_CASE("a lockstep that has settled allocates nothing") {
    transport::Exchange exchange(5);
    Locked host({.seed = 1}, transport::Memory(exchange, 1)),
        guest({.seed = 2}, transport::Memory(exchange, 2)),
        third({.seed = 3}, transport::Memory(exchange, 3));
    Field fields[3];
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    REQUIRE(third.join("host1:4000"));
    Instant now{1'000'000'000};
    // What is said arrives two turns later, so that guesses are made, and are wrong.
    const auto play = [&](int turns) {
        for (int i = 0; i < turns; ++i, now += 16_ms) {
            host.tick(now, fields[0]);
            guest.tick(now, fields[1]);
            third.tick(now, fields[2]);
            if (i % 2 != 0) exchange.deliver_all();
        }
    };
    play(600);
    REQUIRE(guest.lockstep().settled.value > 400);
    const std::uint64_t before = guest.lockstep().settled.value, rerun = guest.lockstep().rerun;
    const allocations::Count count;
    play(600);
    CHECK(count.calls() == 0);
    CHECK(guest.lockstep().settled.value > before + 500);
    CHECK(guest.lockstep().rerun > rerun);
}
