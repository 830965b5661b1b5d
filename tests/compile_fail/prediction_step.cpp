// expect: tenon: a predicted step is step(auto& world, EntityId entity, const Order& order, std::uint32_t
// number)
#include "tenon/replica/prediction.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
using Sky = tenon::Game<"g", 1, tenon::Component<Ship>, tenon::Command<Steer>>;

auto give(tenon::Prediction<Sky, Steer>& prediction) {
#ifdef SHOULD_FAIL
    return prediction.command({}, [](auto&, tenon::EntityId) {});
#else
    return prediction.command({}, [](auto&, tenon::EntityId, const Steer&, std::uint32_t) {});
#endif
}
