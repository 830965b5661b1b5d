// expect: tenon: a lockstep needs a game with a Command
#include "tenon/codec/bits.hpp"
#include "tenon/replica/replay.hpp"
#include "tenon/schema/game.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
#ifdef SHOULD_FAIL
using Rules = tenon::Game<"g", 1, tenon::State<Shot>>;
#else
using Rules = tenon::Game<"g", 1, tenon::Command<Shot>>;
#endif

static_assert(sizeof(tenon::Replay<Rules, tenon::codec::Bits>) > 0);
