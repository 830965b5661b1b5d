// expect: tenon: a world of Components lives with one host for as long as the room does, and this
#include "tenon/profile/action.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Tag {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
template <class Topology>
using Net =
    tenon::profile::Action<tenon::Game<"g", 1, tenon::Component<Ship>>, tenon::transport::Memory, Topology>;

#ifdef SHOULD_FAIL
Net<tenon::topology::AuthorityHosted<>> net;
#else
Net<tenon::topology::ClientServer> net;
#endif
