// A chat room: ordered, reliable messages, a roster with names, and every mistake told in a sentence.
//   chat host PORT [NAME [SEATS]]    opens the room; port 0 takes a free one and says which
//   chat join HOST:PORT [NAME]       enters it
// Lines from the keyboard are said to all; /who lists who is there, /quit or the end of input leaves.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <tenon.hpp>

#include "keyboard.hpp"

struct Said {
    static constexpr std::size_t bytes_max = 1000;
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, bytes_max)); }
};

using Chat = tenon::Game<"chat", 1, tenon::Event<Said, tenon::Ordered>>;
using Net = tenon::profile::Action<Chat>;

struct Person {
    Net& net;
    std::map<tenon::PeerId, std::string> names = {}; // also of those who have just left
    bool in = false, out = false;
    tenon::Error reason = tenon::Error::none;

    void on(tenon::PeerId from, const Said& said) { say("<" + names[from] + "> " + printable(said.text)); }
    void on(tenon::Joined joined) {
        in = true;
        names[joined.self] = printable(net.name_of(joined.self));
        say(net.status() == tenon::Status::hosting ? "* hosting port " + std::to_string(net.port())
                                                   : "* joined as peer " + std::to_string(joined.self.value));
    }
    void on(tenon::PeerJoined who) {
        names[who.peer] = printable(who.name);
        say("* " + names[who.peer] + " is here");
    }
    void on(tenon::PeerLeft who) {
        say("* " + names[who.peer] + " is gone: " + std::string(tenon::name(who.reason)));
        names.erase(who.peer);
    }
    void on(tenon::PeerAway who) { say("* " + names[who.peer] + " is away: not heard any more"); }
    void on(tenon::PeerBack who) { say("* " + names[who.peer] + " is back"); }
    void on(tenon::Closed closed) {
        out = true;
        reason = closed.reason;
        std::string why(tenon::sentence(closed.reason));
        if (!closed.text.empty()) why += " (" + printable(closed.text) + ")";
        say("* closed: " + why);
    }
    void who() {
        for (const tenon::PeerId peer : net.roster()) say("* " + printable(net.name_of(peer)));
    }
};

// Said but not yet acknowledged lines get a moment to arrive before the goodbye.
void leave(Net& net, Person& person) {
    const tenon::Instant end = tenon::now() + tenon::seconds(3);
    while (!person.out && net.health().queued_bytes > 0 && tenon::now() < end) {
        net.wait(end);
        net.tick(tenon::now(), person);
    }
    net.leave();
    net.tick(tenon::now(), person);
}

int usage() {
    std::fputs("usage: chat host PORT [NAME [SEATS]] | chat join HOST:PORT [NAME]\n", stderr);
    return 2;
}

bool number(const char* text, std::uint16_t& value) {
    char* end = nullptr;
    const unsigned long whole = std::strtoul(text, &end, 10);
    value = static_cast<std::uint16_t>(whole);
    return *text >= '0' && *text <= '9' && *end == '\0' && whole <= 65535;
}

int main(int argc, char** argv) {
    if (argc < 3) return usage();
    const bool hosts = std::strcmp(argv[1], "host") == 0;
    if (!hosts && std::strcmp(argv[1], "join") != 0) return usage();
    std::uint16_t port = 0, seats = 64;
    if (hosts && !number(argv[2], port)) return usage();
    if (argc > 4 && !number(argv[4], seats)) return usage();

    Net net{{.room = "chat", .name = argc > 3 ? argv[3] : "somebody", .peers_max = seats}};
    const tenon::Result<> opened = hosts ? net.host(port) : net.join(argv[2]);
    if (!opened) {
        say("* " + std::string(tenon::sentence(opened.error())));
        return 1;
    }
    Keyboard& keyboard = *new Keyboard;
    Person person{net};
    std::string line;
    while (!person.out) {
        net.wait(tenon::now() + tenon::milliseconds(20)); // the keyboard is looked at this often
        net.tick(tenon::now(), person);
        while (person.in && !person.out && keyboard.next(line)) {
            if (line == "/quit") {
                leave(net, person);
                return person.out;
            }
            if (line == "/move") {
                const tenon::Result<> moved = net.move();
                say(moved ? "* moved to port " + std::to_string(net.port())
                          : "* not moved: " + std::string(tenon::sentence(moved.error())));
                continue;
            }
            if (line == "/who") {
                person.who();
            } else if (!line.empty()) {
                const tenon::Result<> said = net.broadcast(Said{line});
                if (!said) say("* not said: " + std::string(tenon::sentence(said.error())));
            }
        }
    }
    return person.reason == tenon::Error::left ? 0 : 1;
}
