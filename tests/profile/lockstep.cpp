#include "tenon/profile/lockstep.hpp"

#include <doctest/doctest.h>

#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Move {
    std::int32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Rules = Game<"race", 1, Command<Move>>;
using Net = profile::Lockstep<Rules, transport::Memory>;

struct Race {
    std::int64_t where = 0;
    int commands = 0, steps = 0;

    Move command() { return ++commands, Move{1}; }
    void step(Tick, const Inputs<Move>& inputs) {
        ++steps;
        for (const Input<Move>& input : inputs) where += input.order.by;
    }
    void serialize(auto& ar) { ar(where); }
};

} // namespace

TEST_CASE("Lockstep asks and runs sixty times a second, on both sides the same, and then sleeps") {
    transport::Exchange exchange(1);
    Net host({}, transport::Memory(exchange, 1)), guest({}, transport::Memory(exchange, 2));
    Race at_host, at_guest;
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    Instant now{1'000'000'000};
    const auto play = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            guest.tick(now, at_guest);
            exchange.deliver_all();
            host.tick(now, at_host);
            exchange.deliver_all();
        }
    };
    play(1_s);
    REQUIRE(guest.status() == Status::joined);
    const LockstepFigures before = host.lockstep();
    at_host.commands = at_guest.commands = 0;
    play(10_s);
    for (const Net* net : {&host, &guest}) {
        CHECK(net->lockstep().next.value - before.next.value >= 599);
        CHECK(net->lockstep().next.value - before.next.value <= 602);
        CHECK(net->lockstep().delay == 0);
    }
    for (const Race* race : {&at_host, &at_guest}) {
        CHECK(race->commands >= 599);
        CHECK(race->commands <= 602);
    }
    for (int i = 0; i < 50 && host.lockstep().settled != guest.lockstep().settled; ++i) play(1_ms);
    CHECK(host.lockstep().checksum == guest.lockstep().checksum);
    CHECK(guest.resync(PeerId{0}).error() == Error::unknown_peer);
    // A loop that waits for the next deadline turns a few times a tick, no more.
    int turns = 0;
    for (const Instant end = now + 1_s; now < end; ++turns) {
        host.tick(now, at_host);
        now = max(host.next_deadline(), now + 100_us);
    }
    CHECK(turns < 300);
}
