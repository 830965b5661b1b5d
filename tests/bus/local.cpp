#include "tenon/bus/local.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using namespace tenon;

namespace {

std::vector<std::string> heard(bus::Local& end) {
    std::vector<std::string> all;
    end.poll([&](std::string_view subject, BytesIn message) {
        all.push_back(std::string(subject) + "=" + std::string(text_of(message)));
    });
    return all;
}

} // namespace

TEST_CASE("what is said under a subject is heard by all who have subscribed to it") {
    bus::Hub hub;
    bus::Local ann(hub), bob(hub), cyd(hub);
    CHECK(bob.subscribe("a.b"));
    CHECK(cyd.subscribe("a.>"));
    CHECK(ann.publish("a.b", bytes_of("one")));
    CHECK(ann.publish("a.c", bytes_of("two")));
    CHECK(ann.publish("b", bytes_of("three")));
    CHECK(heard(bob) == std::vector<std::string>{"a.b=one"});
    CHECK(heard(cyd) == std::vector<std::string>{"a.b=one", "a.c=two"});
    CHECK(heard(cyd).empty());
    CHECK(hub.figures().delivered == 3);
}

TEST_CASE("a closed end neither speaks nor hears, and one that was made without a hub is closed") {
    bus::Hub hub;
    bus::Local ann(hub), bob(hub), nobody;
    CHECK(bob.subscribe("a"));
    bob.close();
    CHECK(ann.publish("a", bytes_of("one")));
    CHECK(heard(bob).empty());
    CHECK(bob.publish("a", {}).error() == Error::closed);
    CHECK(nobody.subscribe("a").error() == Error::closed);
    nobody = std::move(ann);
    CHECK(nobody.is_open());
    CHECK(nobody.publish("a", bytes_of("two")));
    bus::Local again(hub); // in the place of the one that was closed, and with nothing of it
    CHECK(heard(again).empty());
}

TEST_CASE("a full queue is seen by who speaks, and one who speaks too much fills it not for the others") {
    bus::Hub hub({.queue_messages = 8, .queue_bytes = 200, .publisher_messages = 4, .subjects_max = 2});
    bus::Local loud(hub), calm(hub), ear(hub);
    CHECK(ear.subscribe("a"));
    for (int i = 0; i < 4; ++i) CHECK(loud.publish("a", bytes_of("x")));
    CHECK(loud.publish("a", bytes_of("x")).error() == Error::flooded);
    CHECK(calm.publish("a", bytes_of("y")));
    CHECK(hub.figures().flooded == 1);
    CHECK(heard(ear).size() == 5);
    CHECK(loud.publish("a", bytes_of("x")));
    CHECK(calm.publish("a", bytes_of(std::string(190, 'y'))));
    CHECK(calm.publish("a", bytes_of(std::string(90, 'y'))).error() == Error::queue_full);
    CHECK(hub.figures().overflowed == 1);
    CHECK(ear.subscribe("b"));
    CHECK(ear.subscribe("c").error() == Error::queue_full);
    CHECK(ear.subscribe(std::string(65, 'x')).error() == Error::too_large);
}

TEST_CASE("while the bus is out nothing is taken and nothing arrives") {
    bus::Hub hub;
    bus::Local ann(hub), bob(hub);
    (void)bob.subscribe("a");
    (void)ann.publish("a", bytes_of("one"));
    hub.set_out(true);
    CHECK(ann.publish("a", bytes_of("two")).error() == Error::closed);
    CHECK(heard(bob).empty());
    hub.set_out(false);
    CHECK(heard(bob) == std::vector<std::string>{"a=one"});
}

TEST_CASE("who hears may speak, and close") {
    bus::Hub hub;
    bus::Local ann(hub), bob(hub);
    (void)bob.subscribe("a");
    for (int i = 0; i < 3; ++i) (void)ann.publish("a", bytes_of("again"));
    int count = 0;
    bob.poll([&](std::string_view subject, BytesIn message) {
        ++count;
        (void)bob.publish(subject, message);
        if (count == 2) bob.close();
    });
    CHECK(count == 2);
}

static_assert(tenon::BusPolicy<tenon::bus::Local>);
