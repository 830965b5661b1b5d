#include "tenon/sim/network.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

using namespace tenon;
using sim::Counters;
using sim::Network;
using sim::Path;
using transport::MemoryAddress;

namespace {

// Two ports with a network between them; datagrams carry a number, so that what arrives can be told apart.
struct Wire {
    transport::Exchange exchange{1};
    Network network;
    transport::Memory a{exchange, 1}, b{exchange, 2};
    Instant now{};

    explicit Wire(std::uint64_t seed = 1) : network(exchange, seed) {
        REQUIRE(a.open(10));
        REQUIRE(b.open(20));
    }

    struct Arrival {
        Instant at;
        std::uint32_t number;
        std::size_t size;
        bool sound;
    };
    std::vector<Arrival> arrived;

    void send(std::uint32_t number, std::size_t size = 100) {
        std::vector<std::byte> bytes(size, std::byte{0x5A});
        std::memcpy(bytes.data(), &number, sizeof number);
        CHECK(a.send(MemoryAddress{2, 20}, Lane{}, bytes) == Sent::sent);
        network.collect(now);
    }
    // Everything that is due until then, each at its own time.
    void run(Instant until) {
        while (network.next() <= until) {
            now = network.next();
            network.deliver(now, [](const MemoryAddress&) {});
            b.poll([&](const MemoryAddress&, Lane, BytesIn bytes) {
                std::uint32_t number = 0;
                std::memcpy(&number, bytes.data(), sizeof number);
                bool sound = number < 1'000'000;
                for (std::size_t i = sizeof number; i < bytes.size(); ++i)
                    sound = sound && bytes[i] == std::byte{0x5A};
                arrived.push_back({now, number, bytes.size(), sound});
            });
        }
        now = until;
    }
    // One datagram every millisecond, and then time for all of them to arrive.
    void stream(std::uint32_t count, std::size_t size = 100) {
        for (std::uint32_t i = 0; i < count; ++i) {
            send(i, size);
            run(now + milliseconds(1));
        }
        run(now + seconds(10));
    }
    Counters counters() const { return network.counters(1, 2); }
};

bool near(double value, double wanted, double share) {
    return value > wanted * (1 - share) && value < wanted * (1 + share);
}
bool in_order(const std::vector<Wire::Arrival>& arrived) {
    for (std::size_t i = 1; i < arrived.size(); ++i)
        if (arrived[i].number < arrived[i - 1].number) return false;
    return true;
}

} // namespace

