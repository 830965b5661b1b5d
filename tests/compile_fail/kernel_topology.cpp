// expect: tenon: clock::Kernel needs an authority that closes the ticks and relays the inputs, and this
#include "tenon/check_session.hpp"
#include "tenon/clock/kernel.hpp"
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
    static constexpr tenon::TopologyTraits traits{.has_authority = true};
#else
    static constexpr tenon::TopologyTraits traits{.has_authority = true, .relays = true};
#endif
    static tenon::PeerId authority(tenon::PeerId host) { return host; }
};

static_assert(sizeof(tenon::detail::CheckSession<
                     tenon::Game<"g", 1, tenon::Command<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                     tenon::clock::Kernel<60>, Talk, tenon::reliability::AckVector>) > 0);
