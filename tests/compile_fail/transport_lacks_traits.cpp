// expect: Transport lacks: static constexpr TransportTraits traits
#include "tenon/transport/concept.hpp"

struct Wire {
#ifndef SHOULD_FAIL
    static constexpr tenon::TransportTraits traits{};
#endif
    struct Address {
        std::uint64_t hash() const { return 0; }
        std::string_view text() const { return "somewhere"; }
        bool operator==(const Address&) const = default;
    };
    tenon::Sent send(const Address&, tenon::Lane, tenon::BytesIn) { return tenon::Sent::sent; }
    void flush() {}
    template <class F>
    void poll(F&&) {}
    void wait(tenon::Instant) {}
    std::uint64_t entropy() { return 0; }
    tenon::Result<Address> open(std::uint16_t) { return Address{}; }
    tenon::Result<Address> resolve(std::string_view) { return Address{}; }
    void close() {}
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
