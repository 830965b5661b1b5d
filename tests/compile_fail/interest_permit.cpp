// expect: tenon: who may be seen is decided by a function: bool permit(EntityId)
#include "tenon/replica/interest.hpp"

using Stage = tenon::Stage<2>;
using Interest = tenon::Interest<2>;

#ifdef SHOULD_FAIL
struct Permit {
    void operator()(tenon::EntityId) const {}
};
#else
struct Permit {
    bool operator()(tenon::EntityId) const { return true; }
};
#endif

auto look(Interest& interest, Stage& stage, const tenon::WorldHistory& world) {
    return interest.update(stage, world, {}, Permit{}).size();
}
