#include "tenon/link/outbox.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using tenon::Error;
using tenon::Instant;
using tenon::Outbox;

namespace {
std::array<std::byte, 1200> buffer;

// How many messages and parts of one a packet takes along.
std::size_t frames_bytes(Outbox& outbox, std::size_t part_bytes) {
    tenon::PacketWriter packet(buffer, 0, 0);
    const std::size_t before = packet.size();
    outbox.fill(packet, Instant{1}, part_bytes);
    return packet.size() - before;
}
} // namespace

TEST_CASE("a full outbox takes nothing more, not even an empty message") {
    Outbox outbox(1024);
    std::size_t taken = 0;
    while (outbox.push({}, {}) && taken < 1000) ++taken;
    CHECK(taken == 1024 / sizeof(Outbox::Message));
    CHECK(outbox.push({}, {}).error() == Error::queue_full);
    CHECK(frames_bytes(outbox, 1150) != 0);
    CHECK(outbox.empty());
    CHECK(outbox.push({}, {}));
}

TEST_CASE("a message that no number of parts holds is refused when it comes") {
    Outbox outbox(1 << 20);
    const std::vector<std::byte> large(Outbox::message_bytes_max + 1);
    CHECK(outbox.push({}, large).error() == Error::too_large);
    CHECK(outbox.empty());
    CHECK(outbox.push({}, tenon::BytesIn(large).first(Outbox::message_bytes_max)));
    int packets = 0;
    while (frames_bytes(outbox, 1150) != 0) ++packets;
    CHECK(packets > 200);
    CHECK(packets <= 255);
    CHECK(outbox.empty());
}

TEST_CASE("where packets are too small for the parts of a message, it is dropped and counted") {
    Outbox outbox(1 << 20);
    const std::vector<std::byte> large(Outbox::message_bytes_max);
    CHECK(outbox.push({}, large));
    CHECK(frames_bytes(outbox, 500) == 0);
    CHECK(outbox.empty());
    CHECK(outbox.expired() == 1);
}
