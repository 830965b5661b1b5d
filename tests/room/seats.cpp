#include "tenon/room/seats.hpp"

#include <doctest/doctest.h>

#include "tenon/reliability/ack_vector.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using Address = transport::MemoryAddress;
using TestSeats = Seats<Address, reliability::AckVector>;

namespace {

constexpr Instant start{1'000'000'000};

struct Hall {
    Pool pool{1100, 1 << 20};
    TestSeats seats{Random(3)};

    TestSeats::Seat* add(std::uint32_t number) {
        LinkOptions options;
        options.asks_time = false; // with nothing to do at once
        return seats.add(Address{number, 1}, PeerId{number}, pool, options, 7, start, Random(number));
    }
};

} // namespace

TEST_CASE("a seat is found by address and by id, and its place is used again") {
    Hall hall;
    CHECK(hall.seats.empty());
    for (std::uint32_t i = 0; i < 50; ++i) REQUIRE(hall.add(i) != nullptr);
    for (std::uint32_t i = 0; i < 50; ++i) {
        TestSeats::Seat* seat = hall.seats.at({i, 1});
        REQUIRE(seat != nullptr);
        CHECK(seat == hall.seats.at({i, 1})); // the last is tried first
        CHECK(seat == hall.seats.of(PeerId{i}));
        CHECK(seat->index == i);
    }
    CHECK(hall.seats.at({5, 2}) == nullptr);
    CHECK(hall.seats.of(PeerId{50}) == nullptr);
    hall.seats.remove(*hall.seats.at({5, 1}));
    hall.seats.expect_last(); // there is none any more
    CHECK(hall.seats.at({5, 1}) == nullptr);
    CHECK(hall.seats.of(PeerId{5}) == nullptr);
    REQUIRE(hall.add(77) != nullptr);
    CHECK(hall.seats.at({77, 1})->index == 5);
    hall.seats.clear();
    CHECK(hall.seats.empty());
    CHECK(hall.seats.marked() == nullptr);
}

TEST_CASE("a seat whose link is closing is not found by id any more, and still hears") {
    Hall hall;
    hall.add(1);
    hall.add(2);
    hall.seats.of(PeerId{1})->link.close(Error::left);
    CHECK(hall.seats.of(PeerId{1}) == nullptr);
    CHECK(hall.seats.at({1, 1}) != nullptr);
    int all = 0, open = 0;
    hall.seats.for_each([&](auto&) { ++all; });
    hall.seats.for_each_open([&](auto&) { ++open; });
    CHECK(all == 2);
    CHECK(open == 1);
}

TEST_CASE("who is marked comes once, in the order of marking, and gets its deadline when done") {
    Hall hall;
    for (std::uint32_t i = 0; i < 4; ++i) hall.add(i); // a new one is marked
    CHECK(hall.seats.next() == Instant{});
    hall.seats.mark(*hall.seats.at({2, 1}));
    hall.seats.remove(*hall.seats.at({1, 1}));
    for (std::uint32_t expected : {0u, 2u, 3u}) {
        REQUIRE(hall.seats.marked() != nullptr);
        CHECK(hall.seats.marked()->id == PeerId{expected});
        CHECK(hall.seats.marked()->id == PeerId{expected}); // until done
        hall.seats.done();
    }
    CHECK(hall.seats.marked() == nullptr);
    const Instant next = hall.seats.next();
    CHECK(next > Instant{});
    CHECK(next < Instant::never());
    CHECK(hall.seats.due(start - 1_s) == nullptr);
    int due = 0;
    while (hall.seats.due(start + 100_s) != nullptr) ++due;
    CHECK(due == 3);
    CHECK(hall.seats.next() == Instant::never());
}

TEST_CASE("an announcement is only a hint: whatever was announced, an address finds its own seat") {
    Hall hall;
    for (std::uint32_t i = 0; i < 20; ++i) REQUIRE(hall.add(i) != nullptr);
    Random random(9);
    bool there[20];
    for (bool& seat : there) seat = true;
    const auto any = [&] { return static_cast<std::uint32_t>(random.next() % 21); };
    for (int turn = 0; turn < 20'000; ++turn) {
        const std::uint32_t i = any();
        if (random.next() % 2 == 0) {
            const std::byte packet[] = {static_cast<std::byte>(random.next())};
            hall.seats.expect({any(), 1}, BytesIn(packet).first(random.next() % 2));
        }
        TestSeats::Seat* seat = hall.seats.at({i, 1});
        REQUIRE((seat != nullptr) == (i < 20 && there[i]));
        if (seat == nullptr) {
            if (i < 20) there[i] = hall.add(i) != nullptr;
            continue;
        }
        REQUIRE(seat->address == Address{i, 1});
        if (random.next() % 8 == 0) {
            hall.seats.remove(*seat);
            there[i] = false;
        }
    }
}
