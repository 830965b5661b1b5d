#include "tenon/link/link.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "line.hpp"
#include "tenon/link/options.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/redundant.hpp"

using namespace tenon;
using namespace tenon::literals;
using line::intact;
using line::Line;
using line::number_of;
using line::numbered;
using line::Way;

namespace {

constexpr MessageType ordered{9}, unordered{300}, lossy{10}, wide{70};

// Everything that may happen to a datagram, as far as the seed says.
Way rough(std::uint64_t seed) {
    Random random(seed * 77);
    Way way;
    way.latency = milliseconds(random.between(0, 80));
    way.jitter = milliseconds(random.between(0, 40));
    way.loss = random.real() * 0.25;
    way.duplicate = random.real() * 0.2;
    way.corrupt = random.real() * 0.1;
    return way;
}

// Sends ordered, unordered and lossy messages of all sizes, and checks what arrives.
template <class Reliability>
void converse(std::uint64_t seed, std::uint32_t count) {
    Line<Reliability> two(rough(seed), rough(seed + 1000), seed);
    Random random(seed);
    std::uint32_t said[2][2] = {}, heard[2] = {}; // by side and channel; ordered ones that arrived
    std::uint32_t lossy_said = 0, corrupt = 0, twice = 0;
    std::vector<bool> arrived[2], lossy_arrived(count * 8);
    for (std::size_t side = 0; side < 2; ++side) {
        arrived[side].resize(count);
        two.sides[side].heard = [&, side](const LinkEvent& event) {
            const std::uint32_t number = number_of(event.payload);
            if (!intact(event.payload)) {
                ++corrupt;
            } else if (event.kind == LinkEvent::Kind::reliable && event.type == ordered) {
                REQUIRE(number == heard[side]++);
            } else if (event.kind == LinkEvent::Kind::reliable) {
                REQUIRE(event.type == unordered);
                REQUIRE(number < count);
                REQUIRE_FALSE(arrived[side][number]);
                arrived[side][number] = true;
            } else {
                REQUIRE(event.type == lossy);
                twice += lossy_arrived[number] ? 1 : 0;
                lossy_arrived[number] = true;
            }
        };
    }
    two.every(7_ms, [&] {
        for (std::size_t side = 0; side < 2; ++side) {
            auto& link = two.link(side);
            const auto size = [&] {
                return static_cast<std::size_t>(random.below(random.chance(0.02) ? 20'000 : 300));
            };
            for (const bool in_order : {true, false}) {
                std::uint32_t& number = said[side][in_order ? 0 : 1];
                if (number < count &&
                    link.channel(in_order).append(in_order ? ordered : unordered, numbered(number, size())))
                    ++number;
            }
        }
        if (lossy_said < lossy_arrived.size() &&
            two.link(0).outbox().push(
                {.queued_at = two.now, .type = lossy},
                numbered(lossy_said, size_t(random.below(random.chance(0.05) ? 5000 : 200)))))
            ++lossy_said;
    });
    const bool all = two.run_until(
        [&] {
            return heard[0] == count && heard[1] == count &&
                   std::count(arrived[0].begin(), arrived[0].end(), true) == count &&
                   std::count(arrived[1].begin(), arrived[1].end(), true) == count;
        },
        60_s);
    CAPTURE(seed);
    CHECK(all);
    CHECK(corrupt == 0);
    CHECK(twice == 0);
    CHECK(two.link(0).state() == Line<Reliability>::Link::State::open);
    CHECK(two.link(1).state() == Line<Reliability>::Link::State::open);
    CHECK(two.pipes[0].empty + two.pipes[1].empty == 0);
}

} // namespace

TEST_CASE("what must arrive does so once, whole and in order, whatever the line does") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) converse<reliability::AckVector>(seed, 200);
}

TEST_CASE("with repairs ahead of loss it does too") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) converse<reliability::Redundant<>>(seed, 200);
}

