#include "tenon/link/stream_link.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/link/link_of.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/wire/checksum.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Native = LinkOf<reliability::Native, Checksum>;
static_assert(std::is_same_v<Native, StreamLink<reliability::Native, Checksum>>);
static_assert(std::is_same_v<LinkOf<reliability::AckVector, Checksum>, Link<reliability::AckVector>>);
struct Wire {
    static constexpr TransportTraits traits{.connected = true};
};
struct Radio {
    static constexpr TransportTraits traits{};
};
static_assert(std::is_same_v<ReliabilityOver<Wire, reliability::AckVector>, reliability::Native>);
static_assert(std::is_same_v<ReliabilityOver<Radio, reliability::AckVector>, reliability::AckVector>);
constexpr Instant start{1'000'000'000'000};

LinkOptions options(bool asks = false) {
    LinkOptions made;
    made.asks_time = asks;
    made.datagram_bytes = 66'000;
    return made;
}

// Two links whose frames take their time and always arrive; one way may be held up.
struct Pair {
    Pool pool{1200, 1 << 20};
    Native here, there;
    Instant now = start;
    std::size_t backlog = 0; // of what `here` has sent; while it is held nothing leaves
    bool held = false;
    std::vector<std::vector<std::byte>> waiting;
    std::vector<std::string> heard;
    std::vector<std::uint32_t> numbers;

    explicit Pair(const LinkOptions& with = options())
        : here(pool, with, 7, start, Random(1)), there(pool, options(true), 7, start, Random(2)) {}

    void say(const std::string& text, MessageType type = {8}) {
        CHECK(here.channel(true).append(type, bytes_of(text)));
    }
    void step(Duration time = 5_ms) {
        now += time;
        std::array<std::byte, 70'000> buffer;
        if (!held) {
            for (const auto& frame : waiting) hear(there, frame);
            waiting.clear();
            backlog = 0;
        }
        here.handle_timeout(now);
        there.handle_timeout(now);
        here.look(now, backlog);
        while (const std::size_t size = here.poll_transmit(now, buffer)) {
            waiting.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
            backlog += size;
        }
        there.look(now, 0);
        while (const std::size_t size = there.poll_transmit(now, buffer))
            hear(here, BytesIn(buffer).first(size));
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end;) step();
    }
    void hear(Native& link, BytesIn frame) {
        if (!link.handle_datagram(now, frame)) return;
        for (LinkEvent event; link.poll_event(event);) {
            heard.emplace_back(text_of(event.payload));
            if (event.kind == LinkEvent::Kind::command) numbers.push_back(event.number);
        }
    }
};

} // namespace

TEST_CASE("what is said over a connection is heard in its order, whatever it promises") {
    Pair pair;
    for (int i = 0; i < 100; ++i) {
        pair.say(std::to_string(2 * i));
        CHECK(pair.here.channel(false).append({9}, bytes_of(std::to_string(2 * i + 1))));
    }
    pair.run(100_ms);
    REQUIRE(pair.heard.size() == 200);
    for (std::size_t i = 0; i < 200; ++i) CHECK(pair.heard[i] == std::to_string(i));
}

TEST_CASE("a snapshot in the stream counts as heard at once") {
    Pair pair;
    Outbox::Message message;
    message.type = {8};
    message.track = 5;
    CHECK(pair.here.outbox().push(message, bytes_of("state")));
    std::uint32_t track = 0;
    CHECK(!pair.here.poll_arrived(track));
    pair.step();
    CHECK(pair.here.poll_arrived(track));
    CHECK(track == 5);
    CHECK(!pair.here.poll_arrived(track));
}

TEST_CASE("behind a connection that is held up the newest waits, and what is too late goes") {
    Pair pair;
    pair.run(100_ms);
    pair.held = true;
    Outbox::Message newest, spark;
    newest.type = {8};
    newest.replaceable = true;
    spark.type = {9};
    for (int i = 0; i < 200; ++i) {
        newest.queued_at = spark.queued_at = pair.now;
        CHECK(
            pair.here.outbox().push(newest, bytes_of("state " + std::to_string(i) + std::string(200, ' '))));
        CHECK(pair.here.outbox().push(spark, bytes_of("spark " + std::to_string(i))));
        pair.step();
    }
    CHECK(pair.backlog < StreamPath::budget_least + 2300);
    CHECK(pair.here.queue_time() > 900_ms);
    CHECK(pair.here.expired() > 100);
    CHECK(pair.here.queued_bytes() < 6000);
    // Not asked again and again: it looks again in a while.
    CHECK(pair.here.poll_timeout() > pair.now);
    CHECK(pair.here.poll_timeout() <= pair.now + 20_ms);
    pair.held = false;
    pair.heard.clear();
    pair.run(50_ms);
    CHECK(pair.heard.back() == "spark 199");
    std::string state;
    for (const std::string& one : pair.heard)
        if (one.starts_with("state")) state = one.substr(0, 9);
    CHECK(state == "state 199");
}

