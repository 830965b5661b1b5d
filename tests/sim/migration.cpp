#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "migrating.hpp"
#include "migration_plays.hpp"
#include "searching.hpp"
#include "tenon/sim/explore.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Plays = migrating::Plays<transport::Memory>;
using migrating::usual;

} // namespace

TEST_CASE("a room of sixteen goes on within three round trips when its host dies") {
    migrating::Killing<> killing;
    const auto report = sim::explore(searching::search("test_sim -tc='*sixteen*'", usual, 20),
                                     [&](sim::World& world) { return killing.play(world); });
    CHECK_MESSAGE(report, report.text());
    REQUIRE(!killing.gaps.empty());
    const double gap = migrating::median(killing.gaps);
    MESSAGE("median gap: ", gap, " round trips after it was missed");
    CHECK(gap < 3);
}

namespace {

template <class Scenario>
void hold(std::string_view name, std::string_view faults, Scenario&& scenario, std::uint64_t seeds = 20,
          std::uint64_t seeds_long = 1000) {
    const auto report = sim::explore(searching::search(name, faults, seeds, seeds_long), scenario);
    CHECK_MESSAGE(report, report.text());
}

} // namespace

TEST_CASE("a side that was cut off with the authority in the smaller part comes back under one") {
    hold("test_sim -tc='*smaller part*'", usual,
         [](sim::World& world) { return Plays::part(world, 7, 2, 5_s); });
}
TEST_CASE("a side that was cut off with the authority in the larger part comes back under one") {
    hold("test_sim -tc='*larger part*'", usual,
         [](sim::World& world) { return Plays::part(world, 7, 5, 5_s); });
}
TEST_CASE("two halves come back under one") {
    hold("test_sim -tc='*two halves*'", usual,
         [](sim::World& world) { return Plays::part(world, 8, 4, 5_s); });
}
TEST_CASE("an authority that is cut off alone comes back and obeys") {
    hold("test_sim -tc='*cut off alone*'", usual,
         [](sim::World& world) { return Plays::part(world, 6, 1, 4_s); });
}
TEST_CASE("a guest that is cut off alone comes back as itself") {
    hold("test_sim -tc='*guest that is cut off*'", usual,
         [](sim::World& world) { return Plays::part(world, 6, 5, 4_s); });
}

TEST_CASE("an authority that stood still and wakes up finds that the room has gone on") {
    hold("test_sim -tc='*stood still*'", usual, Plays::stands_still);
}

TEST_CASE("an authority that leaves in good order is succeeded at once") {
    hold("test_sim -tc='*good order*'", usual, Plays::leaves);
}

TEST_CASE("an authority hands over, and nothing is lost") {
    hold("test_sim -tc='*hands over, and*'", usual, Plays::hands_over);
}

TEST_CASE("a hand over to one who dies at once is overcome") {
    hold("test_sim -tc='*dies at once*'", usual, Plays::dies_at_once);
}

TEST_CASE("two die at the same time, and the third takes over") {
    hold("test_sim -tc='*two die*'", usual, Plays::two_die);
}

TEST_CASE("a room of two goes on with one, and with two when the other is back") {
    hold("test_sim -tc='*room of two*'", usual, Plays::room_of_two);
}

TEST_CASE("who comes after a migration is as welcome as before") {
    hold("test_sim -tc='*as welcome*'", usual, Plays::comes_late);
}

TEST_CASE("a guest that was away while the room went on comes back to it") {
    hold("test_sim -tc='*away while*'", usual, Plays::away_meanwhile);
}

TEST_CASE("a room migrates twenty times in a row") {
    hold("test_sim -tc='*twenty times*'", usual, Plays::twenty_times, 10, 1000);
}

TEST_CASE("by merit the best takes over, and two who are as good as each other leave it be") {
    hold("test_sim -tc='by merit*'", usual, Plays::by_merit, 10);
}
