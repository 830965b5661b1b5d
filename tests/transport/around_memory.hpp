#pragma once
// A decorator around Memory whose clock a test sets, and the harness with which it keeps the contract of
// transports (contract.hpp).

#include "tenon/core/time.hpp"
#include "tenon/transport/memory.hpp"

namespace around_memory {

using namespace tenon;

struct Clock {
    Instant* at;
    Instant operator()() const { return *at; }
};

template <template <class, class> class Decorator>
struct Harness {
    using Transport = Decorator<transport::Memory, Clock>;
    transport::Exchange exchange{3};
    Instant at{1'000'000'000};

    Transport make() { return Transport(transport::Memory(exchange, 0x0A000001), {}, Clock{&at}); }
    void carry(Transport&) { exchange.deliver_all(); }
    transport::MemoryAddress to(Transport&, const transport::MemoryAddress& address) { return address; }
};

} // namespace around_memory
