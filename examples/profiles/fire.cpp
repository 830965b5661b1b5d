// Hybrid: four friends who know only the name of a room and a bus, in one program over loopback. Whoever
// comes first opens it. One of them loses its straight path to the one who decides, and plays on over the bus
// until the path is back. Then the one who decides goes; the others play on, and a fifth, who comes later,
// finds them. A lobby, which is in no room, sees it all. Shows: every song is heard once by all who are
// there, and nobody was ever told an address.
#include <vector>

#include "loopback.hpp"

#include <tenon/bus/hybrid.hpp>
#include <tenon/bus/lobby.hpp>
#include <tenon/bus/local.hpp>

struct Glow {
    std::uint32_t flickers = 0;
    void serialize(auto& ar) { ar(flickers); }
};
struct Song {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Evening = tenon::Game<"evening", 1, tenon::State<Glow>, tenon::Event<Song, tenon::Reliable>>;
using Wire = tenon::transport::Impaired<tenon::transport::Udp>; // so that a path can be cut
using Line = tenon::transport::Secure<Wire>;
using Net = tenon::profile::CoOp<Evening, Line, tenon::topology::Hybrid<tenon::bus::Local>>;

struct Friend {
    Net net;
    Glow glow{};
    std::vector<std::uint32_t> heard{};
    bool here = false, gone = false;

    explicit Friend(std::string_view name)
        : net({.room = "fire", .name = name, .succeed_after = tenon::seconds(2)}) {}
    Glow state() { return ++glow.flickers, glow; }
    void on(tenon::PeerId, const Song& song) {
        if (heard.size() <= song.number) heard.resize(song.number + 1);
        ++heard[song.number];
    }
    void on(tenon::Joined) { here = true; }
    bool hosts() const { return net.status() == tenon::Status::hosting; }
};

struct Circle {
    tenon::bus::Hub hub;
    Friend friends[5] = {Friend("ann"), Friend("bob"), Friend("cyd"), Friend("dan"), Friend("eve")};
    tenon::bus::Lobby<tenon::bus::Local> lobby{tenon::bus::Local(hub), "evening"};
    std::uint32_t songs = 0, lost = 0;

    bool play(tenon::Duration time, auto&& done) {
        const auto turn = [this](tenon::Instant now) {
            for (Friend& one : friends) one.net.tick(now, one);
            lobby.tick(now);
        };
        return profiles::play(friends[0].net, time, turn, done);
    }
    bool meet(Friend& one) { return static_cast<bool>(one.net.meet(tenon::bus::Local(hub))); }
    bool are_together(std::size_t count) {
        std::size_t hosts = 0;
        for (Friend& one : friends) {
            if (one.gone || !one.here) continue;
            hosts += one.hosts() ? 1 : 0;
            if (one.net.roster().size() != count) return false;
        }
        return hosts == 1;
    }
    Friend& host() {
        for (Friend& one : friends)
            if (one.hosts()) return one;
        return friends[0];
    }
    // Each who is there sings one, and all the others hear it once.
    bool sing() {
        const std::uint32_t first = songs;
        std::vector<Friend*> singers;
        for (Friend& one : friends)
            if (one.here && !one.gone && one.net.broadcast(Song{songs})) ++songs, singers.push_back(&one);
        const auto all_heard = [&] {
            for (std::uint32_t song = first; song < songs; ++song)
                for (Friend* one : singers)
                    if (one != singers[song - first] && (one->heard.size() <= song || one->heard[song] != 1))
                        return false;
            return true;
        };
        return play(tenon::seconds(4), all_heard) &&
               play(tenon::milliseconds(300), [] { return false; }) == false && all_heard();
    }
    // How many the lobby shows in the room.
    std::size_t shown() const {
        const auto* room = lobby.directory().best("fire");
        return room != nullptr ? room->what.players : 0;
    }
};

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 6);
    profiles::Verdict verdict;
    Circle circle;
    for (int i = 0; i < 4; ++i) verdict.check(circle.meet(circle.friends[i]), "one looks for the fire");
    verdict.check(circle.play(tenon::seconds(8), [&] { return circle.are_together(4); }),
                  "four found each other by the name of a room");
    verdict.check(circle.sing(), "every song was heard once by all the others");
    verdict.check(circle.play(tenon::seconds(3), [&] { return circle.shown() == 4; }),
                  "a program in no room sees four in it");

    // Nothing passes straight between one of the guests and anybody.
    Friend& guest = circle.friends[0].hosts() ? circle.friends[1] : circle.friends[0];
    const tenon::transport::Impairment cut{.loss = 1};
    guest.net.transport().set_outgoing(cut);
    guest.net.transport().set_incoming(cut);
    verdict.check(circle.play(tenon::seconds(4), [&] { return guest.net.health().detours == 1; }),
                  "a path was cut, and the bus is the detour");
    const auto seen = [&] { return circle.host().net.latest<Glow>(guest.net.self())->flickers; };
    const std::uint32_t before = seen();
    circle.play(tenon::seconds(seconds / 4), [] { return false; });
    verdict.check(seen() > before, "its fire still flickers for the others");
    verdict.check(circle.sing(), "and every song is heard");
    guest.net.transport().set_outgoing({});
    guest.net.transport().set_incoming({});
    verdict.check(circle.play(tenon::seconds(5), [&] { return guest.net.health().detours == 0; }),
                  "the path is back and taken again");

    Friend& first = circle.host();
    first.net.leave();
    first.gone = true;
    verdict.check(circle.play(tenon::seconds(8), [&] { return circle.are_together(3); }),
                  "who decided has gone, and the others go on");
    verdict.check(circle.meet(circle.friends[4]) &&
                      circle.play(tenon::seconds(8), [&] { return circle.are_together(4); }),
                  "who came later found them");
    circle.play(tenon::seconds(seconds / 4), [] { return false; });
    verdict.check(circle.sing(), "every song was heard once by all the others");
    std::printf("over the bus went %u datagrams of the one that was cut off\n",
                static_cast<unsigned>(guest.net.meeting().detours().sent));
    return verdict.status();
}
