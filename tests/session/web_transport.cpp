// Sessions over WebTransport, in real time, on this machine alone.
#include "tenon/transport/web_transport.hpp"

#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <string>

#include "parts.hpp"
#include "tenon/transport/now.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::WebTransport;
using WebNet = NetOver<WebTransport>;

namespace {

const ConnectionOptions local{.bind = IpAddress::loopback(0)};

// A host that made its own certificate, and two guests who were told its fingerprint.
struct Evening {
    WebNet host{{.room = "r"}, WebTransport(local, {.path = "/play"})};
    std::array<Player, 3> players; // the host's, and those of the guests in their order
    std::deque<WebNet> guests;

    void meet() {
        REQUIRE(host.host(0));
        const std::string url = "https://127.0.0.1:" + std::to_string(host.port()) + "/play?of=us";
        for (const char* name : {"bob", "cyd"}) {
            guests.emplace_back(Options{.room = "r", .name = name},
                                WebTransport(local, {}, {.fingerprint = host.transport().fingerprint()}));
            REQUIRE(guests.back().join(url));
            REQUIRE(until([&] { return guests.back().status() == Status::joined; }));
        }
    }
    template <class F>
    bool until(F&& done) {
        for (int i = 0; i < 30'000 && !done(); ++i) {
            for (std::size_t each = 0; each < guests.size(); ++each) {
                guests[each].wait(now() + milliseconds(1));
                guests[each].tick(now(), players[each + 1]);
            }
            host.tick(now(), players[0]);
        }
        return done();
    }
};

} // namespace

TEST_CASE("over WebTransport a host and two guests play, talk and part") {
    Evening evening;
    evening.meet();
    Player &at_host = evening.players[0], &at_bob = evening.players[1], &at_cyd = evening.players[2];
    WebNet &bob = evening.guests[0], &cyd = evening.guests[1];
    // Each sees the others' states, and the host hears the commands of both.
    REQUIRE(evening.until([&] {
        return at_host.heard_steers >= 60 && bob.latest<Ship>(cyd.self()) && cyd.latest<Ship>(bob.self()) &&
               bob.latest<Ship>(PeerId::host()) && evening.host.latest<Ship>(bob.self());
    }));
    // What one guest says reaches the other through the host, whole and in its order.
    for (char letter = 'a'; letter < 'e'; ++letter) CHECK(bob.broadcast(Line{std::string(3000, letter)}));
    CHECK(cyd.broadcast(Shot{7}));
    REQUIRE(evening.until([&] {
        return at_cyd.lines.size() == 4 * 3002 + 3 && at_bob.shots.size() == 3 && at_host.shots.size() == 3;
    }));
    CHECK(at_cyd.lines == at_host.lines);
    CHECK(at_bob.shots == std::to_string(cyd.self().value) + ":7");
    CHECK(evening.host.health().refused == 0);
    // States and commands went beside the stream, and nothing that was nobody's.
    CHECK(evening.host.transport().counters().datagrams_in > 20);
    CHECK(bob.transport().counters().datagrams_in > 5);
    CHECK(cyd.transport().counters().datagrams_in > 5);
    CHECK(evening.host.transport().counters().strays == 0);
    bob.leave();
    REQUIRE(evening.until([&] { return evening.host.transport().connections() == 1; }));
    REQUIRE(evening.until([&] { return at_cyd.notices.find("-bob/left") != std::string::npos; }));
    // And the rest go on.
    CHECK(evening.host.broadcast(Shot{8}));
    REQUIRE(evening.until(
        [&] { return at_cyd.shots == "0:8" || at_cyd.shots.find(" 0:8") != std::string::npos; }));
    evening.host.leave();
    REQUIRE(evening.until([&] { return cyd.status() != Status::joined; }));
    CHECK(at_cyd.notices.find("closed/") != std::string::npos);
}
