#pragma once
// What the backend, the game's server and the players of this example share.
#include <tenon/secure/connect_token.hpp>
#include <tenon/secure/key_file.hpp>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <tenon.hpp>
#include <utility>
#include <vector>

namespace secure = tenon::secure;

// Between a player and the backend.
struct LogIn {
    std::string name, password;
    void serialize(auto& ar) { ar(tenon::bounded(name, 40), tenon::bounded(password, 100)); }
};
struct Ticket {
    std::vector<std::uint8_t> token; // empty: no such player, or not with that password
    void serialize(auto& ar) { ar(tenon::bounded(token, secure::token_bytes_max)); }
};
using Login =
    tenon::Game<"login", 1, tenon::Event<LogIn, tenon::Reliable>, tenon::Event<Ticket, tenon::Reliable>>;

// Between a player and the game's server.
struct Shout {
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, 100)); }
};
using Match = tenon::Game<"match", 1, tenon::Event<Shout, tenon::Ordered>>;

using Line = tenon::profile::Default; // encrypted
using LoginNet = tenon::profile::Action<Login, Line>;
using MatchNet = tenon::profile::Action<Match, Line>;

inline secure::UnixTime unix_now() { return {static_cast<std::int64_t>(std::time(nullptr))}; }

inline int fail(tenon::Error error) {
    std::printf("%s\n", tenon::sentence(error).data());
    return 1;
}
inline std::string text(const secure::SignPublic& key) { return std::string(secure::KeyText(key).view()); }

// Turns until `done`, and then once more, so that what was said last leaves.
template <class Net, class Handlers>
bool run(Net& net, Handlers& handlers, const bool& done, tenon::Duration limit) {
    const tenon::Instant until = tenon::now() + limit;
    while (!done && tenon::now() < until) {
        net.tick(tenon::now(), handlers);
        net.wait(tenon::now() + tenon::milliseconds(50));
    }
    net.tick(tenon::now(), handlers);
    return done;
}
