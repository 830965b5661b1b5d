#include "tenon/transport/impaired.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "around_memory.hpp"
#include "contract.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::Exchange;
using transport::Impaired;
using transport::ImpairedOptions;
using transport::Impairment;
using transport::Memory;
using transport::MemoryAddress;

namespace {

using around_memory::Clock;
using Line = Impaired<Memory, Clock>;
using Harness = around_memory::Harness<Impaired>;

struct Arrival {
    int number;
    Duration after;
    friend bool operator==(const Arrival&, const Arrival&) = default;
};

// Sends `count` numbered datagrams of `bytes`, one every `every`, and tells what arrived, and when after its
// sending.
std::vector<Arrival> measure(const ImpairedOptions& options, int count, Duration every = 1_ms,
                             std::size_t bytes = 8, transport::ImpairedCounters* out = nullptr) {
    Exchange exchange(5);
    Instant at{1'000'000'000};
    const Instant start = at;
    Line a(Memory(exchange, 1), options, Clock{&at});
    Memory b(exchange, 2);
    REQUIRE(a.open(0));
    const MemoryAddress to = *b.open(0);
    std::vector<Arrival> arrived;
    for (int i = 0; i < count + 2000 && (i < count || a.held() != 0); ++i, at += every) {
        if (i < count) {
            std::string text = std::to_string(i);
            text.resize(bytes, ' ');
            CHECK(a.send(to, {}, bytes_of(text)) == Sent::sent);
        }
        a.flush();
        exchange.deliver_all();
        b.poll([&](const MemoryAddress&, Lane, BytesIn datagram) {
            const int number = std::atoi(std::string(text_of(datagram)).c_str());
            arrived.push_back({number, at - start - every * number});
        });
    }
    if (out != nullptr) *out = a.outgoing();
    return arrived;
}
ImpairedOptions outgoing(const Impairment& impairment, std::uint64_t seed = 1) {
    return {.outgoing = impairment, .seed = seed};
}

} // namespace

TEST_CASE("without impairment the contract of transports is kept") {
    Harness harness;
    contract::all(harness);
}

TEST_CASE("loss is what was asked for, and counted") {
    transport::ImpairedCounters counters;
    const auto arrived = measure(outgoing({.loss = 0.2}), 5000, 1_ms, 8, &counters);
    CHECK(arrived.size() > 3800);
    CHECK(arrived.size() < 4200);
    CHECK(counters.lost + arrived.size() == 5000);
    CHECK(counters.passed == arrived.size());
    CHECK(measure(outgoing({.loss = 1}), 100).empty());
}

TEST_CASE("delay is exact, and jitter spreads it evenly around") {
    for (const Arrival& arrival : measure(outgoing({.delay = 50_ms}), 100)) CHECK(arrival.after == 50_ms);
    Duration least = 1_s, most{}, sum{};
    const auto arrived = measure(outgoing({.delay = 50_ms, .jitter = 10_ms, .reorder = true}), 3000);
    REQUIRE(arrived.size() == 3000);
    bool overtaken = false;
    int last = -1;
    for (const Arrival& arrival : arrived) {
        least = min(least, arrival.after);
        most = max(most, arrival.after);
        sum += arrival.after;
        overtaken = overtaken || arrival.number < last;
        last = arrival.number;
    }
    CHECK(least >= 40_ms);
    CHECK(least < 42_ms);
    CHECK(most <= 61_ms); // what is due between two turns goes with the later
    CHECK(most > 58_ms);
    CHECK(abs(sum / 3000 - 50_ms) < 1_ms);
    CHECK(overtaken);
}

TEST_CASE("without reorder jitter lets nothing overtake") {
    int last = -1;
    for (const Arrival& arrival : measure(outgoing({.delay = 50_ms, .jitter = 30_ms}), 1000)) {
        CHECK(arrival.number == last + 1);
        last = arrival.number;
    }
    CHECK(last == 999);
}

TEST_CASE("duplicates are as many as asked for") {
    transport::ImpairedCounters counters;
    const auto arrived = measure(outgoing({.duplicate = 0.1}), 5000, 1_ms, 8, &counters);
    CHECK(counters.duplicated > 400);
    CHECK(counters.duplicated < 600);
    CHECK(arrived.size() == 5000 + counters.duplicated);
}

TEST_CASE("damage turns one bit over") {
    Exchange exchange(5);
    Instant at{1};
    Line a(Memory(exchange, 1), outgoing({.corrupt = 1}), Clock{&at});
    Memory b(exchange, 2);
    REQUIRE(a.open(0));
    const MemoryAddress to = *b.open(0);
    const std::string said(40, '\0');
    for (int i = 0; i < 100; ++i) CHECK(a.send(to, {}, bytes_of(said)) == Sent::sent);
    CHECK(a.send(to, {}, bytes_of("")) == Sent::sent); // nothing to damage
    a.flush();
    exchange.deliver_all();
    std::size_t damaged = 0;
    b.poll([&](const MemoryAddress&, Lane, BytesIn bytes) {
        int bits = 0;
        for (const std::byte byte : bytes)
            for (unsigned i = 0; i < 8; ++i) bits += std::to_integer<int>(byte >> i & std::byte{1});
        CHECK(bits == (bytes.empty() ? 0 : 1));
        damaged += bits == 1 ? 1 : 0;
    });
    CHECK(damaged == 100);
    CHECK(a.outgoing().corrupted == 100);
}

TEST_CASE("a narrow link passes its bandwidth, and loses what its queue can't hold") {
    // 100 bytes every millisecond through 50,000 bytes a second: half of it.
    transport::ImpairedCounters counters;
    const auto arrived =
        measure(outgoing({.bandwidth = 50'000, .queue_bytes = 1000}), 2000, 1_ms, 100, &counters);
    CHECK(arrived.size() > 980);
    CHECK(arrived.size() < 1030);
    CHECK(counters.queue_full == 2000 - arrived.size());
    Duration most{};
    for (const Arrival& arrival : arrived) most = max(most, arrival.after);
    CHECK(most <= 22_ms); // a full queue of 1000 bytes takes 20
    CHECK(most > 15_ms);
}

TEST_CASE("a seed repeats, another does not") {
    const Impairment bad{.loss = 0.1, .duplicate = 0.1, .delay = 30_ms, .jitter = 20_ms, .reorder = true};
    const auto first = measure(outgoing(bad, 7), 500);
    CHECK((first == measure(outgoing(bad, 7), 500)));
    CHECK(!(first == measure(outgoing(bad, 8), 500)));
}

TEST_CASE("the way in is impaired on its own") {
    Exchange exchange(5);
    Instant at{1'000'000'000};
    Memory a(exchange, 1);
    Line b(Memory(exchange, 2), {.incoming = {.delay = 20_ms}}, Clock{&at});
    REQUIRE(a.open(0));
    const MemoryAddress to = *b.open(0);
    CHECK(a.send(to, {}, bytes_of("late")) == Sent::sent);
    exchange.deliver_all();
    int heard = 0;
    const auto count = [&](const MemoryAddress&, Lane, BytesIn) { ++heard; };
    b.poll(count);
    CHECK(heard == 0);
    CHECK(b.held() == 1);
    CHECK(b.next_due() == at + 20_ms);
    at += 19_ms;
    b.poll(count);
    CHECK(heard == 0);
    at += 1_ms;
    b.poll(count);
    CHECK(heard == 1);
    CHECK(b.incoming().passed == 1);
    CHECK(b.next_due() == Instant::never());
    // What is held when it closes is gone.
    CHECK(a.send(to, {}, bytes_of("late")) == Sent::sent);
    exchange.deliver_all();
    b.poll(count);
    b.close();
    CHECK(b.held() == 0);
}

TEST_CASE("what is held is bounded") {
    Exchange exchange(5);
    Instant at{1};
    Line a(Memory(exchange, 1), {.outgoing = {.delay = 1_s}, .held_bytes = 6400}, Clock{&at});
    REQUIRE(a.open(0));
    for (int i = 0; i < 100; ++i) CHECK(a.send({2, 2}, {}, bytes_of(std::string(100, 'x'))) == Sent::sent);
    CHECK(a.held() == 64);
    CHECK(a.outgoing().held_full == 36);
}

TEST_CASE("an impairment is read from text, and what is none is refused") {
    const auto parsed = Impairment::parse(
        "loss=5,delay=50,jitter=10,duplicate=1,corrupt=0.1,bandwidth=125000,queue=65536,reorder=1");
    REQUIRE(parsed);
    CHECK(parsed->loss == doctest::Approx(0.05));
    CHECK(parsed->delay == 50_ms);
    CHECK(parsed->jitter == 10_ms);
    CHECK(parsed->duplicate == doctest::Approx(0.01));
    CHECK(parsed->corrupt == doctest::Approx(0.001));
    CHECK(parsed->bandwidth == 125'000);
    CHECK(parsed->queue_bytes == 65'536);
    CHECK(parsed->reorder);
    CHECK(!Impairment::parse("")->any());
    for (const char* text : {"loss", "loss=", "loss=x", "loss=5,", ",loss=5", "loss=-1", "loss=1.", "speed=5",
                             "loss=5;delay=1", "loss=1.2345678", "loss= 5"})
        CHECK(Impairment::parse(text).error() == Error::malformed);
    for (const char* text : {"loss=101", "delay=60001", "queue=4294967296", "reorder=2"})
        CHECK(Impairment::parse(text).error() == Error::over_bound);
}
