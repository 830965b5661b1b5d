// expect: tenon: the transport's datagrams are larger than its guard can open; 2048 bytes are the most
#include "tenon/check_session.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Narrow : tenon::Plain {
    static constexpr std::size_t desk_bytes = 2048;
};
struct Encrypted : tenon::transport::Memory {
    using Guard = Narrow;
#ifdef SHOULD_FAIL
    static constexpr tenon::TransportTraits traits{false, false, true, 2049, 1};
#else
    static constexpr tenon::TransportTraits traits{false, false, true, 2048, 1};
#endif
};
static_assert(
    sizeof(tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Encrypted, tenon::codec::Bits,
                                       tenon::clock::Independent<>, tenon::topology::ClientServer,
                                       tenon::reliability::AckVector>) > 0);
