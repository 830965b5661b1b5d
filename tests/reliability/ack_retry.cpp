#include "tenon/reliability/ack_retry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;
using reliability::RetryMachine;
using reliability::RetryRule;

namespace {

constexpr Instant start{1'000'000'000};
constexpr Duration trip = 20_ms;

// One packet of a machine, and what the other reads of it.
struct Side {
    RetryMachine machine;
    std::vector<std::uint32_t> heard;
    bool broken = false;

    explicit Side(const RetryRule& rule = {}, std::uint64_t seed = 1) : machine(Random(seed), rule) {}

    Result<> push(Pool& pool, Instant now, std::uint32_t number) {
        std::byte bytes[4];
        store_le(bytes, number);
        return machine.push(pool, now, {9}, bytes);
    }
    std::vector<std::byte> fill(Instant now) {
        std::array<std::byte, 1200> buffer{};
        PacketWriter packet(buffer, 0, 0);
        if (!machine.fill(now, trip, packet)) return {};
        const auto open =
            open_packet(BytesIn(buffer).first(packet.seal(tenon::Checksum(1))), tenon::Checksum(1), 0, 0);
        REQUIRE(open);
        return {open->frames.begin(), open->frames.end()};
    }
    void read(BytesIn frames) {
        ByteReader in(frames);
        while (in.left() != 0) {
            MessageType type;
            BytesIn payload;
            const std::uint8_t tag = in.u8();
            if (tag == frame::receipts)
                machine.read_receipts(in);
            else if (machine.read_event(in, type, payload))
                heard.push_back(payload.size() == 4 ? load_le<std::uint32_t>(payload.data()) : 0);
        }
        broken = broken || !in.ok();
    }
};

} // namespace

TEST_CASE("an event goes at once, and is over when its receipt comes") {
    Pool pool(1200, 1 << 16);
    Side a, b;
    CHECK(a.machine.deadline() == Instant::never());
    REQUIRE(a.push(pool, start, 5));
    CHECK(a.machine.pending(start));
    b.read(a.fill(start));
    CHECK(b.heard == std::vector<std::uint32_t>{5});
    CHECK(a.fill(start + 1_ms).empty());
    CHECK(b.machine.pending(start)); // the receipt
    a.read(b.fill(start));
    CHECK(a.machine.waiting() == 0);
    CHECK(pool.blocks_in_use() == 0);
    CHECK(a.fill(start + 60_s).empty());
}

TEST_CASE("pauses double up to their limit, and no two sides keep step") {
    std::vector<Duration> first, second;
    for (std::uint64_t seed : {1u, 2u}) {
        Pool pool(1200, 1 << 16);
        Side side({}, seed);
        REQUIRE(side.push(pool, start, 5));
        Instant last{};
        for (Instant now = start; side.machine.waiting() != 0; now = side.machine.deadline()) {
            REQUIRE(now < start + 60_s);
            if (side.fill(now).empty()) continue;
            if (last != Instant{}) (seed == 1 ? first : second).push_back(now - last);
            last = now;
        }
        CHECK(pool.blocks_in_use() == 0);
    }
    REQUIRE(first.size() == 9); // ten tries
    REQUIRE(second.size() == 9);
    CHECK(first != second);
    Duration pause = 50_ms;
    for (const Duration& between : first) {
        CHECK(between.ms() >= pause.ms() * 0.74);
        CHECK(between.ms() <= pause.ms() * 1.26);
        pause = min(pause * 2, 2_s);
    }
}

TEST_CASE("after its last try the sender is told, once") {
    Pool pool(1200, 1 << 16);
    Side side({.tries = 3});
    REQUIRE(side.push(pool, start, 5));
    REQUIRE(side.push(pool, start, 6));
    RetryMachine::GivenUp given_up;
    int tries = 0;
    for (Instant now = start; now < start + 10_s; now += 10_ms) {
        const auto frames = side.fill(now);
        for (const std::byte byte : frames) tries += byte == std::byte{frame::retried_event} ? 1 : 0;
    }
    CHECK(tries == 6);
    REQUIRE(side.machine.poll_given_up(given_up));
    CHECK(given_up.type.value == 9);
    const std::uint16_t first = given_up.id; // the jitter decides which of them
    CHECK(first < 2);
    REQUIRE(side.machine.poll_given_up(given_up));
    CHECK(given_up.id == 1 - first);
    CHECK_FALSE(side.machine.poll_given_up(given_up));
    CHECK(pool.blocks_in_use() == 0);
    CHECK(side.machine.deadline() == Instant::never());
}

TEST_CASE("an event that comes twice is delivered once and receipted twice") {
    Pool pool(1200, 1 << 16);
    Side a, b;
    REQUIRE(a.push(pool, start, 5));
    const auto frames = a.fill(start);
    b.read(frames);
    b.fill(start); // the receipt is lost
    b.read(frames);
    CHECK(b.heard.size() == 1);
    a.read(b.fill(start));
    CHECK(a.machine.waiting() == 0);
}

TEST_CASE("more than the window is refused, and without memory too") {
    Pool pool(64, 1 << 20);
    Side side;
    int taken = 0;
    while (side.push(pool, start, 1) && taken < 5000) ++taken;
    CHECK(taken == 1024);
    CHECK(side.push(pool, start, 1).error() == Error::queue_full);
    Side other;
    CHECK(other.machine.push(pool, start, {9}, std::array<std::byte, 60>{}).error() == Error::too_large);
    Pool none(1200, 100);
    CHECK(other.push(none, start, 1).error() == Error::queue_full);
    CHECK(other.machine.waiting() == 0);
}

TEST_CASE("through loss both ways everything is delivered once, or its sender told") {
    Random random(4);
    for (int game = 0; game < 10; ++game) {
        Pool pool(1200, 1 << 22);
        Side a({.tries = 6}, random.next()), b({}, random.next());
        const double loss = game < 5 ? 0.3 : 0.7;
        std::uint32_t said = 0;
        std::uint64_t gave_up = 0;
        Instant now = start;
        for (; now < start + 60_s && (said < 3000 || a.machine.waiting() != 0); now += 5_ms) {
            for (int i = 0; i < 3 && said < 3000; ++i) said += a.push(pool, now, said) ? 1 : 0;
            for (std::vector<std::byte> frames; !(frames = a.fill(now)).empty();)
                if (!random.chance(loss)) b.read(frames);
            for (std::vector<std::byte> frames; !(frames = b.fill(now)).empty();)
                if (!random.chance(loss)) a.read(frames);
            RetryMachine::GivenUp given_up;
            while (a.machine.poll_given_up(given_up)) ++gave_up;
        }
        CHECK(a.machine.waiting() == 0);
        std::vector<int> times(3000);
        for (const std::uint32_t number : b.heard) REQUIRE(++times[number] == 1);
        CAPTURE(game);
        CHECK(said == 3000);
        CHECK(b.heard.size() + gave_up >= 3000);
        if (loss < 0.5) CHECK(b.heard.size() > 2980);
        CHECK_FALSE(a.broken);
        CHECK_FALSE(b.broken);
        CHECK(pool.blocks_in_use() == 0);
    }
}

TEST_CASE("events and receipts that are cut off or make no sense do no harm") {
    Pool pool(1200, 1 << 16);
    Side side;
    REQUIRE(side.push(pool, start, 1));
    side.fill(start);
    const auto feed = [&](std::vector<int> bytes) {
        std::vector<std::byte> frames;
        for (const int byte : bytes) frames.push_back(static_cast<std::byte>(byte));
        side.broken = false;
        side.read(frames);
        return side.broken;
    };
    CHECK(feed({frame::retried_event}));
    CHECK(feed({frame::retried_event, 0, 0, 9, 5, 1}));
    CHECK(feed({frame::retried_event, 0, 0, 0xFF, 0xFF, 0x04, 0})); // type 81919
    CHECK(feed({frame::receipts}));
    CHECK(feed({frame::receipts, 3, 9, 9}));
    CHECK_FALSE(feed({frame::receipts, 2, 7, 7, 1, 0})); // of events that were never sent
    CHECK(side.machine.waiting() == 1);
    CHECK(side.heard.empty());
    CHECK_FALSE(feed({frame::retried_event, 0x00, 0x10, 9, 0})); // far ahead: to come again
    CHECK(side.heard.empty());
    CHECK_FALSE(feed({frame::receipts, 1, 0, 0}));
    CHECK(side.machine.waiting() == 0);
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::vector<int> noise(random.below(20));
        for (int& byte : noise) byte = static_cast<int>(random.below(256));
        feed(noise);
        side.fill(start + milliseconds(i));
    }
}

static_assert(tenon::ReliabilityPolicy<tenon::reliability::AckRetry>);
