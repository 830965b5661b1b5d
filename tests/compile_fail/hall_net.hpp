#pragma once
// What halls are made of: sessions of a name, over a transport, and handlers.

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Keeper {
    void on(tenon::PeerId, const Shot&) {}
};
template <tenon::FixedString name, class Transport = tenon::transport::Memory>
using Net =
    tenon::Session<tenon::Game<name, 1, tenon::Event<Shot, tenon::Reliable>>, Transport, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::ClientServer, tenon::reliability::AckVector>;
