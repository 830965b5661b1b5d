#include "tenon/reliability/redundant.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;
using Policy = reliability::Redundant<8, 2>;

namespace {

constexpr Instant start{1'000'000'000};

std::vector<std::byte> content(unsigned channel, std::uint16_t sequence) {
    std::vector<std::byte> bytes(20 + sequence % 50);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(sequence * 3 + i + channel);
    return bytes;
}
// The repairs that are due, as frames.
std::vector<std::byte> fill(Policy::Machine& machine, Instant now, std::size_t room = 1200) {
    std::vector<std::byte> buffer(room);
    PacketWriter packet(buffer, 0, 0);
    if (!machine.fill(now, {}, packet)) return {};
    const auto open =
        open_packet(BytesIn(buffer).first(packet.seal(tenon::Checksum(1))), tenon::Checksum(1), 0, 0);
    REQUIRE(open);
    return {open->frames.begin(), open->frames.end()};
}
bool read(Policy::Machine& machine, BytesIn frames) {
    ByteReader in(frames);
    while (in.left() != 0)
        if (in.u8() == frame::repair) machine.read_repair(in);
    return in.ok();
}

} // namespace

TEST_CASE("after every second chunk there is a repair, and after a pause for the last one, too") {
    Policy::Machine machine(Random(1));
    CHECK(machine.deadline() == Instant::never());
    machine.sent(start, 0, 0, 0, content(0, 0));
    CHECK(fill(machine, start).empty());
    CHECK(machine.deadline() > start);
    machine.sent(start, 0, 1, 0, content(0, 1));
    CHECK_FALSE(fill(machine, start).empty());
    CHECK(machine.deadline() == Instant::never());
    CHECK(fill(machine, start).empty());
    machine.sent(start, 1, 0, 0, content(1, 0)); // the other channel counts for itself
    CHECK(fill(machine, start).empty());
    CHECK(machine.pending(machine.deadline()));
    const auto frames = fill(machine, machine.deadline());
    CHECK(frames.size() == 1 + 1 + 2 + 1 + 1 + 1 + 20 + 3);
    CHECK(frames[1] == std::byte{1});
}

TEST_CASE("a repair that does not fit waits for the next packet") {
    Policy::Machine machine(Random(1));
    machine.sent(start, 0, 0, 0, content(0, 0));
    machine.sent(start, 0, 1, 0, content(0, 1));
    CHECK(fill(machine, start, 30).empty());
    CHECK_FALSE(fill(machine, start).empty());
}

TEST_CASE("one chunk in ten lost: hardly any has to be sent again, and what comes back is what was sent") {
    Random random(5);
    Policy::Machine from{Random(1)}, to{Random(2)};
    std::uint32_t lost = 0, back = 0;
    for (std::uint32_t i = 0; i < 40'000; ++i) {
        const unsigned channel = i & 1;
        const auto sequence = static_cast<std::uint16_t>(i >> 1);
        const auto flags = static_cast<std::uint8_t>(i % 4 << 2);
        const auto bytes = content(channel, sequence);
        from.sent(start, channel, sequence, flags, bytes);
        if (random.chance(0.1))
            ++lost;
        else
            to.heard(channel, sequence, flags, bytes);
        const auto frames = fill(from, start);
        if (!random.chance(0.1)) REQUIRE(read(to, frames));
        unsigned on = 9;
        std::uint16_t number = 0;
        std::uint8_t told = 0;
        BytesIn payload;
        while (to.poll_recovered(on, number, told, payload)) {
            ++back;
            REQUIRE(on < 2);
            const auto expected = content(on, number);
            REQUIRE(std::equal(payload.begin(), payload.end(), expected.begin(), expected.end()));
            REQUIRE(told == static_cast<std::uint8_t>((number * 2 + on) % 4 << 2));
        }
    }
    CHECK(lost > 3500);
    CHECK(back <= lost);
    CHECK(back > lost * 98 / 100);
    CHECK(to.recovered() == back);
}

TEST_CASE("repairs of channels that are not, of none, of too many or of too much are malformed") {
    Policy::Machine machine(Random(1));
    const auto feed = [&](std::vector<int> bytes) {
        std::vector<std::byte> frames;
        for (const int byte : bytes) frames.push_back(static_cast<std::byte>(byte));
        return read(machine, frames);
    };
    constexpr int tag = frame::repair;
    CHECK(feed({tag, 0, 0, 0, 1, 0, 4, 1, 0, 0, 5}));
    CHECK_FALSE(feed({tag}));
    CHECK_FALSE(feed({tag, 2, 0, 0, 1, 0, 4, 1, 0, 0, 5}));
    CHECK_FALSE(feed({tag, 0, 0, 0, 0, 0, 4, 1, 0, 0, 5}));
    CHECK_FALSE(feed({tag, 0, 0, 0, 33, 0, 4, 1, 0, 0, 5}));
    CHECK_FALSE(feed({tag, 0, 0, 0, 1, 0, 5, 1, 0, 0, 5}));
    std::vector<int> huge{tag, 0, 0, 0, 1, 0, 0xDD, 0x0B}; // 1501 bytes
    huge.resize(huge.size() + 1501);
    CHECK_FALSE(feed(huge));
}

static_assert(tenon::ReliabilityPolicy<tenon::reliability::Redundant<>>);