TEST_CASE("of commands the newest are kept, and their numbers are the same on both sides") {
    Pair pair;
    std::uint32_t last = 0;
    for (int i = 0; i < 3; ++i) last = *pair.here.push_command({8}, bytes_of("early"));
    pair.run(20_ms);
    CHECK(pair.numbers == std::vector<std::uint32_t>{1, 2, 3});
    pair.held = true;
    CHECK(pair.here.channel(true).append({8}, bytes_of(std::string(60'000, 'x'))));
    pair.step();
    for (int i = 0; i < 100; ++i) last = *pair.here.push_command({8}, bytes_of("late"));
    CHECK(last == 103);
    pair.run(100_ms);
    pair.held = false;
    pair.numbers.clear();
    pair.run(100_ms);
    REQUIRE(pair.numbers.size() == 32);
    CHECK(pair.numbers.front() == 72);
    CHECK(pair.numbers.back() == 103);
    CHECK(pair.there.commands_missed() == 68);
    CHECK(pair.here.push_command({8}, bytes_of(std::string(700, 'x'))).error() == Error::too_large);
}

TEST_CASE("a link over a connection knows its round trip, and the guest's learns the host's clock") {
    Pair pair;
    for (int i = 0; i < 100; ++i) {
        pair.say("anything");
        pair.run(50_ms);
    }
    CHECK(pair.here.path().round_trip().known());
    CHECK(pair.here.path().round_trip().smoothed() <= 10_ms);
    ClockSync::Answer answer;
    CHECK(pair.there.clock().poll(answer));
    CHECK(abs(answer.offset) <= 5_ms);
}

TEST_CASE("silence ends it, and so does a reader who answers nothing while all stands still") {
    LinkOptions with = options();
    with.timeout = 3_s;
    Pair alone(with);
    for (int i = 0; i < 700; ++i) {
        alone.now += 5_ms;
        alone.here.handle_timeout(alone.now);
    }
    CHECK(alone.here.state() == Native::State::closed);
    CHECK(alone.here.reason() == Error::timed_out);
    // It says much and reads nothing.
    Pair stuck(with);
    stuck.run(1_s);
    stuck.held = true;
    for (int i = 0; i < 900 && stuck.here.state() == Native::State::open; ++i) {
        stuck.step();
        const std::byte ping[] = {std::byte{1}, std::byte{9}};
        stuck.hear(stuck.here, ping);
    }
    CHECK(stuck.here.reason() == Error::timed_out);
    CHECK(stuck.backlog < 4000); // nor were its questions answered without end
}

TEST_CASE("a goodbye that nobody takes is given up soon") {
    Pair pair;
    pair.run(50_ms);
    pair.say(std::string(60'000, 'x'));
    pair.here.close(Error::kicked);
    pair.here.held_up(pair.now);
    for (int i = 0; i < 500 && pair.here.state() != Native::State::closed; ++i) {
        pair.now += 5_ms;
        pair.here.handle_timeout(pair.now);
        CHECK(pair.here.poll_timeout() >= Instant{});
        pair.here.held_up(pair.now);
    }
    CHECK(pair.here.state() == Native::State::closed);
    CHECK(pair.now - start < 3_s);
}

TEST_CASE("a message larger than the room allows ends the link that brings it") {
    LinkOptions with = options();
    Pair pair(with);
    with.message_bytes_max = 100;
    Native strict(pair.pool, with, 7, start, Random(3));
    std::vector<std::byte> frame(102, std::byte{0x48});
    CHECK(strict.handle_datagram(start, frame));
    LinkEvent event;
    CHECK(!strict.poll_event(event));
    CHECK(strict.reason() == Error::over_bound);
}
