// Players who log in at a backend, and a game's server that lets in whom the backend sends, once for each
// token.
//   token_server key KEYFILE                                  makes an identity where there is none, and says
//   its key token_server backend PORT KEYFILE SERVER:PORT SERVERKEY token_server server PORT KEYFILE
//   BACKENDKEY token_server play BACKEND:PORT BACKENDKEY NAME PASSWORD TOKENFILE   the token is left there,
//   for the next line token_server again TOKENFILE                              whoever has found the file
//   tries to come in
#include "backend.hpp"
#include "server.hpp"

#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

struct Applicant {
    LogIn login;
    LoginNet& net;
    std::vector<std::uint8_t> token;
    bool done = false;

    void on(tenon::Joined) { (void)net.send(net.authority(), login); }
    void on(tenon::PeerId, const LogIn&) {}
    void on(tenon::PeerId from, const Ticket& ticket) {
        if (from == net.authority()) token = ticket.token, done = true;
    }
    void on(tenon::Closed why) { fail(why.reason), done = true; }
};
struct Player {
    MatchNet& net;
    bool done = false, heard = false;

    void on(tenon::Joined) { (void)net.send(net.authority(), Shout{"hello"}); }
    void on(tenon::PeerId from, const Shout& shout) {
        if (from != net.authority()) return;
        std::puts(shout.text.c_str());
        done = heard = true;
    }
    void on(tenon::Closed why) { fail(why.reason), done = true; }
};

// The token says where to go and whom to expect there.
int enter(secure::Keyring& keyring, tenon::BytesIn token) {
    const auto outside = secure::read_token(token);
    if (!outside) return fail(outside.error());
    const secure::TokenServer& server = outside->servers()[0];
    if (const auto pinned = keyring.trust.pin(server.address.view(), server.key); !pinned)
        return fail(pinned.error());
    MatchNet net({.room = "match"}, Line(keyring));
    if (const auto joined = net.join(server.address.view(), token); !joined) return fail(joined.error());
    Player player{net};
    run(net, player, player.done, tenon::seconds(10));
    net.leave();
    net.tick(tenon::now(), player);
    return player.heard ? 0 : 1;
}
int play(std::string_view address, std::string_view key, const LogIn& login, const char* file) {
    secure::Keyring keyring;
    keyring.meets_strangers = false;
    const auto backend = secure::read_key(key);
    if (!backend) return fail(backend.error());
    if (const auto pinned = keyring.trust.pin(address, *backend); !pinned) return fail(pinned.error());
    LoginNet net({.room = "login"}, Line(keyring));
    if (const auto joined = net.join(address); !joined) return fail(joined.error());
    Applicant applicant{login, net, {}};
    run(net, applicant, applicant.done, tenon::seconds(10));
    net.leave();
    net.tick(tenon::now(), applicant);
    if (applicant.token.empty()) return std::puts("The backend gave no token."), 1;
    const tenon::BytesIn token = std::as_bytes(std::span(applicant.token));
    if (const auto kept = secure::replace_private_file(file, token); !kept) return fail(kept.error());
    return enter(keyring, token);
}
int again(const char* file) {
    std::vector<std::byte> token(secure::token_bytes_max);
    std::FILE* opened = std::fopen(file, "rb");
    token.resize(opened != nullptr ? std::fread(token.data(), 1, token.size(), opened) : 0);
    if (opened != nullptr) std::fclose(opened);
    secure::Keyring keyring; // of somebody else
    return enter(keyring, token);
}

template <class Net, class Handlers>
int serve(Net& net, Handlers& handlers, const char* port) {
    if (const auto opened = net.host(static_cast<std::uint16_t>(std::atoi(port))); !opened)
        return fail(opened.error());
    std::printf("hosting port %u\n", net.port());
    for (;;) {
        net.tick(tenon::now(), handlers);
        net.wait(tenon::now() + tenon::seconds(1));
    }
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "play" && argc == 7) return play(argv[2], argv[3], {argv[4], argv[5]}, argv[6]);
    if (what == "again" && argc == 3) return again(argv[2]);
    const bool key = what == "key" && argc == 3, backend = what == "backend" && argc == 6;
    if (!key && !backend && (what != "server" || argc != 5))
        return std::puts("usage: token_server key|backend|server|play|again ..., see the file's head"), 2;
    auto identity = secure::load_or_make_identity(argv[key ? 2 : 3]);
    if (!identity) return fail(identity.error());
    if (key) return std::puts(text(identity->key()).c_str()), 0;
    const auto other = secure::read_key(argv[backend ? 5 : 4]);
    if (!other) return fail(other.error());
    secure::Keyring keyring(identity->copy());
    if (backend) {
        LoginNet net({.room = "login"}, Line(keyring));
        Backend handlers(*identity, argv[4], *other, net);
        return serve(net, handlers, argv[2]);
    }
    MatchNet net({.room = "match"}, Line(keyring));
    Server handlers(*identity, *other, net);
    return serve(net, handlers, argv[2]);
}
