// expect: tenon: over this transport everybody on the way could read the credential, and use it; choose
// Secure<...>
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Tunnel : tenon::transport::Memory {
    using Memory::Memory;
#ifdef SHOULD_FAIL
    static constexpr tenon::TransportTraits traits{false, false, false, 1200, 1};
#else
    static constexpr tenon::TransportTraits traits{false, false, true, 1200, 1};
#endif
};
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, Tunnel, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;

void enter(Net& net) { (void)net.join("host1:4000", tenon::bytes_of("pass")); }
