#include "tenon/link/channel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/link/channel_receiver.hpp"

using namespace tenon;

namespace {

constexpr std::size_t chunk_bytes = 1000;

std::vector<std::byte> content(std::size_t size, unsigned seed) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + seed);
    return bytes;
}

struct Chunk {
    std::uint32_t sequence = 0;
    std::uint8_t flags = 0;
    std::uint64_t packet = 0;
    std::vector<std::byte> bytes;
};

// Takes the next chunk out of a channel, in a packet of its own; nothing when there is none.
struct Taker {
    ChannelSender& sender;
    std::uint64_t packet = 0;

    bool take(Chunk& chunk) {
        std::array<std::byte, 1200> buffer{};
        PacketWriter writer(buffer, packet, 0x4000);
        if (!sender.fill(writer, chunk.sequence)) return false;
        const auto open = open_packet(BytesIn(buffer).first(writer.seal(tenon::Checksum(1))),
                                      tenon::Checksum(1), packet, 0);
        REQUIRE(open);
        chunk.packet = packet++;
        ByteReader in(open->frames);
        const std::uint8_t tag = in.u8();
        CHECK((tag & 0xF0) == frame::chunk);
        CHECK((tag & chunk_flag::length) == 0); // alone in its packet
        CHECK(in.u16() == (chunk.sequence & 0xFFFF));
        chunk.flags = static_cast<std::uint8_t>(tag & 0x0F);
        const BytesIn rest = in.rest();
        chunk.bytes.assign(rest.begin(), rest.end());
        return true;
    }
    std::size_t drain() {
        Chunk chunk;
        std::size_t count = 0;
        while (take(chunk)) ++count;
        return count;
    }
};

} // namespace

TEST_CASE("small messages share a chunk, a large one takes as many as it needs") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    Taker taker{sender};
    CHECK_FALSE(sender.pending());
    for (int i = 0; i < 5; ++i) CHECK(sender.append({9}, content(50, 1)));
    CHECK(sender.pending());
    CHECK_FALSE(sender.urgent()); // there is room for more
    CHECK(sender.backlog() == 5 * 52);
    Chunk chunk;
    REQUIRE(taker.take(chunk));
    CHECK(chunk.bytes.size() == 5 * 52);
    CHECK(chunk.flags == 0);
    CHECK_FALSE(taker.take(chunk));
    CHECK(sender.append({9}, content(2500, 1)));
    CHECK(sender.urgent());
    std::vector<std::uint8_t> flags;
    while (taker.take(chunk)) flags.push_back(chunk.flags);
    CHECK(flags == std::vector<std::uint8_t>{chunk_flag::unfinished,
                                             chunk_flag::unfinished | chunk_flag::continues,
                                             chunk_flag::continues});
    for (std::uint32_t sequence = 0; sequence < 4; ++sequence) sender.arrived(sequence);
    CHECK(sender.backlog() == 0);
    CHECK(pool.blocks_in_use() == 0);
}

TEST_CASE("a message for which there is no room leaves nothing behind") {
    Pool pool(chunk_bytes, 1008 * 4); // a block is a multiple of sixteen bytes
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    CHECK(sender.append({9}, content(4500, 1)).error() == Error::queue_full);
    CHECK(pool.blocks_in_use() == 0);
    CHECK_FALSE(sender.pending());
    CHECK(sender.backlog() == 0);
    CHECK(sender.append({9}, content(3990, 1)));
    CHECK(sender.append({9}, content(600, 1)).error() == Error::queue_full);
    CHECK(pool.blocks_in_use() == 4);

    ChannelSender bounded(pool, chunk_bytes, 100, true);
    CHECK(bounded.append({9}, content(99, 1)).error() == Error::queue_full);
}

TEST_CASE("the backlog counts what is in flight, too, until it has arrived") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 5000, true);
    Taker taker{sender};
    for (int i = 0; i < 4; ++i) CHECK(sender.append({9}, content(990, 1)));
    CHECK(taker.drain() == 4);
    CHECK_FALSE(sender.pending());
    CHECK(sender.in_flight() == 4);
    CHECK(sender.append({9}, content(1200, 1)).error() == Error::queue_full);
    sender.arrived(1);
    CHECK(sender.append({9}, content(1200, 1)));
    sender.arrived(1); // again: nothing happens
    CHECK(sender.backlog() == 3 * 993 + 1203);
}

