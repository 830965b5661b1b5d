#include "tenon/link/commands.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000};
constexpr MessageType type{9};

struct Sender {
    Pool pool{1200, 1 << 16};
    CommandSender commands{pool};

    Result<std::uint32_t> push(std::uint32_t number, std::size_t size = 8, std::size_t share = 600) {
        std::vector<std::byte> bytes(size);
        if (size >= 4) store_le(bytes.data(), number);
        return commands.push(type, bytes, share);
    }
    // The frame that goes out now, without its tag; `end` is what its acknowledgement stands for.
    std::vector<std::byte> fill(Instant now, std::uint32_t& end) {
        std::array<std::byte, 1200> buffer{};
        PacketWriter packet(buffer, 0, 0);
        end = commands.fill(packet, now, 50_ms);
        if (end == 0) return {};
        const auto open =
            open_packet(BytesIn(buffer).first(packet.seal(tenon::Checksum(1))), tenon::Checksum(1), 0, 0);
        REQUIRE(open);
        REQUIRE(open->frames[0] == std::byte{frame::commands});
        return {open->frames.begin() + 1, open->frames.end()};
    }
};

// The numbers of the commands that are new.
std::vector<std::uint32_t> read(CommandReceiver& receiver, BytesIn frame, bool& ok) {
    std::vector<std::uint32_t> numbers;
    ByteReader in(frame);
    receiver.begin(in);
    MessageType got;
    BytesIn payload;
    while (receiver.read(in, got, payload))
        numbers.push_back(payload.size() < 4 ? 0 : load_le<std::uint32_t>(payload.data()));
    ok = in.ok();
    return numbers;
}

} // namespace

TEST_CASE("a command goes at once, again after a round trip, and no more when it has arrived") {
    Sender sender;
    std::uint32_t end = 0;
    CHECK_FALSE(sender.commands.waiting());
    CHECK(sender.commands.due() == Instant::never());
    REQUIRE(sender.push(1));
    CHECK(sender.commands.fresh());
    CHECK_FALSE(sender.fill(start, end).empty());
    CHECK(end == 2);
    CHECK_FALSE(sender.commands.fresh());
    CHECK(sender.fill(start + 20_ms, end).empty());
    CHECK(sender.commands.due() == start + 62'500_us);
    CHECK_FALSE(sender.fill(start + 63_ms, end).empty());
    sender.commands.arrived(end);
    CHECK_FALSE(sender.commands.waiting());
    CHECK(sender.pool.blocks_in_use() == 0);
    CHECK(sender.fill(start + 1_s, end).empty());
}

TEST_CASE("a packet brings all that is not acknowledged, and each is read once") {
    Sender sender;
    CommandReceiver receiver;
    std::uint32_t end = 0;
    bool ok = false;
    REQUIRE(sender.push(1));
    sender.fill(start, end); // lost
    REQUIRE(sender.push(2));
    const auto both = sender.fill(start, end);
    CHECK(read(receiver, both, ok) == std::vector<std::uint32_t>{1, 2});
    CHECK(read(receiver, both, ok).empty());
    CHECK(ok);
    sender.commands.arrived(1); // of before
    sender.commands.arrived(2); // the first only
    REQUIRE(sender.push(3));
    CHECK(read(receiver, sender.fill(start, end), ok) == std::vector<std::uint32_t>{3});
    CHECK(receiver.missed() == 0);
}

TEST_CASE("the oldest make room, and what never came is counted") {
    Sender sender;
    CommandReceiver receiver;
    std::uint32_t end = 0;
    bool ok = false;
    for (std::uint32_t i = 1; i <= CommandSender::kept_max + 10; ++i) REQUIRE(sender.push(i));
    const auto numbers = read(receiver, sender.fill(start, end), ok);
    CHECK(numbers.size() == CommandSender::kept_max);
    CHECK(numbers.front() == 11);
    CHECK(receiver.missed() == 10);
    // By their share of the packet, too.
    Sender narrow;
    for (std::uint32_t i = 1; i <= 10; ++i) REQUIRE(narrow.push(i, 100, 250));
    CommandReceiver other;
    CHECK(read(other, narrow.fill(start, end), ok) == std::vector<std::uint32_t>{9, 10});
    CHECK(narrow.push(1, 249, 250).error() == Error::too_large);
    CHECK(narrow.push(1, 1300, 5000).error() == Error::too_large);
}

TEST_CASE("without memory a command is refused") {
    Pool pool(1200, 100);
    CommandSender commands(pool);
    CHECK(commands.push(type, {}, 600).error() == Error::queue_full);
    CHECK_FALSE(commands.waiting());
}

TEST_CASE("through loss every command comes once and in order, round the sixteen bits of their numbers") {
    Sender sender;
    CommandReceiver receiver;
    Random random(3);
    std::uint32_t expected = 1, end = 0;
    bool ok = false;
    for (std::uint32_t number = 1; number <= 70'000; ++number) {
        REQUIRE(sender.push(number));
        const auto frame = sender.fill(start + milliseconds(number), end);
        if (random.chance(0.4)) continue; // the packet is lost
        for (const std::uint32_t got : read(receiver, frame, ok)) REQUIRE(got == expected++);
        REQUIRE(ok);
        if (random.chance(0.7)) sender.commands.arrived(end);
    }
    CHECK(expected > 69'990);
    CHECK(receiver.missed() == 0);
}

TEST_CASE("frames of commands that promise more than they hold are malformed") {
    bool ok = true;
    for (const std::vector<int>& frame : {std::vector<int>{},
                                          {1},
                                          {1, 0},
                                          {1, 0, 1},
                                          {1, 0, 1, 9},
                                          {1, 0, 1, 9, 5, 1},
                                          {1, 0, 255, 9, 0},
                                          {1, 0, 1, 0xFF, 0xFF, 0x04, 0}}) {
        std::vector<std::byte> bytes;
        for (const int byte : frame) bytes.push_back(static_cast<std::byte>(byte));
        CommandReceiver receiver;
        read(receiver, bytes, ok);
        CAPTURE(frame.size());
        CHECK_FALSE(ok);
        CHECK_FALSE(receiver.reading());
    }
}
