#pragma once
// Two sessions of one type meet and say one thing of each kind that their game has.

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "tenon/session.hpp"

namespace instantiate {

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
struct Spark {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Shot {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    int number = 0;
    void serialize(auto& ar) { ar(number); }
};

// What a policy can promise, and no more.
template <bool reliable, bool ordered>
struct GameOf {
    using type = Game<"all", 1, State<Ship>, Command<Steer>, Event<Spark>>;
};
template <>
struct GameOf<true, false> {
    using type = Game<"all", 1, State<Ship>, Command<Steer>, Event<Spark>, Event<Shot, Reliable>>;
};
template <>
struct GameOf<true, true> {
    using type = Game<"all", 1, State<Ship>, Command<Steer>, Event<Spark>, Event<Shot, Reliable>,
                      Event<Line, Ordered>>;
};
template <class Transport = archetype::Transport, class Codec = archetype::Codec,
          class Clock = archetype::Clock, class Topology = archetype::Topology,
          class Reliability = archetype::Reliability>
using Net = Session<typename GameOf<Reliability::traits.reliable, Reliability::traits.ordered>::type,
                    Transport, Codec, Clock, Topology, Reliability>;

struct Player {
    int steers = 0, sparks = 0, shots = 0, lines = 0;
    Ship state() { return {1}; }
    Steer command() { return {2}; }
    void on(PeerId, const Steer&) { ++steers; }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Shot&) { ++shots; }
    void on(PeerId, const Line&) { ++lines; }
};

// `carry` moves what was sent, where the transport does not by itself.
template <class G, class PlayerType = Player, class NetType, class Carry>
void meet(NetType& host, NetType& guest, std::string_view address, Carry&& carry) {
    PlayerType at_host, at_guest;
    REQUIRE(host.host(4000));
    REQUIRE(guest.join(address));
    Instant now{1'000'000'000};
    const auto play = [&] {
        for (int i = 0; i < 40; ++i, now += 5_ms) {
            guest.tick(now, at_guest);
            carry();
            host.tick(now, at_host);
            carry();
        }
    };
    play();
    REQUIRE(guest.status() == Status::joined);
    const auto say = [](NetType& net, PeerId to) {
        CHECK(net.send(to, Spark{1}));
        CHECK(net.broadcast(Spark{2}));
        if constexpr (G::template has<Shot>) CHECK(net.send(to, Shot{1}));
        if constexpr (G::template has<Line>) CHECK(net.send(to, Line{1}));
    };
    say(host, PeerId{1});
    say(guest, PeerId::host());
    for (int i = 0; i < 6; ++i) {
        host.touch();
        guest.touch(); // where nothing is said unless there is something to say
        play();
    }
    CHECK(at_host.steers > 5);
    for (const PlayerType* player : {&at_host, &at_guest}) {
        CHECK(player->sparks == 2);
        CHECK(player->shots == (G::template has<Shot> ? 1 : 0));
        CHECK(player->lines == (G::template has<Line> ? 1 : 0));
    }
    int ships = 0;
    for (const auto& [peer, ship] : guest.template view<Ship>(now)) ships += ship.x == 1 ? 1 : 0;
    CHECK(ships == 2);
    CHECK(host.template latest<Ship>(guest.self()));
    CHECK(host.health(guest.self()));
    guest.leave();
    play();
    CHECK(host.roster().size() == 1);
    host.leave();
    play();
}

} // namespace instantiate
