// expect: Bus lacks: void close()
#include "tenon/bus/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/transport/memory.hpp"

struct Shot {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Wire {
    static constexpr std::size_t message_max = 4096;
    tenon::Result<> subscribe(std::string_view) { return {}; }
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
    template <class F>
    void poll(F&&) {}
#ifndef SHOULD_FAIL
    void close() {}
#endif
};
using Net =
    tenon::Session<tenon::Game<"g", 1, tenon::Event<Shot>>, tenon::transport::Memory, tenon::codec::Bits,
                   tenon::clock::Independent<>, tenon::topology::Hybrid<Wire>, tenon::reliability::AckVector>;

static_assert(sizeof(Net) > 0);
