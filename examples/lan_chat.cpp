// A chat with whoever is in the same local network, without an address: the first opens the room, the others
// find it.
//   lan_chat [NAME [ROOM]]
// Lines from the keyboard are said to all; the end of input leaves.
#include <cstdio>
#include <string>
#include <tenon.hpp>
#include <tenon/lan/udp.hpp>

#include "keyboard.hpp"

struct Said {
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, 1000)); }
};
using Chat = tenon::Game<"lan chat", 1, tenon::Event<Said, tenon::Ordered>>;
using Net = tenon::profile::Action<Chat>;

constexpr std::uint16_t places = 16;

struct Person {
    Net& net;
    bool in = false, out = false;

    void on(tenon::PeerId from, const Said& said) {
        say("<" + printable(net.name_of(from)) + "> " + printable(said.text));
    }
    void on(tenon::Joined) { say(net.status() == tenon::Status::hosting ? "* hosting" : "* joined"), in = true; }
    void on(tenon::PeerJoined who) { say("* " + printable(who.name) + " is here"); }
    void on(tenon::PeerLeft) { say("* somebody is gone"); }
    void on(tenon::Closed closed) {
        say("* closed: " + std::string(tenon::sentence(closed.reason)));
        out = true;
    }
};

// The address of the room with this name, or nothing after a moment.
std::string find(const std::string& name) {
    tenon::lan::Lobby<Chat> lobby;
    if (!lobby.open()) return {};
    for (const tenon::Instant end = tenon::now() + tenon::milliseconds(1500); tenon::now() < end;) {
        lobby.tick(tenon::now());
        for (const auto& room : lobby)
            if (room.fits && room.what.room.view() == name && room.what.players < room.what.places)
                return std::string(room.address.text());
        lobby.transport().wait(tenon::now() + tenon::milliseconds(50));
    }
    return {};
}

int main(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "somebody", room = argc > 2 ? argv[2] : "den";
    Net net{{.room = room, .name = name, .peers_max = places - 1}};
    const std::string at = find(room);
    const tenon::Result<> opened = at.empty() ? net.host(0) : net.join(at);
    if (!opened) return say("* " + std::string(tenon::sentence(opened.error()))), 1;
    say(at.empty() ? "* nobody is here yet" : "* found at " + at);

    tenon::lan::Sign<Chat> sign;
    if (at.empty())
        if (const tenon::Result<> up = sign.open(); !up)
            say("* nobody can find this room: " + std::string(tenon::sentence(up.error())));
    Keyboard& keyboard = *new Keyboard;
    Person person{net};
    std::string line;
    while (!person.out) {
        net.wait(tenon::now() + tenon::milliseconds(20));
        net.tick(tenon::now(), person);
        sign.tick(tenon::now(), {.room = room,
                                 .text = name,
                                 .port = net.status() == tenon::Status::hosting ? net.port() : std::uint16_t(0),
                                 .players = net.roster().size(),
                                 .places = places});
        while (person.in && !person.out && keyboard.next(line)) {
            if (line == "/quit") {
                net.leave();
                net.tick(tenon::now(), person);
                return 0;
            }
            if (!line.empty()) (void)net.broadcast(Said{line});
        }
    }
    return 0;
}
