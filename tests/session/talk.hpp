#pragma once
// Two sessions on sockets of this machine, in real time, that say as much as they can in every way.

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "allocations.hpp"
#include "tenon/transport/now.hpp"

namespace allocations {

template <class Net>
struct Talk {
    using Transport = typename Net::TransportType;

    // No game says so much.
    Talk(Transport at, Transport from)
        : host({.room = "r", .limits = tenon::Limits::none()}, std::move(at)),
          guest({.room = "r"}, std::move(from)) {}

    Net host, guest;
    Listener at_host, at_guest;
    std::uint32_t number = 0;

    // Turns both until `done`, for as long as a patient run takes.
    template <class F>
    void turn(F&& done) {
        for (int i = 0; i < 60'000 && !done(); ++i) {
            guest.wait(tenon::now() + tenon::milliseconds(1));
            guest.tick(tenon::now(), at_guest);
            host.tick(tenon::now(), at_host);
        }
    }
    void say(std::uint32_t until, std::uint32_t steers) {
        turn([&] {
            // Never so much that a queue fills, however slow the machine.
            if (guest.health().queued_bytes + host.health().queued_bytes < 10'000) {
                speak(host, ++number);
                speak(guest, ++number);
            }
            return at_host.lines >= until && at_guest.lines >= until && at_host.steers >= steers;
        });
    }
    void meets_and_talks() {
        REQUIRE(host.host(0));
        REQUIRE(host.port() != 0);
        REQUIRE(guest.join("127.0.0.1:" + std::to_string(host.port())));
        turn([&] { return guest.status() == tenon::Status::joined; });
        REQUIRE(guest.status() == tenon::Status::joined);
        say(1000, 60); // half a second, since states and commands keep to the clock
        REQUIRE(at_host.lines >= 1000);
        const Count count;
        say(3000, 180);
        CHECK(count.calls() == 0);
        CHECK(at_host.lines >= 3000);
        CHECK(at_guest.lines >= 3000);
        CHECK(at_host.steers >= 180);
        CHECK(host.template latest<play::Ship>(tenon::PeerId{1})->beat > 0);
    }
};

} // namespace allocations