TEST_CASE("a message that is written in place takes a longer length when it needs one") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    ChannelReceiver receiver(pool, chunk_bytes, 1 << 20, 65536, true);
    CHECK(sender.open_room({9}).empty()); // no chunk is open yet
    CHECK(sender.append({9}, content(10, 1)));
    for (const std::size_t size : {0u, 127u, 128u, 500u}) {
        const BytesOut room = sender.open_room({300});
        REQUIRE(room.size() >= size);
        copy(room.data(), content(size, 2));
        CHECK(sender.commit({300}, size));
    }
    const BytesOut room = sender.open_room({300});
    REQUIRE(room.size() > 127);
    CHECK_FALSE(sender.commit({300}, room.size())); // its length takes two bytes, and only one was left
    Taker taker{sender};
    Chunk chunk;
    REQUIRE(taker.take(chunk));
    CHECK(sender.open_room({300}).empty()); // what was sent is sealed
    REQUIRE(receiver.offer(0, chunk.flags, chunk.bytes) == ChannelReceiver::Offer::ready);
    MessageType type;
    BytesIn payload;
    REQUIRE(*receiver.read(type, payload));
    for (const std::size_t size : {0u, 127u, 128u, 500u}) {
        REQUIRE(*receiver.read(type, payload));
        CHECK(type.value == 300);
        const auto expected = content(size, 2);
        CHECK(std::equal(payload.begin(), payload.end(), expected.begin(), expected.end()));
    }
    CHECK_FALSE(*receiver.read(type, payload));
}

TEST_CASE("what was lost goes again before anything new") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    Taker taker{sender};
    for (int i = 0; i < 4; ++i) CHECK(sender.append({9}, content(990, 1)));
    Chunk chunk;
    REQUIRE(taker.take(chunk));
    REQUIRE(taker.take(chunk));
    sender.lost(0);
    sender.lost(0); // told twice
    CHECK(sender.urgent());
    REQUIRE(taker.take(chunk));
    CHECK(chunk.sequence == 0);
    REQUIRE(taker.take(chunk));
    CHECK(chunk.sequence == 2);
    sender.lost(1);
    sender.arrived(1); // it was only late
    sender.arrived(0);
    REQUIRE(taker.take(chunk));
    CHECK(chunk.sequence == 3);
    CHECK_FALSE(taker.take(chunk));
    sender.lost(7); // never sent
    sender.arrived(7);
    CHECK(taker.drain() == 0);
}

TEST_CASE("where loss is common what was lost goes in two packets, and is lost only when both are") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    Taker taker{sender};
    CHECK(sender.append({9}, content(990, 1)));
    Chunk first, second;
    REQUIRE(taker.take(first));
    sender.set_twice(true);
    sender.lost(0);
    REQUIRE(taker.take(first));
    CHECK(sender.pending());
    // Not in the same packet, where both would be lost together.
    std::array<std::byte, 1200> buffer{};
    PacketWriter same(buffer, first.packet, 0);
    std::uint32_t sequence = 0;
    CHECK_FALSE(sender.fill(same, sequence));
    REQUIRE(taker.take(second));
    CHECK(second.sequence == 0);
    CHECK(second.bytes == first.bytes);
    CHECK(taker.drain() == 0);
    sender.lost(0);
    CHECK(taker.drain() == 0);
    sender.lost(0);
    CHECK(taker.drain() == 2);
    sender.arrived(0);
    sender.lost(0);
    CHECK(taker.drain() == 0);
    CHECK(pool.blocks_in_use() == 0);
}

TEST_CASE("a second copy is not sent once the first has arrived") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    Taker taker{sender};
    CHECK(sender.append({9}, content(990, 1)));
    CHECK(taker.drain() == 1);
    sender.set_twice(true);
    sender.lost(0);
    Chunk chunk;
    REQUIRE(taker.take(chunk));
    sender.arrived(0);
    CHECK(taker.drain() == 0);
}