TEST_CASE("damaged datagrams are counted and nothing of them is believed") {
    const Way damaging{.latency = 10_ms, .corrupt = 0.3};
    Line<> two(damaging, damaging, 5);
    std::uint32_t said = 0, heard = 0;
    two.sides[1].heard = [&](const LinkEvent& event) {
        CHECK(intact(event.payload));
        ++heard;
    };
    two.every(5_ms, [&] { CHECK(two.link(0).outbox().push({.type = lossy}, numbered(said++, 100))); });
    two.run(5_s);
    const LinkStats& stats = two.link(1).stats();
    CHECK(two.pipes[0].damaged > 200);
    // A flipped bit may also make the header malformed before its checksum is looked at, or the number
    // another.
    CHECK(stats.bad_checksum + stats.malformed + stats.stale + stats.duplicate == two.pipes[0].damaged);
    CHECK(stats.bad_checksum > two.pipes[0].damaged * 9 / 10);
    CHECK(heard <= said - two.pipes[0].damaged);
    CHECK(two.link(1).state() == Line<>::Link::State::open);
}

TEST_CASE("a packet that comes again, or out of the far past, is refused and counted") {
    const Way doubling{.latency = 10_ms, .jitter = 30_ms, .duplicate = 1.0};
    Line<> two(doubling, doubling, 6);
    std::uint32_t said = 0;
    std::vector<int> heard(400);
    two.sides[1].heard = [&](const LinkEvent& event) { ++heard[number_of(event.payload)]; };
    two.every(5_ms, [&] {
        if (said < heard.size()) CHECK(two.link(0).outbox().push({.type = lossy}, numbered(said++, 30)));
    });
    two.run(5_s);
    CHECK(std::count(heard.begin(), heard.end(), 1) == 400);
    CHECK(two.link(1).stats().duplicate > 390);

    // The first packet of all, kept by somebody until its number has left the window.
    Line<> fresh(Way{}, Way{}, 7);
    std::byte first[1500], other[1500];
    REQUIRE(fresh.link(0).outbox().push({.type = lossy}, numbered(0, 30)));
    const std::size_t size = fresh.link(0).poll_transmit(fresh.now, first);
    REQUIRE(size != 0);
    LinkEvent event;
    REQUIRE(fresh.link(1).handle_datagram(fresh.now, BytesIn(first, size)));
    while (fresh.link(1).poll_event(event)) {
    }
    CHECK(fresh.link(1).handle_datagram(fresh.now, BytesIn(first, size)).error() == Error::duplicate);
    for (int i = 0; i < 200; ++i) {
        REQUIRE(fresh.link(0).outbox().push({.type = lossy}, numbered(0, 30)));
        fresh.now += 1_ms;
        const std::size_t bytes = fresh.link(0).poll_transmit(fresh.now, other);
        if (bytes == 0) continue;
        REQUIRE(fresh.link(1).handle_datagram(fresh.now, BytesIn(other, bytes)));
        while (fresh.link(1).poll_event(event)) {
        }
        if (const std::size_t answer = fresh.link(1).poll_transmit(fresh.now, other)) {
            REQUIRE(fresh.link(0).handle_datagram(fresh.now, BytesIn(other, answer)));
            while (fresh.link(0).poll_event(event)) {
            }
        }
    }
    // One byte of its number is on the wire: on another lap of the counter its checksum is wrong.
    CHECK_FALSE(fresh.link(1).handle_datagram(fresh.now, BytesIn(first, size)));
    CHECK(fresh.link(1).stats().duplicate == 1);
    CHECK(fresh.link(1).stats().bad_checksum == 1);
}

