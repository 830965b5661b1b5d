#include "tenon/link/congestion.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "line.hpp"
#include "tenon/link/path.hpp"

using namespace tenon;
using namespace tenon::literals;
using line::Line;
using line::numbered;
using line::Way;

namespace {

constexpr std::uint64_t megabit = 125'000; // bytes a second

double part(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return values[std::min(at, values.size() - 1)];
}

// Keeps a channel of reliable messages full.
void saturate(Line<>& two, std::size_t side) {
    two.every(1_ms, [&two, side] {
        while (two.link(side).channel(true).append({9}, numbered(1, 1000)))
            ;
    });
}
// Counts the bytes of messages that a side hears.
void count(Line<>& two, std::size_t side, std::uint64_t& bytes) {
    two.sides[side].heard = [&bytes](const LinkEvent& event) { bytes += event.payload.size(); };
}
// The share of a rate in bytes a second that was used.
double used(std::uint64_t bytes, Duration time, std::uint64_t rate) {
    return static_cast<double>(bytes) / time.seconds() / static_cast<double>(rate);
}

} // namespace

TEST_CASE("a round that brought next to nothing does not stop a link for good") {
    Congestion congestion;
    AckSample ack;
    ack.min_rtt = 10_ms;
    for (int round = 1; round <= 40; ++round) {
        ack.now = Instant{} + 1_s * round;
        ack.rtt = ack.smoothed_rtt = round < 4 ? 10_ms : 900_ms; // a queue, and hardly a byte through it
        ack.acked_bytes = round < 4 ? 12'000 : 5;
        ack.delivered_at_send = ack.delivered;
        ack.delivered += ack.acked_bytes;
        ack.delivered_time_at_send = ack.now - ack.rtt;
        congestion.on_ack(ack);
    }
    CHECK(congestion.estimate() < 100);
    CHECK(congestion.rate() >= 1200);
}

TEST_CASE("random loss of one packet in twenty does not make a fast path slow") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Way there{.latency = 5_ms, .loss = 0.05, .rate = 20 * megabit},
            back{.latency = 5_ms, .loss = 0.05};
        Line<> two(there, back, seed);
        std::uint64_t bytes = 0;
        std::vector<double> queue;
        count(two, 1, bytes);
        saturate(two, 0);
        two.every(5_ms, [&] { queue.push_back(two.pipes[0].queue_delay(two.now).ms()); });
        two.run(8_s);
        CAPTURE(seed);
        CHECK(used(bytes, 8_s, 20 * megabit) >= 0.7);
        CHECK(part(queue, 0.5) < 15);
        CHECK(two.link(0).path().loss() == doctest::Approx(0.05).epsilon(0.6));
    }
}

namespace {

// Four times what a path of one megabit carries, of which little must arrive.
struct Overload {
    Line<> two{Way{.latency = 20_ms, .rate = megabit, .queue_bytes = 65536}, Way{.latency = 20_ms}, 1};
    std::vector<Instant> said, told; // lossy and reliable messages, by number
    std::vector<double> queue, waits, reliable;
    std::uint64_t refused = 0;

    explicit Overload(std::size_t reliable_bytes) {
        two.sides[1].heard = [this](const LinkEvent& event) {
            const bool must = event.kind == LinkEvent::Kind::reliable;
            const Instant at = (must ? told : said)[line::number_of(event.payload)];
            (must ? reliable : waits).push_back((two.now - at).ms());
        };
        two.every(2_ms, [this] {
            const auto number = static_cast<std::uint32_t>(said.size());
            said.push_back(two.now);
            if (!two.link(0).outbox().push({.queued_at = two.now, .type = {9}}, numbered(number, 1000)))
                ++refused;
        });
        two.every(50_ms, [this, reliable_bytes] {
            const auto number = static_cast<std::uint32_t>(told.size());
            told.push_back(two.now);
            REQUIRE(two.link(0).channel(true).append({10}, numbered(number, reliable_bytes)));
        });
    }
    void settle_and_run() {
        two.run(3_s);
        reliable.clear();
        waits.clear();
        overflowed_before = two.pipes[0].overflowed;
        sent_before = two.pipes[0].sent;
        two.every(5_ms, [this] { queue.push_back(two.pipes[0].queue_delay(two.now).ms()); });
        two.run(15_s);
    }
    double loss() const {
        return static_cast<double>(two.pipes[0].overflowed - overflowed_before) /
               static_cast<double>(two.pipes[0].sent - sent_before);
    }
    std::uint64_t overflowed_before = 0, sent_before = 0;
};

} // namespace

TEST_CASE(
    "four times what a narrow path carries: a short queue, hardly a loss, and what must arrive does in "
    "time") {
    for (const std::size_t reliable_bytes : {std::size_t(100), std::size_t(3000)}) { // 16 and 480 kbit/s
        Overload overload(reliable_bytes);
        overload.settle_and_run();
        CAPTURE(reliable_bytes);
        CHECK(part(overload.queue, 0.5) < 60);
        CHECK(part(overload.queue, 0.99) < 150);
        CHECK(overload.loss() < 0.02);
        CHECK(overload.reliable.size() >= 295); // of 300
        CHECK(part(overload.reliable, 0.5) < 120);
        CHECK(part(overload.reliable, 0.99) < 200);
        // What may be lost was shed rather than queued, and what did arrive is no older than it may wait.
        CHECK(overload.refused == 0);
        CHECK(overload.two.link(0).expired() > 5000);
        CHECK(part(overload.waits, 0.99) < 250 + 150);
        CHECK(used(overload.waits.size() * 1000 + overload.reliable.size() * reliable_bytes, 15_s, megabit) >
              0.8);
    }
}

