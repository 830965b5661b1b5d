#pragma once
// Two peers of a profile and what they are asked for.

#include <doctest/doctest.h>

#include <initializer_list>

#include "tenon/schema/game.hpp"
#include "tenon/transport/memory.hpp"

namespace meeting {

using namespace tenon;
using namespace tenon::literals;

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
using Arena = Game<"arena", 1, State<Ship>, Command<Steer>>;

struct Player {
    float x = 1;
    int states = 0, commands = 0, heard = 0;
    Ship state() { return ++states, Ship{x}; }
    Steer command() { return ++commands, Steer{2}; }
    void on(PeerId peer, const Steer& steer) { heard += peer == PeerId{1} && steer.turn == 2 ? 1 : 0; }
};

template <template <class, class, class> class Profile>
struct Meeting {
    using Net = Profile<Arena, transport::Memory, topology::ClientServer>;
    transport::Exchange exchange{1};
    Net host{{}, transport::Memory(exchange, 1)}, guest{{}, transport::Memory(exchange, 2)};
    Player at_host, at_guest;
    Instant now{1'000'000'000};

    void play(Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            guest.tick(now, at_guest);
            exchange.deliver_all();
            host.tick(now, at_host);
            exchange.deliver_all();
        }
    }
    void meet() {
        REQUIRE(host.host(4000));
        REQUIRE(guest.join("host1:4000"));
        play(200_ms);
        REQUIRE(guest.status() == Status::joined);
        at_host = at_guest = {};
    }
};

} // namespace meeting
