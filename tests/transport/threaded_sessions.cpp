// Whole sessions with threads of their own, over real sockets on this machine: for the thread sanitizer to
// watch, as much as for what they say.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tenon/profile/action.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/tcp.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"

using namespace tenon;
using transport::IpAddress;
using transport::Tcp;
using transport::Threaded;
using transport::Udp;

namespace {

struct Step {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Spark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
template <class Road>
using Net = profile::Action<Game<"stairs", 1, Event<Step, Ordered>, Event<Spark>>, Threaded<Road>>;

struct Walker {
    std::uint32_t steps = 0, wrong = 0, sparks = 0;
    void on(PeerId, const Step& step) { wrong += step.number != steps++; }
    void on(PeerId, const Spark&) { ++sparks; }
};

template <class Road>
struct SideOver {
    Net<Road> net{{.room = "stairs"}, Threaded<Road>(Road({.bind = IpAddress::v4(127, 0, 0, 1, 0)}))};
    Walker walker;
    std::uint32_t said = 0;

    void turn() { net.tick(now(), walker); }
    // Up to so many, as far as there is room.
    void speak(PeerId to, std::uint32_t count) {
        for (const std::uint32_t until = said + count; said < until;) {
            if (!net.send(to, Step{said})) return;
            ++said;
            (void)net.send(to, Spark{said});
        }
    }
};

using Side = SideOver<Udp>;

void meet(auto& host, auto& guest) {
    REQUIRE(host.net.host(0));
    REQUIRE(guest.net.join("127.0.0.1:" + std::to_string(host.net.port())));
    for (int i = 0; i < 60'000 && guest.net.status() != Status::joined; ++i) {
        guest.net.wait(now() + milliseconds(1));
        guest.turn();
        host.turn();
    }
    REQUIRE(guest.net.status() == Status::joined);
}

} // namespace

TEST_CASE("two sessions with threads of their own tell each other a million small things, in order") {
    Side host, guest;
    meet(host, guest);
    constexpr std::uint32_t count = 500'000;
    for (int i = 0; i < 200'000 && (host.walker.steps < count || guest.walker.steps < count); ++i) {
        host.speak(PeerId{1}, std::min(2000u, count - host.said));
        guest.speak(PeerId::host(), std::min(2000u, count - guest.said));
        host.turn();
        guest.turn();
        if (i % 4 == 0) guest.net.wait(now() + milliseconds(1));
    }
    CHECK(host.walker.steps == count);
    CHECK(guest.walker.steps == count);
    CHECK(host.walker.wrong + guest.walker.wrong == 0);
    CHECK(host.walker.sparks + guest.walker.sparks > 0);
}

TEST_CASE("over connections, too, all arrives in its order, and what is said before leaving") {
    for (unsigned round = 0; round < 30; ++round) {
        SideOver<Tcp> host, guest;
        meet(host, guest);
        const std::uint32_t count = round == 0 ? 100'000 : 500 * (round % 7);
        for (int i = 0; i < 200'000 && (host.walker.steps < count || guest.walker.steps < count); ++i) {
            host.speak(PeerId{1}, std::min(2000u, count - host.said));
            guest.speak(PeerId::host(), std::min(2000u, count - guest.said));
            host.turn();
            guest.turn();
            if (i % 4 == 0) guest.net.wait(now() + milliseconds(1));
        }
        CHECK(host.walker.steps == count);
        CHECK(guest.walker.steps == count);
        if (round % 3 == 0) continue; // both go as they are
        auto& leaves = round % 3 == 1 ? guest : host;
        auto& stays = round % 3 == 1 ? host : guest;
        leaves.speak(round % 3 == 1 ? PeerId::host() : PeerId{1}, 100);
        leaves.net.leave();
        const auto gone = [&] {
            return round % 3 == 1 ? host.net.roster().size() == 1 : guest.net.status() != Status::joined;
        };
        for (int i = 0; i < 60'000 && !gone(); ++i) {
            leaves.turn();
            stays.net.wait(now() + milliseconds(1));
            stays.turn();
        }
        CHECK(gone());
        CHECK(stays.walker.steps == leaves.said);
        CHECK(host.walker.wrong + guest.walker.wrong == 0);
    }
}

TEST_CASE("sessions with threads of their own shut down under way, two hundred times") {
    for (unsigned round = 0; round < 200; ++round) {
        Side host, guest;
        meet(host, guest);
        for (unsigned i = 0; i < 5 + round % 7; ++i) {
            host.speak(PeerId{1}, 300);
            guest.speak(PeerId::host(), 300);
            host.turn();
            guest.turn();
        }
        CHECK(host.walker.wrong + guest.walker.wrong == 0);
        if (round % 4 == 0) host.net.leave();
        if (round % 4 == 1) {
            guest.net.leave();
            guest.turn(); // closes as soon as the goodbye has gone
            CHECK(!guest.net.transport().is_open());
            for (int i = 0; i < 60'000 && host.net.roster().size() > 1; ++i) {
                host.net.wait(now() + milliseconds(1));
                host.turn();
            }
            CHECK(host.net.roster().size() == 1); // and it arrived
        }
        if (round % 4 == 2) CHECK(guest.net.move());
    }
}
