// expect: Transport lacks: BulkWay bulk_way(const Address&), for frames with streams of their own
#include "tenon/transport/concept.hpp"

struct Wire {
    static constexpr tenon::TransportTraits traits{.connected = true, .datagrams = true, .bulk = true};
    struct Address {
        std::uint64_t hash() const { return 0; }
        std::string_view text() const { return "somewhere"; }
        bool operator==(const Address&) const = default;
    };
    tenon::BytesOut prepare(const Address&, tenon::Lane, std::size_t) { return {}; }
    tenon::Sent commit(std::size_t) { return tenon::Sent::sent; }
    tenon::Sent send(const Address&, tenon::Lane, tenon::BytesIn) { return tenon::Sent::sent; }
    void flush() {}
    template <class F>
    void poll(F&&) {}
    void wait(tenon::Instant) {}
    std::uint64_t entropy() { return 0; }
    tenon::Result<Address> open(std::uint16_t) { return Address{}; }
    tenon::Result<Address> resolve(std::string_view) { return Address{}; }
    std::size_t backlog(const Address&) { return 0; }
    void close() {}
    void hang_up(const Address&) {}
    std::size_t datagram_room(const Address&) { return 0; }
#ifndef SHOULD_FAIL
    tenon::BulkWay bulk_way(const Address&) { return {}; }
#endif
};

static_assert(sizeof(tenon::CheckTransport<Wire>) > 0);
