// expect: tenon: Event<T, Delivery>: the delivery is BestEffort, Newest, Reliable or Ordered
#include "tenon/schema/game.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Sometimes {};

#ifdef SHOULD_FAIL
tenon::Event<Ship, Sometimes> event;
#else
tenon::Event<Ship, tenon::Reliable> event;
#endif
