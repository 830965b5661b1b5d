#include "tenon/link/channel_receiver.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using Offer = ChannelReceiver::Offer;

namespace {

constexpr std::size_t chunk_bytes = 100;
constexpr std::uint8_t continues = chunk_flag::continues, unfinished = chunk_flag::unfinished;

struct Receiver {
    Pool pool{chunk_bytes, 1 << 16};
    ChannelReceiver channel;
    MessageType type;
    BytesIn payload;

    explicit Receiver(bool ordered, std::size_t held_bytes = 1 << 16)
        : channel(pool, chunk_bytes, held_bytes, 1000, ordered) {}
    Offer offer(std::uint16_t number, std::vector<int> bytes, std::uint8_t flags = 0) {
        std::vector<std::byte> chunk;
        for (const int byte : bytes) chunk.push_back(static_cast<std::byte>(byte));
        held.push_back(std::move(chunk));
        return channel.offer(number, flags, held.back());
    }
    // The number of messages that are due; -1 when the other side broke the rules.
    int drain() {
        for (int count = 0;; ++count) {
            const auto message = channel.read(type, payload);
            if (!message) return -1;
            if (!*message) return count;
        }
    }
    std::vector<std::vector<std::byte>> held;
};

} // namespace

TEST_CASE("an ordered channel keeps what is early and refuses what came before") {
    Receiver receiver(true);
    CHECK(receiver.offer(1, {9, 1, 5}) == Offer::kept);
    CHECK(receiver.offer(1, {9, 1, 5}) == Offer::old);
    CHECK(receiver.drain() == 0);
    CHECK(receiver.channel.held() == 1);
    CHECK(receiver.offer(0, {9, 1, 4}) == Offer::ready);
    CHECK(receiver.drain() == 2);
    CHECK(receiver.payload[0] == std::byte{5});
    CHECK(receiver.offer(0, {9, 1, 4}) == Offer::old);
    CHECK(receiver.offer(0xFFFF, {9, 1, 4}) == Offer::old); // of before the beginning
    CHECK(receiver.channel.expected() == 2);
    CHECK(receiver.channel.held() == 0);
}

TEST_CASE("an unordered channel lets each through as it comes, once") {
    Receiver receiver(false);
    CHECK(receiver.offer(3, {9, 0}) == Offer::ready);
    CHECK(receiver.drain() == 1);
    CHECK(receiver.offer(3, {9, 0}) == Offer::old);
    // A message over three chunks, from the last to the first.
    CHECK(receiver.offer(2, {3, 4}, continues) == Offer::kept);
    CHECK(receiver.offer(1, {1, 2}, continues | unfinished) == Offer::kept);
    CHECK(receiver.offer(0, {9, 5, 0}, unfinished) == Offer::ready);
    CHECK(receiver.drain() == 1);
    CHECK(receiver.payload.size() == 5);
    CHECK(receiver.payload[4] == std::byte{4});
    CHECK(receiver.channel.expected() == 4);
    CHECK(receiver.offer(1, {1, 2}, continues | unfinished) == Offer::old);
}

TEST_CASE("no more is kept than allowed, and what is far ahead is refused") {
    Receiver receiver(true, chunk_bytes * 3);
    int kept = 0;
    for (std::uint16_t number = 1; number < 20; ++number)
        kept += receiver.offer(number, {9, 0}) == Offer::kept ? 1 : 0;
    CHECK(kept == 4);
    CHECK(receiver.offer(channel_chunks_max, {9, 0}) == Offer::refused);
    CHECK(receiver.offer(channel_chunks_max - 1, {9, 0}) == Offer::refused); // no memory for it
    CHECK(receiver.pool.blocks_in_use() == 4);
    CHECK(receiver.offer(0, {9, 0}) == Offer::ready);
    CHECK(receiver.drain() == 5);
    CHECK(receiver.offer(6, std::vector<int>(101, 0)) == Offer::refused); // larger than any chunk
}

TEST_CASE("chunks that break the rules are found out") {
    const auto first = [](std::vector<int> bytes, std::uint8_t flags) {
        Receiver receiver(true);
        CHECK(receiver.offer(0, bytes, flags) == Offer::ready);
        return receiver.drain();
    };
    CHECK(first({}, 0) == 0);
    CHECK(first({}, unfinished) == -1);                 // nothing was begun
    CHECK(first({9, 0}, continues) == -1);              // nothing to go on with
    CHECK(first({9, 0}, unfinished) == -1);             // it is finished
    CHECK(first({9, 5, 1}, 0) == -1);                   // it is not
    CHECK(first({9}, 0) == -1);                         // no length
    CHECK(first({0x80}, 0) == -1);                      // half a number
    CHECK(first({9, 0xE9, 0x07, 1}, unfinished) == -1); // 1001 bytes, one more than allowed
    CHECK(first({0xFF, 0xFF, 0x04, 0}, 0) == -1);       // type 81919

    Receiver receiver(true);
    CHECK(receiver.offer(0, {9, 5, 1}, unfinished) == Offer::ready);
    CHECK(receiver.drain() == 0);
    CHECK(receiver.offer(1, {9, 0}) == Offer::ready); // begins anew inside a message
    CHECK(receiver.drain() == -1);
}

TEST_CASE("any chunks at all are read without a step out of bounds and without holding memory") {
    Random random(4);
    for (int game = 0; game < 3000; ++game) {
        Receiver receiver(game % 2 == 0, chunk_bytes * 10);
        for (int i = 0; i < 30; ++i) {
            std::vector<int> bytes(random.below(12));
            for (int& byte : bytes)
                byte = random.chance(0.5) ? static_cast<int>(random.below(8))
                                          : static_cast<int>(random.below(256));
            const auto flags = static_cast<std::uint8_t>(random.below(4) << 2);
            const auto number =
                static_cast<std::uint16_t>(random.chance(0.9) ? random.below(12) : random.below(65536));
            if (receiver.offer(number, bytes, flags) == Offer::ready && receiver.drain() < 0) break;
            REQUIRE(receiver.pool.blocks_in_use() <= 12);
        }
    }
}
