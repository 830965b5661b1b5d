#include "tenon/link/outbox.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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

namespace {

// The first byte of each message that goes out, in order, at that time.
std::vector<int> sent(Outbox& outbox, Instant now) {
    std::vector<int> firsts;
    for (;;) {
        tenon::PacketWriter packet(buffer, 0, 0);
        outbox.fill(packet, now, 1150);
        const auto open = tenon::open_packet(tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(1))),
                                             tenon::Checksum(1), 0, 0);
        REQUIRE(open);
        tenon::ByteReader frames(open->frames);
        if (frames.left() == 0) return firsts;
        while (frames.left() != 0) {
            const std::uint8_t tag = frames.u8();
            tenon::MessageType type;
            tenon::BytesIn payload;
            REQUIRE(tag >= tenon::frame::message);
            REQUIRE(tenon::read_message_frame(frames, tag, type, payload));
            firsts.push_back(payload.empty() ? -1 : std::to_integer<int>(payload[0]));
        }
    }
}
tenon::Result<> say(Outbox& outbox, int first, Outbox::Message message = {}, std::size_t size = 20) {
    std::vector<std::byte> bytes(size);
    if (size != 0) bytes[0] = static_cast<std::byte>(first);
    return outbox.push(message, bytes);
}
using Firsts = std::vector<int>;
constexpr Instant start{1'000'000'000};

} // namespace

TEST_CASE("messages go first in, first out, of any size and type") {
    Outbox outbox(1 << 20);
    Firsts expected;
    for (int i = 0; i < 200; ++i) {
        REQUIRE(say(outbox, i, {.type = {static_cast<std::uint16_t>(i * 300)}},
                    static_cast<std::size_t>(i % 7 * 150)));
        expected.push_back(i % 7 == 0 ? -1 : i);
    }
    CHECK(sent(outbox, start) == expected);
    CHECK(outbox.bytes() == 0);
    CHECK(outbox.empty());
}

TEST_CASE("what is written where the queue has room goes in its turn, whatever was written before it") {
    Outbox outbox(1 << 20);
    Firsts expected;
    for (int i = 0; i < 200; ++i) {
        const tenon::BytesOut room = outbox.open_room();
        REQUIRE(room.size() >= 256);
        const auto size =
            i % 5 == 0 ? std::min<std::size_t>(room.size(), 1000) : static_cast<std::size_t>(i % 256);
        for (std::size_t k = 0; k < size; ++k) room[k] = static_cast<std::byte>(i);
        Outbox::Message message;
        message.size = static_cast<std::uint32_t>(size);
        outbox.commit(message);
        REQUIRE(say(outbox, i));
        expected.push_back(size == 0 ? -1 : i);
        expected.push_back(i);
        if (i % 11 != 0) continue;
        CHECK(sent(outbox, start) == expected);
        expected.clear();
    }
    CHECK(sent(outbox, start) == expected);
    CHECK(outbox.bytes() == 0);
}

TEST_CASE("the room for a message ends at the queue's limit, and at the largest that parts can hold") {
    Outbox small(1024);
    while (!small.open_room().empty()) REQUIRE(say(small, 1, {}, 100));
    CHECK(say(small, 1, {}, 100)); // there was a little left, for what knows its size
    Outbox exact(512);
    Outbox::Message message;
    const tenon::BytesOut room = exact.open_room();
    std::fill_n(room.data(), room.size(), std::byte(7));
    message.size = static_cast<std::uint32_t>(room.size());
    CHECK(message.size == 512 - sizeof(Outbox::Message));
    exact.commit(message);
    CHECK(exact.open_room().empty());
    CHECK(say(exact, 1, {}, 0).error() == Error::queue_full);
    Outbox large(4 << 20);
    REQUIRE(say(large, 1, {}, Outbox::message_bytes_max));
    while (large.front(start) != nullptr) large.pop(); // what it has grown to stays
    CHECK(large.open_room().size() == Outbox::message_bytes_max);
}

TEST_CASE("of what replaces each other only the newest goes, and other keys and types are left alone") {
    Outbox outbox(1 << 20);
    for (std::uint32_t round = 0; round < 3; ++round)
        for (std::uint32_t key = 0; key < 100; ++key)
            REQUIRE(say(outbox, static_cast<int>(round * 100 + key) % 256,
                        {.key = key, .type = {9}, .replaceable = true}));
    REQUIRE(say(outbox, 7, {.key = 5, .type = {10}, .replaceable = true}));
    REQUIRE(say(outbox, 8, {.key = 5, .type = {9}})); // of the same key, but not to be replaced
    CHECK(outbox.replaced() == 200);
    CHECK(outbox.bytes() == 102 * 20);
    const Firsts firsts = sent(outbox, start);
    REQUIRE(firsts.size() == 102);
    for (int key = 0; key < 100; ++key) CHECK(firsts[static_cast<std::size_t>(key)] == (200 + key) % 256);
    CHECK(firsts[100] == 7);
    CHECK(firsts[101] == 8);
    // What has gone is replaced by nothing.
    REQUIRE(say(outbox, 9, {.key = 5, .type = {9}, .replaceable = true}));
    CHECK(outbox.replaced() == 200);
    CHECK(sent(outbox, start) == Firsts{9});
}

TEST_CASE(
    "what is past its time is dropped and counted, and so is what has waited too long for a full path") {
    Outbox outbox(1 << 20);
    const Instant late = start + Outbox::patience + tenon::nanoseconds(1);
    REQUIRE(say(outbox, 1, {.deadline = start + tenon::milliseconds(5), .queued_at = start}));
    REQUIRE(say(outbox, 2, {.queued_at = start}));
    REQUIRE(
        say(outbox, 3, {.deadline = start + tenon::seconds(9), .queued_at = start})); // whose sender has time
    REQUIRE(say(outbox, 4, {.queued_at = start, .replaceable = true}));               // still the newest
    REQUIRE(say(outbox, 5)); // nobody knows since when
    CHECK(outbox.front(start + tenon::milliseconds(5)) != nullptr);
    CHECK(outbox.expired() == 0);
    CHECK(sent(outbox, late) == Firsts{3, 4, 5});
    CHECK(outbox.expired() == 2);
    REQUIRE(say(outbox, 6, {.queued_at = start}));
    CHECK(sent(outbox, start + Outbox::patience) == Firsts{6});
}

TEST_CASE("a message of which a part has gone is finished, though its time has passed or a newer has come") {
    Outbox outbox(1 << 20);
    REQUIRE(say(outbox, 1, {.deadline = start, .replaceable = true}, 3000));
    CHECK(frames_bytes(outbox, 1150) > 1000);
    REQUIRE(say(outbox, 2, {.replaceable = true}, 20));
    CHECK(outbox.replaced() == 0);
    CHECK(outbox.front(start + tenon::seconds(1)) != nullptr);
    CHECK(outbox.front(start + tenon::seconds(1))->size == 3000);
    CHECK(frames_bytes(outbox, 1150) > 1000);
    CHECK(frames_bytes(outbox, 1150) > 900);
    CHECK(sent(outbox, start) == Firsts{2});
    CHECK(outbox.expired() == 0);
}

TEST_CASE("a queue that is filled and emptied for long grows no further") {
    Outbox outbox(4096);
    std::size_t taken = 0;
    for (int i = 0; i < 10'000; ++i) {
        for (std::uint32_t key = 0; key < 6; ++key)
            taken += say(outbox, i % 256, {.key = key, .replaceable = i % 2 == 0}, 100) ? 1 : 0;
        if (i % 5 != 0) sent(outbox, start);
    }
    CHECK(taken > 10'000 * 5);
}
