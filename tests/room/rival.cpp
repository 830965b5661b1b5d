#include "tenon/room/rival.hpp"

#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000};
constexpr PeerId who{3};
constexpr Epoch ours{4, PeerId{0}}, theirs{5, who};

// They have met, and each has told how many obey it.
Rival met(std::uint32_t own_size, std::uint32_t its_size) {
    Rival rival;
    rival.hear(start, who, theirs, its_size);
    rival.tell_size(start + 1_s, own_size);
    return rival;
}

} // namespace

TEST_CASE("nobody is counted before they have met, and not too soon after") {
    Rival rival;
    Instant since{};
    CHECK(!rival.counts(since));
    rival.hear(start, who, theirs, 0);
    REQUIRE(rival.counts(since));
    CHECK(since == start);
    rival.tell_size(start + 100_ms, 7); // their answers may still be on their way
    CHECK(rival.own_size() == 0);
    rival.tell_size(start + 400_ms, 7);
    CHECK(rival.own_size() == 7);
    CHECK(!rival.counts(since));
    CHECK(!rival.both_counted());
    rival.hear(start + 500_ms, who, theirs, 2);
    CHECK(rival.both_counted());
}

TEST_CASE("the larger side goes on, and of equal ones the one of the later epoch") {
    CHECK(met(3, 5).outweighs(ours, 8));
    CHECK(!met(5, 3).outweighs(ours, 8));
    CHECK(met(4, 4).outweighs(ours, 8));
    CHECK(!met(4, 4).outweighs(Epoch{6, PeerId{0}}, 8));
}

TEST_CASE("it can't have those who obey this side, whatever it says") {
    CHECK(!met(5, 1000).outweighs(Epoch{6, PeerId{0}}, 8));
    CHECK(met(3, 1000).outweighs(ours, 8));
}

TEST_CASE("who yields waits until the other has a number after both") {
    Rival rival = met(3, 5);
    CHECK(!rival.has_accepted());
    rival.yield(ours.number);
    CHECK(rival.yielded());
    CHECK(!rival.has_accepted());
    rival.hear(start + 1_s, who, theirs, 5);
    CHECK(!rival.has_accepted());
    rival.hear(start + 1_s, who, Epoch{6, who}, 5);
    CHECK(rival.has_accepted());
}

TEST_CASE("one that is heard no more is gone, another begins anew, and old counts are made again") {
    Rival rival = met(3, 5);
    CHECK(!rival.is_gone(start + 2_s));
    CHECK(rival.is_gone(start + 3_s));
    rival.recount(start + 2_s);
    CHECK(rival.id() == who);
    rival.recount(start + 3_s);
    CHECK(!rival.id());
    rival = met(3, 5);
    rival.hear(start + 1_s, PeerId{4}, Epoch{7, PeerId{4}}, 0);
    CHECK(rival.id() == PeerId{4});
    CHECK(rival.own_size() == 0);
    CHECK(rival.due() == start + 1_s);
    rival.spoke(start + 1_s);
    CHECK(rival.due() > start + 1_s);
    rival.speak_soon(start + 1_s);
    CHECK(rival.due() == start + 1_s);
}
