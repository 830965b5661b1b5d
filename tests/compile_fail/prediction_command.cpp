// expect: tenon: Prediction runs a client's commands ahead: add Command<T> of this type to the Game
#include "tenon/replica/prediction.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
#ifdef SHOULD_FAIL
using Sky = tenon::Game<"g", 1, tenon::Component<Ship>, tenon::Event<Steer>>;
#else
using Sky = tenon::Game<"g", 1, tenon::Component<Ship>, tenon::Command<Steer>>;
#endif

using Ahead = tenon::Prediction<Sky, Steer>;
std::size_t size() { return sizeof(Ahead); }
