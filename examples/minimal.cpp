// A whole game: `minimal` hosts, `minimal HOST:PORT` joins it, from as many terminals as you like. The README's first
// screen prints this file from the next line on.
#include <cmath>
#include <cstdio>
#include <tenon.hpp>

struct Ship  { float x = 0, y = 0, heading = 0;  void serialize(auto& ar) { ar(x, y, heading); } };
struct Steer { float turn = 0, thrust = 0;       void serialize(auto& ar) { ar(turn, thrust); } };
struct Fired { std::uint32_t gun = 0;            void serialize(auto& ar) { ar(gun); } };

using Arena = tenon::Game<"arena", 1,
    tenon::State<Ship>,                          // newest wins, interpolated
    tenon::Command<Steer>,                       // input: goes to the authority, sent again until acknowledged
    tenon::Event<Fired, tenon::Reliable>>;       // sent again until acknowledged, heard exactly once

using Net = tenon::profile::Action<Arena>;       // a type alias: five policies, joined at compile time

struct Player {
    Ship ship;
    int inputs = 0, heard = 0, shots = 0;
    bool playing = true;

    Ship state() { return ship; }                // called when a snapshot is due
    Steer command() {                            // called when an input is due
        const Steer steer{0.05f, 0.1f};
        ship.heading += steer.turn;
        ship.x += steer.thrust * std::cos(ship.heading);
        ship.y += steer.thrust * std::sin(ship.heading);
        return ++inputs, steer;
    }
    void on(tenon::PeerId, const Steer&) { ++heard; }  // only the authority hears these
    void on(tenon::PeerId, const Fired&) { ++shots; }
    void on(tenon::PeerLeft) { playing = false; }        // optional, as are PeerJoined, Joined and GaveUp
    void on(tenon::Closed why) { playing = false, std::puts(tenon::sentence(why.reason).data()); }
};

int main(int argc, char** argv) {
    const bool joins = argc > 1;
    Net net{{.room = "lobby"}};
    const auto opened = joins ? net.join(argv[1]) : net.host(4000);      // join("203.0.113.7:4000")
    if (!opened) return std::puts(tenon::sentence(opened.error()).data()), 1;
    Player player;
    while (player.playing) {
        net.tick(tenon::now(), player);          // never blocks
        for (auto [peer, ship] : net.view<Ship>(tenon::now()))           // interpolated
            std::printf("ship %u: %4.1f %4.1f   ", peer.value, ship.x, ship.y);
        std::printf("round trip %.2f ms \r", net.health().rtt.ms());
        if (joins && player.inputs == 120) player.inputs++, (void)net.broadcast(Fired{1});
        if (joins && player.inputs > 180) player.playing = false;        // three seconds are enough
        net.wait(tenon::now() + tenon::milliseconds(16));                // here a game draws its frame
    }
    net.leave();
    net.tick(tenon::now(), player);              // says goodbye
    std::printf("\nheard %d inputs and %d shots\n", player.heard, player.shots);
}
