#include "tenon/transport/lend.hpp"

#include <doctest/doctest.h>

#include <cstddef>

#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using Address = transport::MemoryAddress;

namespace {

// The same port without a buffer to lend.
struct Plain {
    using Address = transport::MemoryAddress;
    static constexpr TransportTraits traits{};

    transport::Memory memory;

    Sent send(const Address& to, Lane lane, BytesIn datagram) { return memory.send(to, lane, datagram); }
};
static_assert(LendsBuffer<transport::Memory> && !LendsBuffer<Plain>);

template <class Transport>
bool write_three(Transport& from, std::size_t bytes) {
    bool taken = true;
    transport::lend(from, [&](auto&& lend, auto&& take) {
        for (const std::byte mark : {std::byte{1}, std::byte{2}, std::byte{3}}) {
            const BytesOut into = lend(Address{2, 4000});
            taken = taken && into.size() == 1200;
            if (!taken) return;
            into[0] = mark;
            taken = take(mark == std::byte{2} ? 0 : bytes) && taken; // the second is given back unused
        }
    });
    return taken;
}

template <class Make>
void check_writing(Make&& make) {
    transport::Exchange exchange({.seed = 1, .outgoing_bytes = 4000});
    transport::Memory to(exchange, 2);
    auto from = make(transport::Memory(exchange, 1));
    REQUIRE(to.open(4000));
    CHECK_FALSE(write_three(from, 100)); // it is not open
    if constexpr (requires { from.memory; })
        REQUIRE(from.memory.open(0));
    else
        REQUIRE(from.open(0));
    CHECK(write_three(from, 100));
    exchange.deliver_all();
    int heard = 0;
    to.poll([&](const Address&, Lane, BytesIn datagram) {
        CHECK(datagram.size() == 100);
        heard = heard * 10 + std::to_integer<int>(datagram[0]);
    });
    CHECK(heard == 13);
    CHECK(write_three(from, 1200));
    CHECK_FALSE(write_three(from, 1200)); // full
}

} // namespace

TEST_CASE("datagrams are written where the transport lends its buffer") {
    check_writing([](transport::Memory memory) { return memory; });
}
TEST_CASE("where packets have a better way as far as they are small, that is told with the buffer") {
    struct Narrow : Plain {
        std::size_t packet_room(const Address& to) const { return to.host == 2 ? 900 : 0; }
    };
    transport::Exchange exchange({.seed = 1, .outgoing_bytes = 4000});
    Narrow narrow{{transport::Memory(exchange, 1)}};
    transport::lend(narrow, [](auto&& lend, auto&&) {
        CHECK(lend.packet_room({2, 4000}) == 900);
        CHECK(lend.packet_room({3, 4000}) == 0);
        CHECK(lend({2, 4000}).size() == 1200);
    });
    Plain plain{transport::Memory(exchange, 2)};
    transport::lend(plain, [](auto&& lend, auto&&) {
        static_assert(!requires { lend.packet_room(Address{2, 4000}); });
    });
}
TEST_CASE("and beside it where it has none to lend") {
    check_writing([](transport::Memory memory) { return Plain{std::move(memory)}; });
}

TEST_CASE("of connections each is asked, lent to and ended for itself") {
    sim::Lines lines(1);
    sim::Line narrow;
    narrow.backlog_max = 3000;
    lines.set_line(1, 2, narrow);
    sim::Stream from(lines, 1), two(lines, 2), three(lines, 3);
    REQUIRE(from.open(0));
    REQUIRE(two.open(4000));
    REQUIRE(three.open(4000));
    const auto to_two = *from.resolve("host2:4000"), to_three = *from.resolve("host3:4000");
    transport::lend(from, [&](auto&& lend, auto&& take) {
        CHECK(lend(to_two).size() == 1200);
        CHECK(lend(to_two, 2000).size() == 2000);
        CHECK(take(2000));
        CHECK(lend(to_two, 2000).empty());
        CHECK(lend(to_three, 2000).size() == 2000);
        CHECK(take(0));
        CHECK(lend.backlog(to_two) == 2000);
        CHECK(lend.backlog(to_three) == 0);
        lend.hang_up(to_two);
        lend.flush();
    });
    lines.deliver(Instant{} + seconds(1), [](const transport::MemoryAddress&) {});
    CHECK(lines.open_count() == 1);
}
