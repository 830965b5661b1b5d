// expect: tenon: the guard of the encrypted transport inside of this one is out of reach
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
struct Encrypted : tenon::transport::Memory {
    static constexpr tenon::TransportTraits traits{false, false, true, 1200, 1, true};
#ifndef SHOULD_FAIL
    struct Guard : tenon::Plain {
        static constexpr std::size_t desk_bytes = 2048;
    };
#endif
};
static_assert(
    sizeof(tenon::detail::CheckSession<tenon::Game<"g", 1, tenon::Event<Shot>>, Encrypted, tenon::codec::Bits,
                                       tenon::clock::Independent<>, tenon::topology::ClientServer,
                                       tenon::reliability::AckVector>) > 0);
