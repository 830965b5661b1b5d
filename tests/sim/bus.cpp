#include "tenon/sim/bus.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tenon/sim/world.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

std::vector<std::string> heard(sim::Bus& end) {
    std::vector<std::string> all;
    end.poll([&](std::string_view subject, BytesIn message) {
        all.push_back(std::string(subject) + "=" + std::string(text_of(message)));
    });
    return all;
}

} // namespace

TEST_CASE("words on a simulated bus take their time, and get lost where the paths lose") {
    sim::World world(1, *sim::Faults::parse("latency_ms=20"));
    sim::Bus ann = world.bus(1), bob = world.bus(2), other = world.bus(2);
    REQUIRE(ann.subscribe("a"));
    REQUIRE(bob.subscribe("a.>"));
    REQUIRE(other.subscribe("a.b"));
    CHECK(ann.publish("a.b", bytes_of("one")));
    world.run(39_ms);
    CHECK(heard(bob).empty());
    world.run(2_ms);
    CHECK(heard(bob) == std::vector<std::string>{"a.b=one"});
    CHECK(heard(other) == std::vector<std::string>{"a.b=one"});
    CHECK(heard(ann).empty());

    sim::Path lossy;
    lossy.loss = 0.5;
    world.network().set_path(1, sim::broker_host, lossy);
    for (int i = 0; i < 200; ++i) (void)ann.publish("a.b", bytes_of("two"));
    world.run(1_s);
    const std::size_t arrived = heard(bob).size();
    CHECK(arrived > 50);
    CHECK(arrived < 150);
}

TEST_CASE("a bus may be out, and its hosts may be parted from it") {
    sim::World world(1);
    sim::Bus ann = world.bus(1), bob = world.bus(2), cyd = world.bus(3);
    for (sim::Bus* end : {&ann, &bob, &cyd}) REQUIRE(end->subscribe("a"));
    world.bus_out(1_s);
    (void)ann.publish("a", bytes_of("one"));
    world.run(1100_ms);
    CHECK(heard(bob).empty());
    world.partition({2}, 1_s);
    (void)ann.publish("a", bytes_of("two"));
    world.run(1100_ms);
    CHECK(heard(bob).empty());
    CHECK(heard(cyd) == std::vector<std::string>{"a=two"});
    world.network().cut(1, sim::broker_host);
    (void)ann.publish("a", bytes_of("three"));
    world.run(1_s);
    CHECK(heard(cyd).empty());
    world.calm();
    (void)ann.publish("a", bytes_of("four"));
    world.run(1_s);
    CHECK(heard(cyd) == std::vector<std::string>{"a=four"});
}

TEST_CASE("a closed end is deaf and dumb, and what is damaged hurts nobody") {
    sim::World world(3, *sim::Faults::parse("latency_ms=1"));
    sim::Bus ann = world.bus(1), bob = world.bus(2), none;
    REQUIRE(bob.subscribe("a"));
    sim::Path noisy;
    noisy.corrupt = 1;
    world.network().set_path(1, sim::broker_host, noisy);
    for (int i = 0; i < 500; ++i) (void)ann.publish("a", bytes_of("x"));
    world.run(1_s);
    CHECK(heard(bob).size() < 500);
    bob.close();
    CHECK_FALSE(bob.is_open());
    CHECK(bob.publish("a", {}).error() == Error::closed);
    CHECK(none.subscribe("a").error() == Error::closed);
    none = std::move(ann);
    CHECK(none.is_open());
    CHECK(none.publish(std::string(65, 'x'), {}).error() == Error::too_large);
}

static_assert(tenon::BusPolicy<tenon::sim::Bus>);
