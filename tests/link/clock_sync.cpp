#include "tenon/link/clock_sync.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {
constexpr Instant start{1'000'000'000};

std::vector<std::byte> said_by(ClockSync& side, Instant now) {
    std::array<std::byte, 64> buffer{};
    ByteWriter out(buffer);
    side.write(out, now);
    CHECK(out.position() <= ClockSync::bytes_max);
    return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(out.position())};
}
void hear(ClockSync& side, const std::vector<std::byte>& said, Instant now) {
    ByteReader in(said);
    while (in.left() != 0) side.read(in.u8(), in, now);
    CHECK(in.ok());
}
// Carries a question or an answer from one side to the other.
bool carry(ClockSync& from, Instant sent, ClockSync& to, Instant came) {
    const auto said = said_by(from, sent);
    hear(to, said, came);
    return !said.empty();
}
// An answer that was never asked for in this way.
void tell(ClockSync& side, std::uint8_t number, Instant told, std::uint64_t waited, Instant now) {
    std::array<std::byte, 64> buffer{};
    ByteWriter out(buffer);
    out.u8(number);
    out.u64(static_cast<std::uint64_t>(told.ns));
    out.varint(waited);
    ByteReader in(BytesIn(buffer).first(out.position()));
    side.read_tell(in, now);
}
} // namespace

TEST_CASE("the offset is found from an even path, and the time the question waited is not the path's") {
    ClockSync asks(true), tells(false);
    const Duration ahead = 3_s;
    CHECK(asks.rides_at() <= start);
    CHECK(asks.next() <= start);
    CHECK(tells.rides_at() == Instant::never());
    CHECK(tells.next() == Instant::never());
    for (const Duration wait : {0_ms, 10_ms, 700_ms}) {
        ClockSync::Answer answer;
        CHECK_FALSE(asks.poll(answer));
        const Instant asked = max(start, asks.rides_at());
        REQUIRE(carry(asks, asked, tells, asked + ahead + 20_ms));
        CHECK(tells.rides_at() <= asked + ahead + 20_ms);
        REQUIRE(carry(tells, asked + ahead + 20_ms + wait, asks, asked + 40_ms + wait));
        REQUIRE(asks.poll(answer));
        CHECK(answer.offset == ahead);
        CHECK(answer.round_trip == 40_ms);
        CHECK(answer.at == asked + 20_ms);
    }
    CHECK(asks.known());
    CHECK_FALSE(tells.known());
    CHECK(tells.rides_at() == Instant::never());
}

TEST_CASE("only the first questions and their answers are worth packets; later ones wait for company") {
    ClockSync asks(true), tells(false);
    Instant now = start;
    int questions = 0;
    for (; asks.next() < Instant::never(); now += 1_ms) {
        if (now < asks.next()) continue;
        ++questions;
        REQUIRE(carry(asks, now, tells, now));
        CHECK(tells.next() > now);
        CHECK(tells.next() <= now + 25_ms);
        REQUIRE(carry(tells, now, asks, now));
    }
    CHECK(questions >= 10);
    CHECK(questions <= 16);
    CHECK(now < start + 2_s);
    // With company there are ten a second, then four, and two when the drift is known.
    for (const auto& [least, most] : {std::pair(89, 95), std::pair(39, 41), std::pair(19, 40)}) {
        questions = 0;
        for (const Instant end = now + 10_s; now < end; now += 10_ms) {
            questions += now >= asks.rides_at() && carry(asks, now, tells, now) ? 1 : 0;
            CHECK(tells.next() == Instant::never());
        }
        CHECK(questions >= least);
        CHECK(questions <= most);
    }
    // Another path is learned like the first.
    asks.restart();
    CHECK(asks.next() <= now);
}

TEST_CASE("what is not taken in time makes room for what is newer, and a lost answer is no harm") {
    ClockSync asks(true), tells(false);
    Instant now = start;
    for (int i = 1; i <= 200; ++i, now += 500_ms) {
        const auto question = said_by(asks, now);
        REQUIRE_FALSE(question.empty());
        if (i % 7 == 0) continue; // the question is lost
        hear(tells, question, now + seconds(i) + 5_ms);
        const auto told = said_by(tells, now + seconds(i) + 5_ms);
        if (i % 5 != 0) hear(asks, told, now + 10_ms);
    }
    ClockSync::Answer answer;
    int taken = 0;
    while (asks.poll(answer)) {
        ++taken;
        CHECK(answer.offset >= 190_s);
    }
    CHECK(taken == 4);
    CHECK(answer.offset == 199_s);
}

TEST_CASE("how early commands come goes with a packet that goes anyway, and is heard once") {
    ClockSync authority(false), guest(true);
    said_by(guest, start);
    Duration early;
    CHECK_FALSE(guest.poll_early(early));
    for (const Duration told : {7_ms, 0_ms - 3_ms, 0_ms, 90_s, 0_s - 90_s}) {
        authority.tell_early(1_ms);
        authority.tell_early(told); // the newest is told
        CHECK(authority.rides_at() <= start);
        CHECK(authority.next() == Instant::never());
        REQUIRE(carry(authority, start, guest, start));
        CHECK(authority.rides_at() == Instant::never());
        REQUIRE(guest.poll_early(early));
        CHECK(early == clamp(told, 0_us - 655'340_us, 655'340_us));
        CHECK_FALSE(guest.poll_early(early));
    }
}

TEST_CASE("answers to questions that were never asked, and times that no clock shows, are not believed") {
    ClockSync asks(true);
    for (int number = 0; number < 256; ++number)
        tell(asks, static_cast<std::uint8_t>(number), start, 0, start);
    CHECK_FALSE(asks.known());
    const auto ask = [&](Instant now) {
        const auto said = said_by(asks, now);
        REQUIRE(said.size() == 2);
        return static_cast<std::uint8_t>(std::to_integer<unsigned>(said[1]) & 0x7F);
    };
    Instant now = start;
    const auto wrong = [&](Duration after, Duration told, std::uint64_t waited) {
        const std::uint8_t number = ask(now += 1_s);
        tell(asks, number, Instant{told.ns}, waited, now + after);
    };
    wrong(0_ms, Duration{INT64_MAX}, 0);
    wrong(0_ms, Duration{INT64_MIN}, 0);
    wrong(-1_ms, 0_ms, 0);         // before it was asked
    wrong(5_ms, 0_ms, 6'000);      // heard before it was asked
    wrong(5_ms, 0_ms, UINT64_MAX); // the same, by far
    wrong(61_s, 0_ms, 0);          // too long ago
    const std::uint8_t old = ask(now += 61_s);
    for (int i = 0; i < 16; ++i) ask(now += 1_s);
    tell(asks, old, now, 0, now); // sixteen have been asked since
    CHECK_FALSE(asks.known());
    const std::uint8_t good = ask(now += 1_s);
    tell(asks, good, now, 5'000, now + 5_ms);
    CHECK(asks.known());
    ClockSync::Answer answer;
    REQUIRE(asks.poll(answer));
    CHECK(answer.round_trip == Duration{});
    tell(asks, good, now + 9_s, 0, now + 5_ms); // the same again
    CHECK_FALSE(asks.poll(answer));
    const std::uint8_t before = ask(now += 1_s);
    asks.restart();
    tell(asks, before, now, 0, now); // of another path
    CHECK_FALSE(asks.poll(answer));
    ByteReader empty;
    asks.read_tell(empty, start);
    CHECK_FALSE(asks.poll(answer));
    ByteReader nothing;
    ClockSync tells(false);
    tells.read_ask(nothing, start);
    CHECK(tells.rides_at() == Instant::never());
}