TEST_CASE("a message larger than a packet goes in parts and arrives whole, or not at all") {
    for (const double loss : {0.0, 0.1}) {
        const Way way{.latency = 15_ms, .jitter = 10_ms, .loss = loss};
        Line<> two(way, way, 9);
        std::uint32_t said = 0, heard = 0;
        two.sides[1].heard = [&](const LinkEvent& event) {
            CHECK(intact(event.payload));
            CHECK(event.type == wide);
            ++heard;
        };
        two.every(50_ms, [&] {
            if (said == 100) return;
            CHECK(two.link(0).outbox().push({.type = wide}, numbered(said, 3000 + said * 10)));
            ++said;
        });
        two.run(7_s);
        CHECK(heard >= (loss == 0 ? 100u : 50u));
        CHECK(heard <= (loss == 0 ? 100u : 95u)); // four packets must all come through
    }
}

TEST_CASE("commands arrive in order and once, and the loss of a packet costs none of them") {
    const Way way{.latency = 25_ms, .jitter = 5_ms, .loss = 0.2};
    Line<> two(way, Way{.latency = 25_ms, .loss = 0.2}, 11);
    std::uint32_t said = 0, heard = 0;
    std::int64_t last = -1;
    two.sides[1].heard = [&](const LinkEvent& event) {
        CHECK(event.kind == LinkEvent::Kind::command);
        CHECK(static_cast<std::int64_t>(number_of(event.payload)) > last);
        last = number_of(event.payload);
        CHECK(event.number == number_of(event.payload) + 1); // as the sender was told
        ++heard;
    };
    two.every(16_ms, [&] {
        const auto number = two.link(0).push_command(lossy, numbered(said, 12));
        REQUIRE(number);
        CHECK(*number == ++said);
    });
    two.run(10_s);
    CHECK(heard >= said - 10); // the last of them are on their way
    CHECK(two.link(1).commands_missed() == 0);
}

TEST_CASE("of what is tracked the sender hears what has arrived, and of nothing else") {
    Line<> two(Way{.latency = 25_ms, .jitter = 5_ms, .loss = 0.3}, Way{.latency = 25_ms, .loss = 0.2}, 12);
    std::vector<bool> came(400), told(400);
    two.sides[1].heard = [&](const LinkEvent& event) { came[number_of(event.payload)] = true; };
    std::uint32_t said = 0;
    two.every(20_ms, [&] {
        if (said < came.size()) {
            Outbox::Message message;
            message.type = lossy;
            message.track = said % 2 == 0 ? said + 1 : 0;
            CHECK(two.link(0).outbox().push(message, numbered(said++, 40)));
        }
        for (std::uint32_t track = 0; two.link(0).poll_arrived(track);) {
            REQUIRE(track % 2 == 1);
            CHECK_FALSE(told[track - 1]); // once
            told[track - 1] = true;
        }
    });
    two.run(10_s);
    std::size_t arrived = 0, lost = 0;
    for (std::size_t i = 0; i < came.size(); i += 2) {
        if (told[i]) CHECK(came[i]);
        // Where all answers were lost too, a packet that came may count as lost.
        arrived += came[i] && told[i];
        lost += !came[i];
    }
    CHECK(lost > 30);
    CHECK(arrived > 120);
}

TEST_CASE("two that have nothing to say keep each other's belief, with few bytes") {
    Line<> two(Way{}, Way{}, 1);
    two.run(60_s);
    CHECK(two.link(0).state() == Line<>::Link::State::open);
    CHECK(two.link(1).state() == Line<>::Link::State::open);
    CHECK(two.pipes[0].sent < 60 * 2);
    CHECK(two.pipes[1].sent < 60 * 2);
    CHECK(two.pipes[0].sent_bytes < 60 * 20);
    CHECK(two.pipes[1].sent_bytes < 60 * 30);
    CHECK(two.link(0).clock().known());
    CHECK_FALSE(two.link(1).clock().known());
}

