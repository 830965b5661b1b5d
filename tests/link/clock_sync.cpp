#include "tenon/link/clock_sync.hpp"

#include <doctest/doctest.h>

#include <array>

#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {
constexpr Instant start{1'000'000'000};

// Carries a question or an answer from one side to the other.
bool carry(ClockSync& from, Instant sent, ClockSync& to, Instant came) {
    std::array<std::byte, 64> buffer{};
    ByteWriter out(buffer);
    from.write(out, sent);
    ByteReader in(BytesIn(buffer).first(out.position()));
    while (in.left() != 0) in.u8() == frame::time_ask ? to.read_ask(in, came) : to.read_tell(in, came);
    return out.position() != 0;
}
} // namespace

TEST_CASE("the offset is found from an even path, and the time the question waited is not the path's") {
    ClockSync asks(true), tells(false);
    const Duration ahead = 3_s;
    CHECK(asks.due(start));
    CHECK_FALSE(tells.due(start));
    CHECK(tells.next() == Instant::never());
    REQUIRE(carry(asks, start, tells, start + ahead + 20_ms));
    CHECK(tells.due(start));
    REQUIRE(carry(tells, start + ahead + 30_ms, asks, start + 50_ms)); // it waited for ten
    CHECK(asks.known());
    CHECK(asks.offset() == ahead);
    CHECK(asks.theirs(start) == start + ahead);
    CHECK_FALSE(tells.known());
    CHECK_FALSE(tells.due(start));
}

TEST_CASE("questions come quickly at first and seldom later") {
    ClockSync asks(true);
    ClockSync tells(false);
    Instant now = start;
    int questions = 0;
    for (; now < start + 10_s; now += 10_ms)
        questions += asks.due(now) && carry(asks, now, tells, now) ? 1 : 0;
    CHECK(questions >= 8);
    CHECK(questions <= 12);
}

TEST_CASE("the answer with the shortest way is believed, and only as long as it is fresh") {
    ClockSync asks(true);
    Random random(2);
    for (int i = 0; i < 200; ++i) {
        const Instant sent = start + 100_ms * i;
        // The way there takes up to 200 ms longer than the way back, now and then not.
        const Duration there = random.chance(0.3) ? 20_ms : milliseconds(random.between(20, 220)),
                       back = 20_ms;
        asks.sample(sent, sent + there + 7_s, sent + there + back);
        if (i > 40) CHECK(abs(asks.offset() - 7_s) < 30_ms);
    }
    // The other side's clock is another: eight answers later it is known.
    for (int i = 0; i < 8; ++i) asks.sample(start + 30_s, start + 30_s + 9_s + 40_ms, start + 30_s + 80_ms);
    CHECK(asks.offset() == 9_s);
}

TEST_CASE("answers to questions that were never asked, and times that no clock shows, are not believed") {
    ClockSync asks(true);
    asks.sample(start + 1_s, start, start);        // asked tomorrow
    asks.sample(Instant{INT64_MIN}, start, start); // asked at the beginning of time
    asks.sample(start - 61_s, start, start);       // too long ago
    asks.sample(start, Instant{INT64_MAX}, start);
    asks.sample(start, Instant{INT64_MIN}, start);
    CHECK_FALSE(asks.known());
    CHECK(asks.offset() == Duration{});
    ByteReader empty;
    asks.read_tell(empty, start);
    CHECK_FALSE(asks.known());
    ByteReader nothing;
    asks.read_ask(nothing, start);
    CHECK(asks.next() == Instant{}); // only its own question is due
}
