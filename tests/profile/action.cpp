#include "tenon/profile/action.hpp"

#include <doctest/doctest.h>

#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
using Arena = Game<"arena", 1, State<Ship>, Command<Steer>>;
using Net = profile::Action<Arena, transport::Memory>;

struct Player {
    int states = 0, commands = 0, heard = 0;
    Ship state() { return ++states, Ship{1}; }
    Steer command() { return ++commands, Steer{2}; }
    void on(PeerId peer, const Steer& steer) { heard += peer == PeerId{1} && steer.turn == 2 ? 1 : 0; }
};

} // namespace

TEST_CASE("Action asks for inputs sixty times a second and for snapshots twenty times") {
    transport::Exchange exchange(1);
    Net host({}, transport::Memory(exchange, 1)), guest({}, transport::Memory(exchange, 2));
    Player at_host, at_guest;
    CHECK(host.rates() == profile::action_rates);
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
    play(200_ms);
    REQUIRE(guest.status() == Status::joined);
    at_host = at_guest = {};
    play(10_s);
    for (const Player* player : {&at_host, &at_guest}) {
        CHECK(player->commands >= 599);
        CHECK(player->commands <= 601);
        CHECK(player->states >= 199);
        CHECK(player->states <= 201);
    }
    CHECK(at_host.heard >= 597);
    int seen = 0;
    for (const auto& [peer, ship] : guest.view<Ship>(now)) seen += ship.x == 1 ? 1 : 0;
    CHECK(seen == 2);
}
