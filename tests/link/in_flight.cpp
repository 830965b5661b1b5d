#include "tenon/link/in_flight.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000};
constexpr Duration smoothed = 48_ms; // a packet is waited for a sixteenth of it: 3 ms

// Packets with one ref each, which is the packet's number, and what became of them.
struct Flight {
    InFlight in_flight;
    std::vector<std::uint32_t> arrived, lost;

    void send(Instant at, bool eliciting = true, bool last = false, std::uint32_t commands_to = 0) {
        in_flight.begin_refs();
        if (eliciting) REQUIRE(in_flight.add_ref({static_cast<std::uint32_t>(in_flight.next()), 0}));
        REQUIRE(in_flight.sent(at, 100, eliciting, commands_to, last));
    }
    Settled ack(Instant at, std::uint64_t first, std::uint64_t last) {
        AckBlock block;
        block.largest = last;
        block.first_run = last - first + 1;
        return in_flight.settle(
            at, block, smoothed, [&](ChunkRef ref) { arrived.push_back(ref.sequence); },
            [&](ChunkRef ref) { lost.push_back(ref.sequence); });
    }
    Settled expire(Instant at) {
        return in_flight.expire(at, smoothed, [&](ChunkRef ref) { lost.push_back(ref.sequence); });
    }
};

using Numbers = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("a packet that three later ones overtook is lost, one that a single one overtook is not yet") {
    Flight flight;
    for (int i = 0; i < 4; ++i) flight.send(start + 500_us * i);
    CHECK(flight.ack(start + 50_ms, 1, 1).lost_packets == 0);
    CHECK(flight.ack(start + 50_ms, 1, 2).lost_packets == 0);
    const Settled settled = flight.ack(start + 50_ms, 1, 3);
    CHECK(settled.lost_packets == 1);
    CHECK(settled.lost_bytes == 100);
    CHECK(settled.acked_packets == 1);
    CHECK(flight.lost == Numbers{0});
    CHECK(flight.arrived == Numbers{1, 2, 3});
    CHECK(flight.in_flight.bytes() == 0);
    CHECK(flight.in_flight.flying() == 0);
}

TEST_CASE("a burst that is overtaken by its own tail is waited for") {
    Flight flight;
    for (int i = 0; i < 6; ++i) flight.send(start); // all at once: the line may shuffle them
    CHECK(flight.ack(start + 50_ms, 1, 5).lost_packets == 0);
    CHECK(flight.ack(start + 50_ms, 0, 0).acked_packets == 1);
    CHECK(flight.lost.empty());
}

TEST_CASE("a packet that one sent clearly later overtook is lost") {
    Flight flight;
    flight.send(start);
    flight.send(start + 4_ms);
    CHECK(flight.ack(start + 50_ms, 1, 1).lost_packets == 1);
}

TEST_CASE("time alone settles it when nothing more is sent") {
    Flight flight;
    flight.send(start);
    flight.send(start + 1_ms);
    CHECK(flight.in_flight.expires_at(smoothed) == Instant::never()); // nothing came back yet
    CHECK(flight.ack(start + 49_ms, 1, 1).lost_packets == 0);
    const Instant at = flight.in_flight.expires_at(smoothed);
    CHECK(at == start + 3_ms + smoothed);
    CHECK(flight.expire(at - 1_ms).lost_packets == 0);
    CHECK(flight.expire(at).lost_packets == 1);
    CHECK(flight.in_flight.expires_at(smoothed) == Instant::never());
}

TEST_CASE("what was found lost and comes after all makes the link more patient") {
    Flight flight;
    for (int i = 0; i < 4; ++i) flight.send(start + 500_us * i);
    flight.ack(start + 50_ms, 1, 3);
    REQUIRE(flight.lost == Numbers{0});
    const Settled settled = flight.ack(start + 51_ms, 0, 0);
    CHECK(settled.spurious == 1);
    CHECK(settled.spurious_bytes == 100);
    CHECK(settled.acked_packets == 0);
    CHECK(flight.arrived == Numbers{1, 2, 3, 0});
    // The same again is no loss any more; with one more that overtakes it is.
    for (int i = 0; i < 5; ++i) flight.send(start + 60_ms + 500_us * i);
    CHECK(flight.ack(start + 110_ms, 5, 7).lost_packets == 0);
    CHECK(flight.ack(start + 110_ms, 5, 8).lost_packets == 1);
}

