// expect: Transport lacks: void wait(Instant)
#include "tenon/transport/concept.hpp"

struct Wire {
    static constexpr tenon::TransportTraits traits{};
    struct Address {
        std::uint64_t hash() const { return 0; }
        std::string_view text() const { return "somewhere"; }
        bool operator==(const Address&) const = default;
    };
    tenon::Sent send(const Address&, tenon::Lane, tenon::BytesIn) { return tenon::Sent::sent; }
    void flush() {}
    template <class F>
    void poll(F&&) {}
#ifndef SHOULD_FAIL
    void wait(tenon::Instant) {}
#endif
    std::uint64_t entropy() { return 0; }
    tenon::Result<Address> open(std::uint16_t) { return Address{}; }
    tenon::Result<Address> resolve(std::string_view) { return Address{}; }
    void close() {}
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