TEST_CASE("a sender without a controller fills the queue of the same path and loses most") {
    Line<> two(Way{.latency = 20_ms, .rate = megabit, .queue_bytes = 65536}, Way{.latency = 20_ms}, 1);
    line::Pipe& pipe = two.pipes[0];
    std::vector<double> queue;
    for (Instant now = line::start; now < line::start + 5_s; now += 2_ms) {
        pipe.send(now, 1, numbered(1, 1000));
        queue.push_back(pipe.queue_delay(now).ms());
    }
    CHECK(part(queue, 0.5) > 400);
    CHECK(static_cast<double>(pipe.overflowed) > 0.6 * static_cast<double>(pipe.sent));
}

TEST_CASE("a game that says little sixty times a second is never made to wait") {
    for (const double loss : {0.0, 0.02, 0.1})
        for (const std::size_t size : {60u, 200u, 1000u, 4000u}) {
            const Way way{.latency = 25_ms, .jitter = 5_ms, .loss = loss, .rate = 20 * megabit};
            Line<> two(way, way, 3);
            std::uint32_t said = 0;
            std::uint64_t waiting = 0;
            two.every(16'667_us, [&] {
                if (!two.link(0).outbox().empty()) ++waiting;
                CHECK(two.link(0).outbox().push({.queued_at = two.now, .type = {9}}, numbered(said++, size)));
            });
            two.run(20_s);
            CAPTURE(loss);
            CAPTURE(size);
            CHECK(said >= 1199);
            CHECK(waiting == 0);
            CHECK(two.link(0).expired() == 0);
        }
}

TEST_CASE("a path that becomes ten times narrower, and wide again, is followed within two seconds") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Line<> two(Way{.latency = 20_ms, .rate = 10 * megabit}, Way{.latency = 20_ms}, seed);
        std::uint64_t bytes = 0;
        std::vector<double> queue;
        count(two, 1, bytes);
        saturate(two, 0);
        two.every(5_ms, [&] { queue.push_back(two.pipes[0].queue_delay(two.now).ms()); });
        const auto rate_of = [&](Duration time) {
            bytes = 0;
            queue.clear();
            two.run(time);
            return static_cast<double>(bytes) / time.seconds() / static_cast<double>(megabit);
        };
        CAPTURE(seed);
        two.run(2_s);
        CHECK(rate_of(4_s) > 9);
        CHECK(part(queue, 0.5) < 20);
        two.pipes[0].way.rate = megabit;
        two.run(1500_ms);
        rate_of(500_ms);
        CHECK(part(queue, 0.5) < 150);
        CHECK(rate_of(4_s) > 0.8);
        CHECK(part(queue, 0.5) < 60);
        two.pipes[0].way.rate = 10 * megabit;
        two.run(1500_ms);
        CHECK(rate_of(500_ms) > 7);
        CHECK(rate_of(2_s) > 9);
    }
}

TEST_CASE("two links share a path, whoever came first") {
    Line<> two(Way{.latency = 20_ms, .rate = 10 * megabit}, Way{.latency = 20_ms}, 1);
    two.add_pair({});
    std::uint64_t first = 0, second = 0;
    count(two, 1, first);
    count(two, 3, second);
    saturate(two, 0);
    two.run(5_s);
    CHECK(used(first, 5_s, 10 * megabit) > 0.8);
    saturate(two, 2);
    two.run(5_s); // they come to terms
    first = second = 0;
    two.run(10_s);
    CHECK(used(first + second, 10_s, 10 * megabit) > 0.85);
    CHECK(first < 3 * second);
    CHECK(second < 3 * first);
}

TEST_CASE("paths of many kinds are used well: narrow, long, close and lossy, shuffled") {
    struct Kind {
        double megabits;
        int round_trip_ms;
        double loss;
        int jitter_ms;
        double share; // of what the path carries, at least
    };
    for (const Kind& kind :
         {Kind{0.25, 50, 0.0, 0, 0.8}, Kind{1, 200, 0.02, 0, 0.8}, Kind{5, 50, 0.02, 10, 0.8},
          Kind{20, 1, 0.1, 0, 0.6}, Kind{20, 10, 0.0, 10, 0.7}, Kind{100, 10, 0.02, 0, 0.8}}) {
        LinkOptions roomy;
        roomy.queue_bytes_max = 1 << 20;
        Way there{.latency = microseconds(kind.round_trip_ms * 500), .jitter = milliseconds(kind.jitter_ms)};
        there.loss = kind.loss;
        Way back = there;
        back.jitter = {};
        there.rate = static_cast<std::uint64_t>(kind.megabits * megabit);
        there.queue_bytes = std::max<std::size_t>(32768, there.rate / 10);
        Line<> two(there, back, 3, roomy);
        std::uint64_t bytes = 0;
        std::vector<double> queue;
        count(two, 1, bytes);
        saturate(two, 0);
        two.run(2_s);
        bytes = 0;
        two.every(5_ms, [&] { queue.push_back(two.pipes[0].queue_delay(two.now).ms()); });
        two.run(4_s);
        CAPTURE(kind.megabits);
        CAPTURE(kind.round_trip_ms);
        CHECK(used(bytes, 4_s, there.rate) >= kind.share);
        CHECK(part(queue, 0.5) < 70);
    }
}

TEST_CASE("nothing is known at first, and that is no limit") {
    const Congestion congestion;
    CHECK(congestion.estimate() == 0);
    CHECK(congestion.rate() == 0);
    CHECK(congestion.window() == Congestion::window_first);
}
