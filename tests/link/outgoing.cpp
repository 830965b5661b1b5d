#include "tenon/link/outgoing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tenon/reliability/ack_vector.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr MessageType chat{20};
constexpr Instant start{1'000'000'000};

// What waits on one link, and packets to fill with it.
struct Bench {
    Pool pool{1200, 1 << 20};
    Outgoing<reliability::AckVector> outgoing;
    InFlight in_flight;
    std::array<std::byte, 1200> buffer{};
    std::size_t last_size = 0; // of a packet

    explicit Bench(Duration coalesce = {}) : outgoing(pool, options(coalesce), Random(1)) {}
    static LinkOptions options(Duration coalesce) {
        LinkOptions made;
        made.coalesce = coalesce;
        return made;
    }
    // One packet; true when something went into it.
    bool fill(Instant now) {
        PacketWriter packet(buffer, in_flight.next(), in_flight.unsettled());
        in_flight.begin_refs();
        outgoing.fill(packet, now, 50_ms, false, in_flight);
        const bool filled = packet.has_frames();
        last_size = packet.size();
        in_flight.sent(now, 100, filled, 0, false);
        outgoing.note_quiet();
        return filled;
    }
    void lossy(std::size_t size) {
        Outbox::Message message;
        message.type = chat;
        REQUIRE(outgoing.outbox().push(message, bytes_of(std::string(size, 'x'))));
    }
};

} // namespace

TEST_CASE("with nothing to say nothing is due") {
    Bench bench;
    CHECK(!bench.outgoing.any());
    CHECK(!bench.outgoing.unsent());
    CHECK(!bench.outgoing.is_due(start));
    CHECK(bench.outgoing.due() == Instant::never());
    CHECK(!bench.fill(start));
}

TEST_CASE("a small message waits for company as long as it may, a packetful goes at once") {
    Bench bench(8_ms);
    bench.lossy(40);
    CHECK(!bench.outgoing.is_due(start));
    CHECK(bench.outgoing.due() == start + 8_ms);
    CHECK(!bench.outgoing.is_due(start + 7_ms));
    CHECK(bench.outgoing.is_due(start + 8_ms));
    for (int i = 0; i < 40; ++i) bench.lossy(40);
    CHECK(bench.outgoing.is_due(start));
}

TEST_CASE("without a time to wait, everything is due as soon as it is there") {
    Bench bench;
    bench.lossy(40);
    CHECK(bench.outgoing.is_due(start));
    CHECK(bench.fill(start));
    CHECK(!bench.outgoing.any());
    REQUIRE(bench.outgoing.channel(true).append(chat, bytes_of("hello")));
    CHECK(bench.outgoing.is_due(start));
    CHECK(bench.outgoing.bytes() == 7);
}

TEST_CASE("a channel is looked at until all it sent has arrived, and again when something was lost") {
    Bench bench;
    REQUIRE(bench.outgoing.channel(true).append(chat, bytes_of("hello")));
    CHECK(bench.fill(start));
    CHECK(!bench.outgoing.unsent());
    CHECK(bench.outgoing.awaits_soon());
    bench.outgoing.lost({0, 0});
    CHECK(bench.outgoing.unsent());
    CHECK(bench.outgoing.is_due(start));
    CHECK(bench.fill(start + 100_ms));
    bench.outgoing.arrived({0, 0});
    bench.outgoing.note_quiet();
    CHECK(!bench.outgoing.awaits_soon());
    CHECK(!bench.outgoing.any());
}

TEST_CASE("what fell quiet is heard again when something is put into it") {
    Bench bench;
    for (int round = 0; round < 3; ++round) {
        bench.lossy(10);
        REQUIRE(bench.outgoing.channel(false).append(chat, bytes_of("again")));
        REQUIRE(bench.outgoing.push_command(chat, bytes_of("left")));
        CHECK(bench.outgoing.is_due(start));
        CHECK(bench.fill(start));
        bench.outgoing.arrived({static_cast<std::uint32_t>(round), 1});
        bench.outgoing.commands_arrived(static_cast<std::uint32_t>(round) + 2);
        bench.outgoing.note_quiet();
        CHECK(!bench.outgoing.any());
        CHECK(bench.outgoing.bytes() == 0);
    }
}

TEST_CASE("where small packets have a better way, what may be lost goes in those, and all else as it must") {
    Bench bench;
    bench.outgoing.set_narrow(900);
    CHECK(bench.outgoing.is_narrow());
    const auto packets = [&] {
        std::vector<std::size_t> sizes;
        while (bench.outgoing.unsent() && sizes.size() < 50)
            sizes.push_back(bench.fill(start) ? bench.last_size : 0);
        return sizes;
    };
    // Many small ones: as many packets as they need, and none is larger.
    for (int i = 0; i < 40; ++i) bench.lossy(100);
    std::vector<std::size_t> sizes = packets();
    CHECK(sizes.size() == 5);
    for (const std::size_t size : sizes) CHECK(size <= 900);
    // One that fits no such packet, alone or in parts, has a large one.
    bench.lossy(1000);
    bench.lossy(100);
    sizes = packets();
    REQUIRE(sizes.size() >= 1);
    CHECK(sizes[0] > 1000);
    bench.lossy(5000);
    bench.lossy(100);
    sizes = packets();
    CHECK(sizes.size() <= 7);
    CHECK(*std::max_element(sizes.begin(), sizes.end()) > 900);
    // What must arrive is cut as everywhere; what may be lost is not in the large packets that it needs.
    bool has_small = false;
    for (int round = 0; round < 8; ++round) {
        REQUIRE(bench.outgoing.channel(true).append(chat, bytes_of(std::string(3000, 'r'))));
        bench.lossy(100);
        sizes = packets();
        CHECK(sizes.size() >= 3);
        CHECK(sizes.size() <= 5);
        for (const std::size_t size : sizes) {
            CHECK(size != 0);
            has_small = has_small || size < 200;
        }
        for (std::uint32_t i = 0; i < 3; ++i)
            bench.outgoing.arrived({static_cast<std::uint32_t>(round) * 3 + i, 0});
    }
    CHECK(has_small);
    // A packet that has no more room anyway is filled as everywhere.
    bench.outgoing.set_narrow(1200);
    for (int i = 0; i < 22; ++i) bench.lossy(100);
    sizes = packets();
    CHECK(sizes.size() == 2);
    CHECK(sizes[0] > 1100);
    bench.outgoing.set_narrow(0);
    CHECK(!bench.outgoing.is_narrow());
    for (int i = 0; i < 22; ++i) bench.lossy(100);
    CHECK(packets() == sizes);
}
