#include "tenon/room/rota.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000};

std::string waiting(const Rota& rota) {
    std::string numbers;
    for (std::size_t i = 0; i < rota.waiting(); ++i) numbers += std::to_string(rota[i]);
    return numbers;
}

} // namespace

TEST_CASE("rooms wait in the order in which they were marked, each once") {
    Rota rota;
    REQUIRE(rota.reserve(5));
    CHECK(rota.next() == Instant::never());
    for (const std::uint32_t room : {3u, 1u, 3u, 5u, 1u}) rota.mark(room);
    CHECK(waiting(rota) == "315");
    CHECK(rota.next() == Instant{});
    rota.done(start, Instant::never());
    CHECK(waiting(rota) == "15");
    rota.mark(3);
    CHECK(waiting(rota) == "153");
}

TEST_CASE("a turn ends with the next deadline, and one that has come already is another turn") {
    Rota rota;
    REQUIRE(rota.reserve(2));
    for (const std::uint32_t room : {0u, 1u, 2u}) rota.mark(room);
    rota.done(start, start + 20_ms);
    rota.done(start, start);
    rota.done(start, start + 10_ms);
    CHECK(waiting(rota) == "1");
    rota.done(start, Instant::never());
    CHECK(rota.next() == start + 10_ms);
    rota.wake(start + 9_ms);
    CHECK(rota.waiting() == 0);
    rota.wake(start + 20_ms);
    CHECK(waiting(rota) == "20");
    CHECK(rota.next() == Instant{});
}

TEST_CASE("who was interrupted lets the others go first") {
    Rota rota;
    REQUIRE(rota.reserve(2));
    for (const std::uint32_t room : {0u, 1u, 2u}) rota.mark(room);
    rota.yield();
    CHECK(waiting(rota) == "120");
}

TEST_CASE("a room that is no more has no deadline") {
    Rota rota;
    REQUIRE(rota.reserve(0));
    rota.mark(0);
    rota.done(start, start + 5_ms);
    rota.mark(0);
    rota.remove();
    CHECK(rota.waiting() == 0);
    CHECK(rota.next() == Instant::never());
    rota.wake(start + 1_s);
    CHECK(rota.waiting() == 0);
}

TEST_CASE("a number that was not reserved is nobody") {
    Rota rota;
    rota.mark(0);
    CHECK(rota.waiting() == 0);
    REQUIRE(rota.reserve(0));
    rota.mark(1);
    CHECK(rota.waiting() == 0);
}
