#include "tenon/transport/memory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "contract.hpp"

using namespace tenon;
using transport::Exchange;
using transport::ExchangeOptions;
using transport::Memory;
using transport::MemoryAddress;

namespace {

struct Harness {
    using Transport = Memory;
    Exchange exchange{3};

    Memory make() { return Memory(exchange, 0x0A000001); }
    void carry(Memory&) { exchange.deliver_all(); }
    MemoryAddress to(Memory&, const MemoryAddress& at) { return at; }
};

std::size_t count(Memory& port) {
    std::size_t n = 0;
    port.poll([&](const MemoryAddress&, Lane, BytesIn) { ++n; });
    return n;
}

} // namespace

TEST_CASE("Memory keeps the contract of transports") {
    Harness harness;
    contract::all(harness);
}

TEST_CASE("Memory without an exchange stays closed") {
    Memory port;
    CHECK(port.open(1).error() == Error::closed);
    CHECK(port.resolve("host1:1").error() == Error::closed);
    CHECK(port.send({}, {}, bytes_of("x")) == Sent::closed);
    CHECK(port.prepare({}, {}, 1).empty());
    CHECK(port.commit(1) == Sent::closed);
    CHECK(count(port) == 0);
    port.close();
}

TEST_CASE("a simulated host's address is read as numbers with dots or as a numbered host") {
    Exchange exchange;
    Memory port(exchange, 9);
    CHECK(port.resolve("10.0.0.7:4000")->host == 0x0A000007);
    CHECK(port.resolve("host7:4000")->host == 7);
    CHECK(port.resolve("host4294967295:1")->host == 0xFFFFFFFF);
    CHECK(port.resolve(":4000")->host == 9);
    CHECK(port.resolve("host4294967296:1").error() == Error::unknown_host);
    CHECK(port.resolve("server:4000").error() == Error::unknown_host);
    CHECK(port.resolve("host:4000").error() == Error::unknown_host);
    CHECK(port.resolve("[::1]:4000").error() == Error::bad_address);
    CHECK(MemoryAddress{0x0A000007, 4000}.text().view() == "10.0.0.7:4000");
}

TEST_CASE("what is sent waits for the owner of the exchange, with everything needed to carry it") {
    Exchange exchange;
    Memory a(exchange, 1), b(exchange, 2);
    const MemoryAddress at_a = *a.open(5), at_b = *b.open(5);
    CHECK(exchange.is_open(at_a));
    CHECK(a.send(at_b, Lane{3}, bytes_of("hello")) == Sent::sent);
    a.flush();
    CHECK(exchange.outgoing() == 1);
    CHECK(count(b) == 0);
    std::vector<std::string> taken;
    const auto take = [&](const MemoryAddress& from, const MemoryAddress& to, Lane lane, BytesIn bytes) {
        CHECK(from == at_a);
        CHECK(to == at_b);
        CHECK(lane == Lane{3});
        taken.push_back(std::string(text_of(bytes)));
        // What is sent meanwhile stays for the next time.
        if (taken.size() == 1) CHECK(a.send(at_b, Lane{3}, bytes_of("later")) == Sent::sent);
    };
    CHECK(exchange.take_outgoing(take) == 1);
    CHECK(exchange.take_outgoing(take) == 1);
    CHECK(exchange.take_outgoing(take) == 0);
    CHECK(taken == std::vector<std::string>{"hello", "later"});
    CHECK(exchange.deliver(at_b, at_a, Lane{3}, bytes_of("hello")));
    CHECK(count(b) == 1);
    CHECK(count(b) == 0);
}

TEST_CASE("a datagram to nobody is lost and counted") {
    Exchange exchange;
    Memory a(exchange, 1), b(exchange, 2);
    const MemoryAddress at_a = *a.open(5), at_b = *b.open(6);
    CHECK(!exchange.deliver({2, 7}, at_a, {}, bytes_of("x")));
    CHECK(!exchange.deliver({3, 6}, at_a, {}, bytes_of("x")));
    CHECK(exchange.deliver(at_b, at_a, {}, bytes_of("x")));
    b.close();
    CHECK(!exchange.deliver(at_b, at_a, {}, bytes_of("x")));
    CHECK(exchange.unheard() == 3);
    REQUIRE(b.open(6));
    CHECK(count(b) == 0); // what a closed port had not read is gone
}

