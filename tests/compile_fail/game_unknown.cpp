// expect: tenon: this type is not in the Game: add State<T>, Component<T>, Command<T> or Event<T> to it
#include "tenon/schema/game.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Shot : Ship {};

#ifdef SHOULD_FAIL
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>>;
#else
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>, tenon::Event<Shot>>;
#endif

tenon::MessageType type = Arena::type_of<Shot>;
