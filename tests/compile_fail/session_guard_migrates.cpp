// expect: tenon: this topology's guests must reach each other, and the transport's guard gives them no keys
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Wide : tenon::Plain {
    static constexpr std::size_t desk_bytes = 2048;
};
struct Encrypted : tenon::transport::Memory {
    using Guard = Wide;
    static constexpr tenon::TransportTraits traits{false, false, true, 1200, 1};
};
#ifdef SHOULD_FAIL
using Topology = tenon::topology::AuthorityHosted<>;
#else
using Topology = tenon::topology::ClientServer;
#endif
static_assert(sizeof(tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Encrypted,
                                                 tenon::codec::Bits, tenon::clock::Independent<>, Topology,
                                                 tenon::reliability::AckVector>) > 0);
