#include "tenon/link/received.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr std::uint64_t key = 3;
constexpr Instant now{1'000'000'000};

// What the other side reads out of the acknowledgement that is written now.
std::vector<std::uint64_t> told(Received& received, std::uint64_t sent, unsigned pairs = 24) {
    std::array<std::byte, 1200> buffer{};
    PacketWriter packet(buffer, 0, 0);
    received.write(packet, now, pairs);
    packet.out().u8(frame::ping);
    const auto open =
        open_packet(BytesIn(buffer).first(packet.seal(tenon::Checksum(key))), tenon::Checksum(key), 0, sent);
    REQUIRE(open);
    REQUIRE(open->has_ack);
    std::vector<std::uint64_t> numbers;
    open->ack.for_each([&](std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t number = first; number <= last; ++number) numbers.push_back(number);
    });
    return numbers;
}

} // namespace

TEST_CASE("an acknowledgement tells exactly what arrived") {
    Received received;
    for (const std::uint64_t number : {0u, 1u, 2u, 5u, 6u, 9u}) received.note(number, 4, now, true);
    CHECK(received.expected() == 10);
    CHECK(received.unreported() == 6);
    auto numbers = told(received, 10);
    std::sort(numbers.begin(), numbers.end());
    CHECK(numbers == std::vector<std::uint64_t>{0, 1, 2, 5, 6, 9});
    CHECK(received.unreported() == 0);
    CHECK(received.unanswered() == 0);
}

TEST_CASE("what has arrived is not read again, and what is too old to be known is stale") {
    Received received;
    CHECK_FALSE(received.any());
    CHECK(received.check(0) == Error::none);
    received.note(0, 1, now, true);
    CHECK(received.check(0) == Error::duplicate);
    received.note(Received::window + 10, 2, now, true);
    CHECK(received.check(0) == Error::stale);
    CHECK(received.check(10) == Error::stale);
    CHECK(received.check(11) == Error::none);
    CHECK(received.check(Received::window + 10) == Error::duplicate);
    CHECK(received.check(Received::window + 11) == Error::none);
    received.note(Received::window * 5, 2, now, true);
    CHECK(received.check(Received::window * 5 - 1) == Error::none);
}

TEST_CASE("by steps and by leaps the window forgets nothing that is inside") {
    for (const std::uint64_t leap : {2u, 70u, 200u, 3000u, 5000u, 20'000u}) {
        CAPTURE(leap);
        Random random(leap);
        Received received;
        std::set<std::uint64_t> came;
        std::uint64_t next = 0;
        for (int turn = 0; turn < 3000; ++turn) {
            if (random.chance(0.5)) next += random.below(leap);
            const std::uint64_t back = random.below(random.chance(0.5) ? 130 : Received::window + 100);
            const std::uint64_t number = back < next && random.chance(0.6) ? next - back : next;
            const bool old = number + Received::window < received.expected();
            const Error expected = old                     ? Error::stale
                                   : came.contains(number) ? Error::duplicate
                                                           : Error::none;
            REQUIRE(received.check(number) == expected);
            if (expected != Error::none) continue;
            received.note(number, 4, now, true);
            came.insert(number);
        }
    }
}

TEST_CASE("only a hole before a packet that wants an answer hurries the answer") {
    Received received;
    received.note(0, 1, now, true);
    CHECK_FALSE(received.gap());
    received.note(2, 1, now, false);
    CHECK_FALSE(received.gap());
    received.note(4, 1, now, true);
    CHECK(received.gap());
    received.note(3, 1, now, true); // late, and no reason to hurry
    CHECK_FALSE(received.gap());
    CHECK(received.unreported() == 4);
    CHECK(received.unanswered() == 3);
}

TEST_CASE(
    "three lost acknowledgements in a row leave nothing untold, and nothing is told that did not come") {
    Random random(5);
    for (int game = 0; game < 30; ++game) {
        Received received;
        std::set<std::uint64_t> came, known;
        std::vector<std::uint64_t> late;
        const double loss = random.real() * 0.1;
        std::uint64_t next = 0;
        unsigned lost_in_a_row = 0;
        const auto hear = [&](std::uint64_t number) {
            const Error error = received.check(number);
            REQUIRE((error == Error::duplicate) == came.contains(number));
            if (error != Error::none) return;
            received.note(number, 4, now, true);
            came.insert(number);
        };
        for (int turn = 0; turn < 400; ++turn) {
            for (std::uint64_t count = random.below(6); count != 0; --count, ++next) {
                if (random.chance(loss)) continue;
                if (random.chance(0.05))
                    late.push_back(next);
                else
                    hear(next);
                if (random.chance(0.03)) hear(next); // twice
            }
            if (!late.empty() && random.chance(0.3)) {
                hear(late.back());
                late.pop_back();
            }
            if (received.unreported() == 0) continue;
            const auto numbers = told(received, next);
            for (const std::uint64_t number : numbers) REQUIRE(came.contains(number));
            if (lost_in_a_row < 3 && random.chance(0.6)) {
                ++lost_in_a_row;
            } else {
                known.insert(numbers.begin(), numbers.end());
                lost_in_a_row = 0;
            }
        }
        for (int i = 0; i < 4; ++i) {
            hear(next++);
            const auto numbers = told(received, next);
            known.insert(numbers.begin(), numbers.end());
        }
        CHECK(known == came);
    }
}

TEST_CASE("many holes are told as far as there is room, the newest first") {
    Received received;
    for (std::uint64_t number = 0; number < 200; number += 2) received.note(number, 4, now, true);
    const auto numbers = told(received, 200, 4);
    CHECK(numbers == std::vector<std::uint64_t>{198, 196, 194, 192, 190});
}

TEST_CASE("an acknowledgement after a long silence of the path speaks of no packet that never was") {
    Received received;
    received.note(Received::window * 3, 4, now, true);
    CHECK(told(received, Received::window * 3 + 1) == std::vector<std::uint64_t>{Received::window * 3});
}
