// expect: tenon: the game has a Command, and this topology has no authority to hear it; choose ClientServer
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Talk {
#ifdef SHOULD_FAIL
    static constexpr tenon::TopologyTraits traits{};
#else
    static constexpr tenon::TopologyTraits traits{.has_authority = true};
#endif
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
};
template <class Game, class Transport, class Topology, class Reliability>
using Check = tenon::detail::CheckSession<Game, Transport, tenon::codec::Bits, tenon::clock::Independent<>,
                                          Topology, Reliability>;

static_assert(sizeof(Check<tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory, Talk,
                           tenon::reliability::AckVector>) > 0);
