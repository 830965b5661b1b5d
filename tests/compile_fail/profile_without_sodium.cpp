// expect: tenon: profiles encrypt, which needs libsodium, and it is not here: install libsodium-dev (Debian)
#undef TENON_WITHOUT_SODIUM
#define TENON_WITHOUT_SODIUM 1
#include <tenon.hpp>

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Game = tenon::Game<"g", 1, tenon::Event<Shot>>;
#ifdef SHOULD_FAIL
using Net = tenon::profile::Action<Game>;
#else
using Net = tenon::profile::Action<Game, tenon::transport::Udp>;
#endif

void play() { Net net{{.room = "lobby"}}; }