TEST_CASE("a good path delivers everything, in order, after its latency") {
    Wire wire;
    Path path;
    path.latency = milliseconds(35);
    wire.network.set_path(path);
    wire.stream(100);
    REQUIRE(wire.arrived.size() == 100);
    CHECK(in_order(wire.arrived));
    for (std::uint32_t i = 0; i < 100; ++i) CHECK(wire.arrived[i].at == Instant{} + milliseconds(35 + i));
    CHECK(wire.counters().delivered == 100);
    CHECK(wire.counters().bytes_delivered == 10'000);
    CHECK(wire.counters().on_their_way() == 0);
    CHECK(wire.network.counters(2, 1).sent == 0);
}

TEST_CASE("jitter delays by up to so much and keeps the order") {
    Wire wire;
    Path path;
    path.latency = milliseconds(10);
    path.jitter = milliseconds(50);
    wire.network.set_path(path);
    for (std::uint32_t i = 0; i < 200; ++i) {
        wire.send(i);
        wire.run(wire.now + seconds(1));
    }
    double sum = 0;
    for (std::uint32_t i = 0; i < 200; ++i) {
        const double late = (wire.arrived[i].at - (Instant{} + seconds(std::int64_t(i)))).ms();
        CHECK(late >= 10);
        CHECK(late <= 60);
        sum += late;
    }
    CHECK(near(sum / 200, 35, 0.1));
    Wire dense;
    dense.network.set_path(path);
    dense.stream(1000);
    CHECK(dense.arrived.size() == 1000);
    CHECK(in_order(dense.arrived));
}

TEST_CASE("loss takes the share that was asked for") {
    Wire wire;
    Path path;
    path.loss = 0.05;
    wire.network.set_path(path);
    wire.stream(20'000);
    CHECK(near(static_cast<double>(wire.counters().lost), 1000, 0.15));
    CHECK(wire.arrived.size() == 20'000 - wire.counters().lost);
    CHECK(wire.counters().on_their_way() == 0);
}

TEST_CASE("bursts take many datagrams in a row") {
    Wire wire;
    Path path;
    path.burst = 0.002;
    path.burst_length = 10;
    wire.network.set_path(path);
    wire.stream(50'000);
    std::size_t bursts = 0;
    for (std::size_t i = 1; i < wire.arrived.size(); ++i)
        bursts += wire.arrived[i].number != wire.arrived[i - 1].number + 1;
    const double lost = static_cast<double>(wire.counters().burst_lost);
    CHECK(near(static_cast<double>(bursts), 98, 0.3)); // 50,000 / (500 + 10)
    CHECK(near(lost / static_cast<double>(bursts), 10, 0.3));
    CHECK(wire.counters().lost == 0);
}

TEST_CASE("duplicates arrive as well as the first, not instead of it") {
    Wire wire;
    Path path;
    path.duplicate = 0.1;
    wire.network.set_path(path);
    wire.stream(10'000);
    CHECK(near(static_cast<double>(wire.counters().duplicated), 1000, 0.15));
    CHECK(wire.arrived.size() == 10'000 + wire.counters().duplicated);
    std::vector<int> seen(10'000);
    for (const auto& arrival : wire.arrived) ++seen[arrival.number];
    for (const int times : seen) CHECK((times == 1 || times == 2));
}

TEST_CASE("reordered datagrams are overtaken by others") {
    Wire wire;
    Path path;
    path.reorder = 0.1;
    path.reorder_by = milliseconds(30);
    wire.network.set_path(path);
    wire.stream(10'000);
    CHECK(wire.arrived.size() == 10'000);
    CHECK(near(static_cast<double>(wire.counters().reordered), 1000, 0.15));
    std::size_t overtaken = 0;
    std::uint32_t newest = 0;
    for (const auto& arrival : wire.arrived) {
        overtaken += arrival.number < newest;
        newest = std::max(newest, arrival.number);
    }
    CHECK(overtaken > 800); // one that is late by less than a millisecond meets nobody
    CHECK(overtaken <= wire.counters().reordered);
}

TEST_CASE("bandwidth holds the rate, its queue delays, and what is over the queue is lost") {
    Wire wire;
    Path path;
    path.latency = milliseconds(5);
    path.bandwidth = 50'000; // half of what is sent
    path.queue_bytes = 10'000;
    wire.network.set_path(path);
    for (std::uint32_t i = 0; i < 4000; ++i) {
        wire.send(i);
        wire.run(wire.now + milliseconds(1));
    }
    const Instant stopped = wire.now;
    std::size_t bytes = 0;
    for (const auto& arrival : wire.arrived) bytes += arrival.size;
    CHECK(near(static_cast<double>(bytes), 200'000, 0.02));
    wire.run(wire.now + seconds(10));
    const Duration last = wire.arrived.back().at - stopped;
    CHECK(near(last.ms(), 205, 0.05)); // a full queue of 10,000 bytes
    CHECK(wire.counters().queue_full + wire.arrived.size() == 4000);
    CHECK(in_order(wire.arrived));
}

TEST_CASE("what is larger than the path's MTU is lost") {
    Wire wire;
    Path path;
    path.mtu = 1200;
    wire.network.set_path(path);
    wire.send(1, 1200);
    wire.send(2, 1201);
    wire.run(wire.now + seconds(1));
    REQUIRE(wire.arrived.size() == 1);
    CHECK(wire.arrived[0].number == 1);
    CHECK(wire.counters().too_big == 1);
}

TEST_CASE("corruption turns bits over in the share that was asked for") {
    Wire wire;
    Path path;
    path.corrupt = 0.05;
    wire.network.set_path(path);
    wire.stream(10'000);
    std::size_t unsound = 0;
    for (std::size_t i = 0; i < wire.arrived.size(); ++i)
        unsound += !wire.arrived[i].sound || wire.arrived[i].number != i;
    CHECK(wire.arrived.size() == 10'000);
    CHECK(unsound == wire.counters().corrupted);
    CHECK(near(static_cast<double>(unsound), 500, 0.2));
}

TEST_CASE("a partition parts its group from the others until it ends") {
    Wire wire;
    wire.network.split({2, 7}, wire.now + milliseconds(500));
    CHECK(wire.network.is_cut(wire.now, 1, 2));
    CHECK(wire.network.is_cut(wire.now, 7, 1));
    CHECK_FALSE(wire.network.is_cut(wire.now, 2, 7));
    CHECK_FALSE(wire.network.is_cut(wire.now, 1, 3));
    wire.stream(1000);
    CHECK(wire.counters().cut == 500);
    CHECK(wire.arrived.size() == 500);
    wire.network.cut(1, 3);
    CHECK(wire.network.is_cut(wire.now, 3, 1));
    CHECK_FALSE(wire.network.is_cut(wire.now, 3, 2));
    CHECK_FALSE(wire.network.is_cut(wire.now, 2, 1));
    wire.network.heal();
    CHECK_FALSE(wire.network.is_cut(wire.now, 3, 1));
}

TEST_CASE("a path of its own is not touched by the others', and a host reaches itself at once") {
    Wire wire;
    Path own, other;
    own.latency = milliseconds(1);
    other.loss = 1;
    wire.network.set_path_both_ways(1, 2, own);
    wire.network.set_path(other);
    wire.send(1);
    wire.run(wire.now + seconds(1));
    CHECK(wire.arrived.size() == 1);
    transport::Memory near_by(wire.exchange, 2);
    REQUIRE(near_by.open(0));
    CHECK(near_by.send(MemoryAddress{2, 20}, Lane{}, bytes_of("0123456789")) == Sent::sent);
    wire.network.collect(wire.now);
    const Instant sent = wire.now;
    wire.run(wire.now + seconds(1));
    REQUIRE(wire.arrived.size() == 2);
    CHECK(wire.arrived[1].at - sent < milliseconds(1));
}

TEST_CASE("spread gives each path a latency of its own") {
    Wire wire;
    Path path;
    path.latency = milliseconds(100);
    path.spread = 0.5;
    wire.network.set_path(path);
    std::int64_t different = 0, last = 0;
    for (std::uint32_t host = 10; host < 30; ++host) {
        wire.network.send(wire.now, MemoryAddress{host, 1}, MemoryAddress{2, 20}, Lane{}, bytes_of("abcd"));
        const Instant sent = wire.now;
        wire.run(wire.now + seconds(1));
        const Duration took = wire.arrived.back().at - sent;
        CHECK(took >= milliseconds(50));
        CHECK(took <= milliseconds(150));
        different += took.ns != last;
        last = took.ns;
    }
    CHECK(different == 20);
}

TEST_CASE("what nobody listens to is counted") {
    Wire wire;
    wire.network.send(wire.now, MemoryAddress{9, 9}, MemoryAddress{2, 21}, Lane{}, bytes_of("abcd"));
    wire.run(wire.now + seconds(1));
    CHECK(wire.network.counters().unheard == 1);
    CHECK(wire.network.counters().on_their_way() == 0);
    CHECK(wire.network.sent_to(2).sent == 1);
    CHECK(wire.network.sent_by(9).bytes_sent == 4);
    CHECK(wire.network.sent_by(2).sent == 0);
}

TEST_CASE("one seed is one history, and turning a fault off leaves the others' luck as it was") {
    const auto history = [](std::uint64_t seed, double duplicate) {
        Wire wire(seed);
        Path path;
        path.loss = 0.1;
        path.duplicate = duplicate;
        path.jitter = milliseconds(5);
        wire.network.set_path(path);
        wire.stream(500);
        return std::pair(wire.network.hash(), wire.counters().lost);
    };
    CHECK(history(5, 0.1) == history(5, 0.1));
    CHECK(history(5, 0.1).first != history(6, 0.1).first);
    CHECK(history(5, 0).first != history(5, 0.1).first);
    CHECK(history(5, 0).second == history(5, 0.1).second);
}
