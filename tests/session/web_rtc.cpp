// Sessions over WebRtc, in real time, on this machine alone.
#include "tenon/transport/web_rtc.hpp"

#include <doctest/doctest.h>

#include <string>

#include "parts.hpp"
#include "tenon/transport/now.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::WebRtc;
using RtcNet = NetOver<WebRtc>;

TEST_CASE(
    "over WebRtc states and commands take the channel on which they may be lost, and the rest the other") {
    const ConnectionOptions local{.bind = IpAddress::loopback(0)};
    RtcNet host({.room = "r"}, WebRtc(local)), guest({.room = "r"}, WebRtc(local));
    Player at_host, at_guest;
    REQUIRE(host.host(0));
    REQUIRE(guest.join("127.0.0.1:" + std::to_string(host.port())));
    const auto until = [&](auto&& done) {
        for (int i = 0; i < 30'000 && !done(); ++i) {
            guest.wait(now() + milliseconds(1));
            guest.tick(now(), at_guest);
            host.tick(now(), at_host);
        }
        return done();
    };
    REQUIRE(until([&] { return guest.status() == tenon::Status::joined; }));
    const auto before = host.transport().counters().unreliable_in;
    REQUIRE(
        until([&] { return at_host.heard_steers >= 60 && guest.latest<Ship>(PeerId::host()).has_value(); }));
    CHECK(host.transport().counters().unreliable_in > before + 20);
    CHECK(guest.transport().counters().unreliable_in > 10);
    const auto frames = host.transport().counters().frames_in;
    for (std::uint32_t i = 0; i < 20; ++i) CHECK(guest.broadcast(Line{std::string(3000, 'x')}));
    REQUIRE(until([&] { return at_host.lines.size() > 20 * 3000; }));
    CHECK(host.transport().counters().frames_in > frames);
    CHECK(host.health().refused == 0);
    guest.leave();
    guest.tick(now(), at_guest);
    CHECK(until([&] { return host.roster().size() == 1; }));
    CHECK(until([&] { return host.transport().connections() == 0; }));
}
