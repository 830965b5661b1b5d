// A canvas for several hands, of which not all may do everything: roles, given while all draw.
//   studio host PORT [NAME]          opens the room; port 0 takes a free one and says which
//   studio join HOST:PORT [NAME]     enters it, as a viewer
// Lines from the keyboard: `point X Y` moves your cursor, `draw X Y C` draws a letter, `wipe` wipes all,
// `role NAME ROLE` gives somebody a role, /show shows the canvas, /who lists who is there, /quit or the end
// of input leaves.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <tenon.hpp>

#include "keyboard.hpp"

constexpr int width = 24, height = 6;

struct Cursor {
    std::uint8_t x = 0, y = 0;
    void serialize(auto& ar) { ar(tenon::ranged(x, 0, width - 1), tenon::ranged(y, 0, height - 1)); }
};
struct Edit {
    std::uint8_t x = 0, y = 0, letter = ' ';
    void serialize(auto& ar) {
        ar(tenon::ranged(x, 0, width - 1), tenon::ranged(y, 0, height - 1), tenon::ranged(letter, 32, 126));
    }
};
struct Wipe {
    bool all = true;
    void serialize(auto& ar) { ar(all); }
};
struct Grant { // asked of the authority, which alone can give roles
    std::uint32_t peer = 0;
    std::string role;
    void serialize(auto& ar) { ar(peer, tenon::bounded(role, tenon::role_name_bytes_max)); }
};

using Studio =
    tenon::Game<"studio", 1, tenon::State<Cursor>, tenon::Event<Edit, tenon::Ordered>,
                tenon::Event<Wipe, tenon::Ordered>, tenon::Event<Grant, tenon::Ordered>,
                tenon::Roles<tenon::Role<"viewer", Cursor>, // what a guest of that role may say
                             tenon::Role<"editor", Cursor, Edit>, tenon::Role<"admin", tenon::Everything>>>;
using Net = tenon::profile::Action<Studio>;

struct Artist {
    Net& net;
    Cursor cursor = {};
    std::array<std::string, height> canvas = blank();
    bool in = false, out = false;
    tenon::Error reason = tenon::Error::none;

    static std::array<std::string, height> blank() {
        std::array<std::string, height> rows;
        rows.fill(std::string(width, '.'));
        return rows;
    }
    std::string name(tenon::PeerId peer) const { return printable(net.name_of(peer)); }

    Cursor state() { return cursor; } // not asked of who may not say it
    // The host has looked at the role before any of these is read: nothing is to be checked here.
    void on(tenon::PeerId from, const Edit& edit) {
        canvas[edit.y][edit.x] = static_cast<char>(edit.letter);
        say("* " + name(from) + " draws " + canvas[edit.y][edit.x] + " at " + std::to_string(edit.x) + " " +
            std::to_string(edit.y));
    }
    void on(tenon::PeerId from, const Wipe&) {
        canvas = blank();
        say("* " + name(from) + " wipes all");
    }
    void on(tenon::PeerId, const Grant& grant) { give(tenon::PeerId{grant.peer}, grant.role); }
    void on(const tenon::RoleChanged& changed) {
        say("* " + name(changed.peer) + " is " + std::string(changed.role) + " now, and was " +
            std::string(changed.previous));
    }
    void on(const tenon::Violation& violation) {
        say("* " + name(violation.peer) + " tries what its role forbids: " +
            std::string(violation.type_name) + ", " + std::to_string(violation.count) + " times by now");
    }
    void on(tenon::Joined) {
        in = true;
        if (net.status() == tenon::Status::hosting) say("* hosting port " + std::to_string(net.port()));
    }
    void on(tenon::PeerJoined who) {
        say("* " + printable(who.name) + " is here");
        if (net.status() != tenon::Status::hosting) return;
        for (std::uint8_t y = 0; y < height; ++y) // what is drawn already
            for (std::uint8_t x = 0; x < width; ++x)
                if (canvas[y][x] != '.')
                    (void)net.send(who.peer, Edit{x, y, static_cast<std::uint8_t>(canvas[y][x])});
    }
    void on(tenon::PeerLeft who) {
        say("* " + printable(who.name) + " is gone: " + std::string(tenon::name(who.reason)));
    }
    void on(tenon::Closed closed) {
        out = true;
        reason = closed.reason;
        say("* closed: " + std::string(tenon::sentence(closed.reason)));
    }

    void tell(const tenon::Result<>& said) const {
        if (!said) say("* not said: " + std::string(tenon::sentence(said.error())));
    }
    void give(tenon::PeerId peer, const std::string& role) { tell(net.set_role(peer, role)); }
    void obey(const std::string& line) {
        std::istringstream words(line);
        std::string word, who, role;
        int x = 0, y = 0;
        char letter = '#';
        words >> word;
        if (word == "/who") {
            for (const tenon::PeerId peer : net.roster())
                say("* " + name(peer) + ": " + std::string(net.role_of(peer)));
        } else if (word == "/show") {
            show();
        } else if (word == "role" && words >> who >> role) {
            for (const tenon::PeerId peer : net.roster()) {
                if (net.name_of(peer) != who) continue;
                if (net.status() == tenon::Status::hosting) return give(peer, role);
                return tell(net.send(net.authority(), Grant{peer.value, role}));
            }
            say("* nobody here is called " + printable(who));
        } else if (word == "wipe") {
            const auto said = net.broadcast(Wipe{});
            if (said) canvas = blank();
            tell(said);
        } else if (words >> x >> y && x >= 0 && x < width && y >= 0 && y < height) {
            const auto column = static_cast<std::uint8_t>(x), row = static_cast<std::uint8_t>(y);
            if (word == "point") cursor = {column, row};
            if (word != "draw" || !(words >> letter)) return;
            const auto said = net.broadcast(Edit{column, row, static_cast<std::uint8_t>(letter)});
            if (said) canvas[row][column] = letter;
            tell(said);
        } else {
            say("* point X Y, draw X Y C, wipe, role NAME ROLE, /show, /who or /quit");
        }
    }
    void show() {
        auto shown = canvas;
        for (const tenon::PeerId peer : net.roster())
            if (const auto at = net.latest<Cursor>(peer)) shown[at->y][at->x] = '+';
        for (const std::string& row : shown) say(row);
    }
};

int main(int argc, char** argv) {
    const bool hosts = argc > 2 && std::strcmp(argv[1], "host") == 0;
    if (argc < 3 || (!hosts && std::strcmp(argv[1], "join") != 0)) {
        std::fputs("usage: studio host PORT [NAME] | studio join HOST:PORT [NAME]\n", stderr);
        return 2;
    }
    Net net{{.room = "studio", .name = argc > 3 ? argv[3] : "somebody"}};
    const auto opened = hosts ? net.host(static_cast<std::uint16_t>(std::atoi(argv[2]))) : net.join(argv[2]);
    if (!opened) {
        say("* " + std::string(tenon::sentence(opened.error())));
        return 1;
    }
    Keyboard& keyboard = *new Keyboard;
    Artist artist{net};
    std::string line;
    while (!artist.out) {
        net.wait(tenon::now() + tenon::milliseconds(20)); // the keyboard is looked at this often
        net.tick(tenon::now(), artist);
        while (artist.in && !artist.out && keyboard.next(line)) {
            if (line == "/quit") {
                net.leave();
                net.tick(tenon::now(), artist);
                return 0;
            }
            if (!line.empty()) artist.obey(line);
        }
    }
    return artist.reason == tenon::Error::left ? 0 : 1;
}