TEST_CASE("the round trip is taken from the newest packet, once") {
    Flight flight;
    flight.send(start, true, false, 7);
    flight.send(start + 10_ms, true, false, 9);
    Settled settled = flight.ack(start + 60_ms, 1, 1);
    CHECK(settled.newest);
    CHECK(settled.sample.sent_at == start + 10_ms);
    CHECK(settled.commands_to == 9);
    CHECK_FALSE(flight.ack(start + 61_ms, 1, 1).newest);
    settled = flight.ack(start + 62_ms, 0, 0);
    CHECK_FALSE(settled.newest);
    CHECK(settled.commands_to == 7);
}

TEST_CASE("packets that ask for no answer are neither waited for nor lost") {
    Flight flight;
    for (int i = 0; i < 5; ++i) flight.send(start + 10_ms * i, false);
    CHECK(flight.in_flight.bytes() == 0);
    CHECK(flight.in_flight.unsettled() == 5);
    flight.send(start + 60_ms);
    CHECK(flight.ack(start + 110_ms, 5, 5).lost_packets == 0);
    CHECK(flight.in_flight.unsettled() == 0);
    CHECK(flight.in_flight.flying() == 0);
}

TEST_CASE("giving up loses all that is in flight, and it may still come") {
    Flight flight;
    for (int i = 0; i < 3; ++i) flight.send(start + 1_ms * i);
    const Settled settled =
        flight.in_flight.give_up(start + 2_s, [&](ChunkRef ref) { flight.lost.push_back(ref.sequence); });
    CHECK(settled.lost_packets == 3);
    CHECK(flight.lost == Numbers{0, 1, 2});
    CHECK(flight.in_flight.bytes() == 0);
    CHECK(flight.in_flight.next() == 3);
    flight.ack(start + 2_s, 0, 2); // they are forgotten by now, and that is no harm
    CHECK(flight.in_flight.next() == 3);
}

TEST_CASE("a burst that ends the queue marks the game's limit until it has arrived") {
    Flight flight;
    const auto limited = [&](Instant at, std::uint64_t number) {
        return flight.ack(at, number, number).sample.app_limited;
    };
    flight.send(start, true, false);
    flight.send(start, true, true);
    flight.send(start + 10_ms, true, false); // the next burst, while the last is under way
    CHECK(limited(start + 50_ms, 0));
    CHECK(limited(start + 50_ms, 1));
    flight.send(start + 51_ms, true, false); // 200 bytes came since, which is what was on its way
    CHECK(limited(start + 60_ms, 2));
    flight.send(start + 61_ms, true, false);
    CHECK(limited(start + 99_ms, 3));
    CHECK_FALSE(limited(start + 110_ms, 4));
}

TEST_CASE("any order of sending, losing and hearing keeps the books straight") {
    Random random(8);
    for (int game = 0; game < 40; ++game) {
        Flight flight;
        Instant now = start;
        for (int turn = 0; turn < 500; ++turn) {
            now += microseconds(random.between(0, 4000));
            if (random.chance(0.5)) {
                flight.send(now, random.chance(0.9), random.chance(0.2));
            } else if (flight.in_flight.next() != 0) {
                const std::uint64_t last = random.below(flight.in_flight.next());
                flight.ack(now, last - random.below(last < 20 ? last + 1 : 20), last);
            }
            if (random.chance(0.1)) flight.expire(now);
            if (random.chance(0.01))
                flight.in_flight.give_up(now, [&](ChunkRef ref) { flight.lost.push_back(ref.sequence); });
            REQUIRE(flight.in_flight.bytes() == std::uint64_t(flight.in_flight.flying()) * 100);
        }
        flight.in_flight.give_up(now, [&](ChunkRef ref) { flight.lost.push_back(ref.sequence); });
        CHECK(flight.in_flight.bytes() == 0);
        std::map<std::uint32_t, int> arrivals, losses;
        for (const std::uint32_t number : flight.arrived) REQUIRE(++arrivals[number] == 1);
        for (const std::uint32_t number : flight.lost) REQUIRE(++losses[number] == 1);
    }
}

TEST_CASE("there is an end to what may be unsettled") {
    InFlight in_flight;
    while (in_flight.room()) {
        in_flight.begin_refs();
        REQUIRE(in_flight.sent(start, 100, true, 0, false));
    }
    CHECK(in_flight.next() == InFlight::packets_max);
    CHECK_FALSE(in_flight.sent(start, 100, true, 0, false));
}