TEST_CASE("a probe sends the oldest that is in flight") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    Taker taker{sender};
    sender.probe();
    CHECK_FALSE(sender.pending());
    for (int i = 0; i < 3; ++i) CHECK(sender.append({9}, content(990, 1)));
    CHECK(taker.drain() == 3);
    sender.arrived(0);
    sender.probe();
    Chunk chunk;
    REQUIRE(taker.take(chunk));
    CHECK(chunk.sequence == 1);
    // Two copies are under way: the loss of one is no loss.
    sender.lost(1);
    CHECK_FALSE(sender.pending());
    sender.lost(1);
    CHECK(sender.pending());
}

TEST_CASE("a receiver puts in order what the line shuffles, loses and doubles, for both kinds of channel") {
    Random random(6);
    for (int game = 0; game < 30; ++game) {
        const bool ordered = game % 2 == 0;
        Pool pool(chunk_bytes, 1 << 22);
        {
            ChannelSender sender(pool, chunk_bytes, 1 << 20, ordered);
            ChannelReceiver receiver(pool, chunk_bytes, 1 << 20, 65536, ordered);
            Taker taker{sender};
            std::vector<Chunk> line;
            std::vector<int> heard(300);
            std::uint32_t said = 0, next = 0, count = 0;
            for (int turn = 0; turn < 100'000 && count < heard.size(); ++turn) {
                if (said < heard.size() && random.chance(0.3)) {
                    auto bytes = content(4 + random.below(random.chance(0.1) ? 5000 : 400), said);
                    store_le(bytes.data(), said);
                    REQUIRE(sender.append({9}, bytes));
                    ++said;
                }
                Chunk chunk;
                if (random.chance(0.5) && taker.take(chunk)) line.push_back(chunk);
                if (line.empty() || random.chance(0.5)) continue;
                const std::size_t at = random.below(line.size());
                chunk = line[at];
                if (!random.chance(0.1))
                    line.erase(line.begin() + static_cast<std::ptrdiff_t>(at)); // else it comes again
                if (random.chance(0.2)) {
                    sender.lost(chunk.sequence);
                    continue;
                }
                const auto offer =
                    receiver.offer(static_cast<std::uint16_t>(chunk.sequence), chunk.flags, chunk.bytes);
                REQUIRE(offer != ChannelReceiver::Offer::refused);
                sender.arrived(chunk.sequence);
                if (offer != ChannelReceiver::Offer::ready) continue;
                MessageType type;
                BytesIn payload;
                for (;;) {
                    const auto message = receiver.read(type, payload);
                    REQUIRE(message);
                    if (!*message) break;
                    const auto number = load_le<std::uint32_t>(payload.data());
                    REQUIRE(number < said);
                    REQUIRE(++heard[number] == 1);
                    auto expected = content(payload.size(), number);
                    store_le(expected.data(), number);
                    REQUIRE(std::equal(payload.begin(), payload.end(), expected.begin()));
                    if (ordered) REQUIRE(number == next++);
                    ++count;
                }
            }
            CHECK(count == heard.size());
            CHECK(receiver.held() == 0);
        }
        CHECK(pool.blocks_in_use() == 0);
    }
}

TEST_CASE("numbers go round sixteen bits and the channel goes on") {
    Pool pool(chunk_bytes, 1 << 20);
    ChannelSender sender(pool, chunk_bytes, 1 << 20, true);
    ChannelReceiver receiver(pool, chunk_bytes, 1 << 20, 65536, true);
    Taker taker{sender};
    MessageType type;
    BytesIn payload;
    for (std::uint32_t i = 0; i < 140'000; ++i) {
        REQUIRE(sender.append({9}, {}));
        Chunk chunk;
        REQUIRE(taker.take(chunk));
        REQUIRE(receiver.offer(static_cast<std::uint16_t>(chunk.sequence), chunk.flags, chunk.bytes) ==
                ChannelReceiver::Offer::ready);
        REQUIRE(*receiver.read(type, payload));
        REQUIRE_FALSE(*receiver.read(type, payload));
        sender.arrived(chunk.sequence);
    }
    CHECK(receiver.expected() == 140'000);
}