TEST_CASE("a full inbox loses what comes, and a full way out blocks") {
    Exchange exchange(ExchangeOptions{1, 10, 3, 20});
    Memory a(exchange, 1), b(exchange, 2);
    const MemoryAddress at_a = *a.open(5), at_b = *b.open(5);
    CHECK(exchange.deliver(at_b, at_a, {}, bytes_of("12345678")));
    CHECK(!exchange.deliver(at_b, at_a, {}, bytes_of("123")));
    CHECK(exchange.deliver(at_b, at_a, {}, bytes_of("12")));
    CHECK(exchange.deliver(at_b, at_a, {}, bytes_of("")));
    CHECK(!exchange.deliver(at_b, at_a, {}, bytes_of("")));
    CHECK(exchange.overflowed() == 2);
    CHECK(count(b) == 3);
    CHECK(exchange.deliver(at_b, at_a, {}, bytes_of("123")));

    CHECK(a.send(at_b, {}, bytes_of("123456789012345")) == Sent::sent);
    CHECK(a.send(at_b, {}, bytes_of("123456")) == Sent::would_block);
    CHECK(a.prepare(at_b, {}, 6).empty());
    CHECK(a.commit(6) == Sent::would_block);
    CHECK(b.send(at_a, {}, bytes_of("123456")) == Sent::sent); // each port has its own
    CHECK(a.send(at_b, {}, bytes_of("12345")) == Sent::sent);
    exchange.take_outgoing([](const MemoryAddress&, const MemoryAddress&, Lane, BytesIn) {});
    CHECK(a.send(at_b, {}, bytes_of("123456")) == Sent::sent);
}

TEST_CASE("lent room that another port has taken is refused, not mixed up") {
    Exchange exchange;
    Memory a(exchange, 1), b(exchange, 2);
    const MemoryAddress at_a = *a.open(5), at_b = *b.open(5);
    BytesOut room = a.prepare(at_b, {}, 5);
    copy(room.data(), bytes_of("aaaaa"));
    CHECK(b.send(at_a, {}, bytes_of("bbbbb")) == Sent::sent);
    CHECK(a.commit(5) == Sent::would_block);
    room = a.prepare(at_b, {}, 5);
    CHECK(a.commit(6) == Sent::too_big);
    std::vector<std::string> taken;
    exchange.take_outgoing([&](const MemoryAddress&, const MemoryAddress&, Lane, BytesIn bytes) {
        taken.push_back(std::string(text_of(bytes)));
    });
    CHECK(taken == std::vector<std::string>{"bbbbb"});
    CHECK(a.commit(5) == Sent::would_block); // taking ends what was prepared
}

TEST_CASE("a thousand ports find each other, and a closed one's place is used again") {
    Exchange exchange;
    std::vector<Memory> ports;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        ports.emplace_back(exchange, i % 10);
        REQUIRE(ports.back().open(0));
    }
    for (std::size_t i = 0; i < 1000; i += 3) ports[i].close();
    for (std::size_t i = 0; i < 1000; i += 6) REQUIRE(ports[i].open(0));
    std::size_t open = 0;
    for (Memory& port : ports) {
        if (!port.is_open()) continue;
        ++open;
        CHECK(port.send(port.local_address(), {}, bytes_of("self")) == Sent::sent);
    }
    CHECK(exchange.deliver_all() == open);
    for (Memory& port : ports) CHECK(count(port) == (port.is_open() ? 1 : 0));
}

TEST_CASE("the randomness of a simulated host comes from the exchange's seed") {
    Exchange one(7), same(7), other(8);
    Memory a(one, 1), b(same, 1), c(other, 1);
    const std::uint64_t first = a.entropy();
    CHECK(first == b.entropy());
    CHECK(first != c.entropy());
    CHECK(a.entropy() == b.entropy());
}

static_assert(tenon::TransportPolicy<tenon::transport::Memory> &&
              tenon::LendsBuffer<tenon::transport::Memory>);
