// expect: tenon: view<T>() shows components of the Game: add Component<T> to it
#include "tenon/replica/playback.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Hello {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
using Sky = tenon::Game<"g", 1, tenon::Component<Ship>, tenon::Event<Hello>>;

#ifdef SHOULD_FAIL
using Shown = Hello;
#else
using Shown = Ship;
#endif
auto shown(const tenon::Playback<Sky>& playback) { return playback.view<Shown>(tenon::Instant{}); }