TEST_CASE("to know the time costs no packets once it is known, in a quiet link, a busy one and a full one") {
    enum { quiet, one_way, busy, full };
    for (const int kind : {quiet, one_way, busy, full}) {
        std::uint64_t sent[2] = {};
        for (const bool asks : {false, true}) {
            LinkOptions options;
            options.asks_time = asks;
            Way way;
            way.rate = kind == full ? 200'000 : 0;
            Line<> two(way, way, 1, options);
            std::uint32_t said = 0;
            if (kind == busy || kind == one_way)
                two.every(16_ms, [&] {
                    for (const std::size_t side : {0u, 1u})
                        if (kind == busy || side == 1)
                            CHECK(two.link(side).outbox().push({.queued_at = two.now, .type = lossy},
                                                               numbered(++said, 60)));
                });
            if (kind == full)
                two.every(5_ms, [&] {
                    while (two.link(1).queued_bytes() < 100'000)
                        if (!two.link(1).channel(true).append(ordered, numbered(++said, 900))) break;
                });
            two.run(5_s);
            const std::uint64_t before = two.pipes[0].sent + two.pipes[1].sent;
            two.run(60_s);
            sent[asks] = two.pipes[0].sent + two.pipes[1].sent - before;
            ClockSync::Answer answer;
            CHECK(two.link(0).clock().poll(answer) == asks);
            if (asks) CHECK(answer.at > two.now - 5_s);
        }
        MESSAGE(sent[0], " packets, with the time ", sent[1]);
        CHECK(sent[1] <= sent[0] + sent[0] / 200 + 2);
    }
}

TEST_CASE("silence ends a link after its timeout and not before") {
    Line<> two(Way{}, Way{}, 1);
    two.run(2_s);
    for (auto& pipe : two.pipes) pipe.way.loss = 1;
    REQUIRE(two.link(0).channel(true).append(ordered, numbered(1, 10)));
    const auto closed = [&] { return two.link(0).state() == Line<>::Link::State::closed; };
    CHECK_FALSE(two.run_until(closed, 8900_ms));
    CHECK(two.run_until(closed, 1200_ms));
    CHECK(two.link(0).reason() == Error::timed_out);
    CHECK(two.link(0).poll_timeout() == Instant::never());
    std::byte buffer[1500];
    CHECK(two.link(0).poll_transmit(two.now, buffer) == 0);
    CHECK(two.link(0).handle_datagram(two.now, buffer).error() == Error::closed);
}

TEST_CASE("a pause shorter than the timeout costs nothing that must arrive") {
    Line<> two(Way{}, Way{}, 1);
    std::uint32_t said = 0, heard = 0;
    two.sides[1].heard = [&](const LinkEvent& event) { CHECK(number_of(event.payload) == heard++); };
    two.every(20_ms, [&] { CHECK(two.link(0).channel(true).append(ordered, numbered(said++, 50))); });
    two.run(2_s);
    for (auto& pipe : two.pipes) pipe.way.loss = 1;
    two.run(6_s);
    for (auto& pipe : two.pipes) pipe.way.loss = 0;
    two.run(3_s); // the next probe may be two seconds away
    CHECK(heard + 20 > said);
}

TEST_CASE("a goodbye comes with its reason, after what was said before it") {
    for (const double loss : {0.0, 0.3}) {
        const Way way{.latency = 20_ms, .loss = loss};
        Line<> two(way, way, 3);
        two.run(1_s);
        std::uint32_t heard = 0;
        two.sides[1].heard = [&](const LinkEvent&) { ++heard; };
        for (std::uint32_t i = 0; i < 10; ++i)
            REQUIRE(two.link(0).channel(true).append(ordered, numbered(i, 900)));
        two.link(0).close(Error::kicked);
        CHECK(two.link(0).state() == Line<>::Link::State::closing);
        CHECK(two.run_until([&] { return two.link(1).state() == Line<>::Link::State::closed; }, 1_s));
        CHECK(two.link(1).reason() == Error::kicked);
        CHECK(two.link(0).state() == Line<>::Link::State::closed);
        if (loss == 0) CHECK(heard == 10);
    }
}

TEST_CASE("nothing is acknowledged that asks for no answer, and nobody answers answers for ever") {
    Line<> two(Way{}, Way{}, 1);
    two.run(10_s); // the clocks have been compared
    const std::uint64_t before = two.pipes[1].sent;
    REQUIRE(two.link(0).channel(true).append(ordered, numbered(1, 50)));
    two.run(300_ms);
    CHECK(two.pipes[1].sent - before <= 2); // the answer, and perhaps a sign of life
    CHECK(two.pipes[1].sent - before >= 1);
}

TEST_CASE("many packets share one acknowledgement") {
    Line<> two(Way{.latency = 20_ms}, Way{.latency = 20_ms}, 1);
    two.every(2_ms, [&] { CHECK(two.link(0).outbox().push({.type = lossy}, numbered(1, 100))); });
    two.run(5_s);
    CHECK(two.pipes[0].sent > 2400);
    CHECK(two.pipes[1].sent < two.pipes[0].sent / 8);
}

TEST_CASE("what is too late to matter is dropped and counted, and never arrives") {
    Line<> two(Way{.latency = 20_ms, .rate = 12'500, .queue_bytes = 20'000}, Way{}, 1); // 100 kbit/s
    std::uint32_t said = 0, late = 0, heard = 0;
    std::vector<Instant> at;
    two.sides[1].heard = [&](const LinkEvent& event) {
        ++heard;
        if (two.now - at[number_of(event.payload)] > 100_ms + 1800_ms) ++late;
    };
    two.every(10_ms, [&] {
        at.push_back(two.now);
        CHECK(two.link(0).outbox().push({.deadline = two.now + 100_ms, .queued_at = two.now, .type = lossy},
                                        numbered(said++, 400)));
    });
    two.run(10_s);
    CHECK(two.link(0).expired() > said / 2);
    CHECK(heard > 100);
    CHECK(late == 0);
    CHECK(heard + two.link(0).expired() <= said);
}

TEST_CASE("a receiver without memory does not acknowledge, and nothing is lost") {
    // Five blocks for both sides together; the sender needs one for what it says, out of order needs the
    // rest.
    Line<> two(Way{.latency = 10_ms, .jitter = 20_ms, .loss = 0.1}, Way{.latency = 10_ms}, 4, {}, 1216 * 40);
    std::uint32_t said = 0, heard = 0;
    two.sides[1].heard = [&](const LinkEvent& event) {
        CHECK(intact(event.payload));
        REQUIRE(number_of(event.payload) == heard++);
    };
    two.every(1_ms, [&] {
        while (said < 400 && two.link(0).channel(true).append(ordered, numbered(said, 1000))) ++said;
    });
    CHECK(two.run_until([&] { return heard == 400; }, 60_s));
    CHECK(two.link(1).stats().refused > 0);
}

TEST_CASE("nothing is sent that the other side would have no room to keep") {
    for (const std::size_t queue : {std::size_t(65536), std::size_t(262144), std::size_t(1) << 20}) {
        LinkOptions options;
        options.queue_bytes_max = queue;
        const Way way{.latency = 50_ms, .loss = 0.05};
        Line<> two(way, way, 2, options);
        std::uint32_t said = 0, heard = 0;
        two.sides[1].heard = [&](const LinkEvent& event) { REQUIRE(number_of(event.payload) == heard++); };
        two.every(1_ms, [&] {
            while (two.link(0).channel(true).append(ordered, numbered(said, 1000))) ++said;
        });
        two.run(10_s);
        CAPTURE(queue);
        CHECK(two.link(1).stats().refused == 0);
        CHECK(two.pipes[0].empty + two.pipes[1].empty == 0);
        // Three round trips or so for each queue's worth: what is lost holds back what came after it.
        CHECK(heard > 10 * queue / 1000 * 2);
    }
}

TEST_CASE("a budget is kept over seconds, and may change") {
    Line<> two(Way{}, Way{}, 1);
    two.every(1_ms, [&] {
        while (two.link(0).channel(true).append(ordered, numbered(1, 1000)))
            ;
    });
    two.link(0).set_bandwidth(50'000);
    two.run(1_s);
    std::uint64_t before = two.pipes[0].sent_bytes;
    two.run(10_s);
    CHECK(two.pipes[0].sent_bytes - before <= 510'000);
    CHECK(two.pipes[0].sent_bytes - before >= 450'000);
    // All that waits, at that rate.
    const double expected = static_cast<double>(two.link(0).queued_bytes()) / 50'000;
    CHECK(two.link(0).queue_time().seconds() == doctest::Approx(expected).epsilon(0.01));
    CHECK(two.link(0).queue_time() > 4_s);
    two.link(0).set_bandwidth(200'000);
    before = two.pipes[0].sent_bytes;
    two.run(10_s);
    CHECK(two.pipes[0].sent_bytes - before <= 2'040'000);
    CHECK(two.pipes[0].sent_bytes - before >= 1'800'000);
    two.link(0).set_bandwidth(0);
    before = two.pipes[0].sent_bytes;
    two.run(3_s);
    CHECK(two.pipes[0].sent_bytes - before > 3'000'000); // nothing else limits this line
}

TEST_CASE("the queue's time is about what the last message then takes") {
    Line<> two(Way{.latency = 20_ms, .rate = 125'000}, Way{.latency = 20_ms}, 1);
    std::uint32_t said = 0, heard = 0;
    two.sides[1].heard = [&](const LinkEvent&) { ++heard; };
    const auto fill = [&](std::size_t to) {
        while (two.link(0).queued_bytes() < to)
            REQUIRE(two.link(0).channel(true).append(ordered, numbered(said++, 1000)));
    };
    two.every(10_ms, [&] {
        if (two.now < line::start + 4_s) fill(20'000);
    });
    two.run(4_s);
    fill(100'000);
    const Duration told = two.link(0).queue_time();
    const Instant asked = two.now;
    REQUIRE(two.run_until([&] { return heard == said; }, 10_s));
    CHECK(told.seconds() == doctest::Approx((two.now - asked).seconds()).epsilon(0.3));
}

TEST_CASE(
    "an event that is never receipted is given up, and its sender told; one that is late arrives once") {
    LinkOptions patient;
    patient.timeout = 60_s;
    Line<reliability::AckRetry> two(Way{}, Way{}, 1, patient);
    two.run(1_s);
    std::uint32_t heard = 0, gave_up = 0;
    two.sides[1].heard = [&](const LinkEvent& event) {
        CHECK(event.kind == LinkEvent::Kind::reliable);
        ++heard;
    };
    two.sides[0].heard = [&](const LinkEvent& event) {
        CHECK(event.kind == LinkEvent::Kind::gave_up);
        CHECK(event.type == ordered);
        ++gave_up;
    };
    const auto say = [&] {
        REQUIRE(two.link(0).machine().push(two.pool, two.now, ordered, numbered(1, 50)));
    };
    say();
    two.run(500_ms);
    CHECK(heard == 1);
    two.pipes[0].way.loss = 1;
    say();
    two.run(5_s);
    CHECK(gave_up == 0);
    two.pipes[0].way.loss = 0;
    two.run(3_s);
    CHECK(heard == 2);
    two.pipes[1].way.loss = 1; // now only the receipts are lost
    say();
    two.run(2_s);
    CHECK(heard == 3);
    two.run(15_s);
    CHECK(heard == 3);
    CHECK(gave_up == 1);
}

TEST_CASE("whoever breaks the rules is told so, and the link ends") {
    struct Bad {
        std::vector<std::uint8_t> frames;
    };
    const std::vector<std::vector<std::uint8_t>> bad{
        {0x0B},                                  // no frame
        {0x0A, 1},                               // half of how early commands come
        {0x04},                                  // a goodbye without a reason
        {0x02},                                  // half a question
        {0x03, 1, 2, 3},                         // half an answer
        {0x06, 1},                               // half a header of commands
        {0x06, 1, 0, 2, 9, 1, 5, 9, 200},        // a command that is longer than its packet
        {0x05, 0, 0, 0, 1, 10, 1},               // a part of one
        {0x05, 0, 0, 5, 2, 10, 1},               // the sixth of two
        {0x05, 0, 0, 0, 2, 0xFF, 0xFF, 0x7F, 1}, // of more than it has
        {0x11, 0, 0, 50, 1},                     // a chunk that is longer than its packet
        {0x10, 0, 0, 9, 50, 1},               // a message that is longer than its chunk, which says it ends
        {0x14, 0, 0, 1},                      // goes on where nothing began
        {0x18, 0, 0, 9, 1, 1},                // says it is unfinished and is not
        {0x10, 0, 0, 9, 0x80, 0x80, 0x80},    // an endless number
        {0x18, 0, 0, 9, 0xFF, 0xFF, 0x7F, 1}, // larger than any message may be
        {0xC9, 100, 1},                       // a message longer than its packet
        {0x07, 0, 0, 9, 0},                   // events of a policy that this link has not
        {0x09, 0, 0, 0, 1, 0, 0},             // and repairs
    };
    for (const auto& frames : bad) {
        Line<> two(Way{}, Way{}, 1);
        std::byte buffer[200];
        PacketWriter packet(buffer, 0, 0);
        for (const std::uint8_t byte : frames) packet.out().u8(byte);
        const std::size_t size = packet.seal(tenon::Checksum(Line<>::key));
        // In an allocation of exactly its size, where a sanitizer sees a step too far.
        const std::vector<std::byte> exact(buffer, buffer + size);
        REQUIRE(two.link(1).handle_datagram(two.now, exact));
        LinkEvent event;
        while (two.link(1).poll_event(event)) {
        }
        CAPTURE(frames[0]);
        CAPTURE(frames.size());
        CHECK(two.link(1).state() != Line<>::Link::State::open);
        CHECK(two.link(1).stats().malformed >= 1);
        const Error reason = two.link(1).reason();
        CHECK((reason == Error::malformed || reason == Error::truncated || reason == Error::over_bound));
        CHECK(two.run_until([&] { return two.link(0).state() == Line<>::Link::State::closed; }, 1_s));
        CHECK(two.link(0).reason() == reason);
    }
}

TEST_CASE("padding, and a reason from a later version, are no break of the rules") {
    Line<> two(Way{}, Way{}, 1);
    std::byte buffer[100];
    PacketWriter padded(buffer, 0, 0);
    padded.out().u8(frame::ping);
    for (int i = 0; i < 20; ++i) padded.out().u8(0);
    LinkEvent event;
    REQUIRE(two.link(1).handle_datagram(two.now, BytesIn(buffer, padded.seal(tenon::Checksum(Line<>::key)))));
    CHECK_FALSE(two.link(1).poll_event(event));
    CHECK(two.link(1).state() == Line<>::Link::State::open);
    PacketWriter closing(buffer, 1, 0);
    closing.out().u8(frame::close);
    closing.out().u8(250);
    REQUIRE(
        two.link(1).handle_datagram(two.now, BytesIn(buffer, closing.seal(tenon::Checksum(Line<>::key)))));
    CHECK_FALSE(two.link(1).poll_event(event));
    CHECK(two.link(1).state() == Line<>::Link::State::closed);
    CHECK(two.link(1).reason() == Error::left);
}

TEST_CASE("a packet of another link or another build is not believed") {
    Line<> two(Way{}, Way{}, 1);
    std::byte buffer[100];
    PacketWriter packet(buffer, 0, 0);
    packet.out().u8(frame::close);
    packet.out().u8(0);
    const std::size_t size = packet.seal(tenon::Checksum(Line<>::key + 1));
    CHECK(two.link(1).handle_datagram(two.now, BytesIn(buffer, size)).error() == Error::bad_checksum);
    CHECK(two.link(1).stats().bad_checksum == 1);
    CHECK(two.link(1).state() == Line<>::Link::State::open);
    CHECK(two.link(1).stats().packets_in == 0);
}
