// Rooms that encrypt and outlive their host: what sim/migration.cpp plays in plaintext.
#include <doctest/doctest.h>

#include <string_view>

#include "../sim/migration_plays.hpp"
#include "../sim/searching.hpp"
#include "foretold.hpp"

using foretold::Secure;
using namespace tenon;
using namespace tenon::literals;

template <>
struct migrating::PortOf<Secure> {
    static Secure make(transport::Memory port, std::uint64_t seed) {
        return foretold::make(std::move(port), seed);
    }
};

namespace {

using Plays = migrating::Plays<Secure>;

template <class Scenario>
void hold(std::string_view name, Scenario&& scenario, std::uint64_t seeds = 1) {
    const auto report = sim::explore(searching::search(name, migrating::usual, seeds, 500), scenario);
    CHECK_MESSAGE(report, report.text());
}

} // namespace

TEST_CASE("an encrypted room of sixteen goes on within three round trips when its host dies") {
    migrating::Killing<Secure> killing;
    hold("test_secure -tc='*encrypted*sixteen*'", [&](sim::World& world) { return killing.play(world); });
    REQUIRE(!killing.gaps.empty());
    const double gap = migrating::median(killing.gaps);
    MESSAGE("median gap: ", gap, " round trips after it was missed");
    CHECK(gap < 3);
}
TEST_CASE("the sides of an encrypted room that was parted come back under one") {
    hold("test_secure -tc='the sides of*'", [](sim::World& world) { return Plays::part(world, 7, 2, 5_s); });
    hold("test_secure -tc='the sides of*'", [](sim::World& world) { return Plays::part(world, 8, 4, 5_s); });
    hold("test_secure -tc='the sides of*'", [](sim::World& world) { return Plays::part(world, 6, 1, 4_s); });
    hold("test_secure -tc='the sides of*'", [](sim::World& world) { return Plays::part(world, 6, 5, 4_s); });
}
TEST_CASE("an encrypted room goes on without an authority that stood still or left") {
    hold("test_secure -tc='*stood still or left*'", Plays::stands_still);
    hold("test_secure -tc='*stood still or left*'", Plays::leaves);
}
TEST_CASE("an encrypted room is handed over, also to one who dies at once") {
    hold("test_secure -tc='*is handed over*'", Plays::hands_over);
    hold("test_secure -tc='*is handed over*'", Plays::dies_at_once);
}
TEST_CASE("an encrypted room loses two at a time, or all but one") {
    hold("test_secure -tc='*two at a time*'", Plays::two_die);
    hold("test_secure -tc='*two at a time*'", Plays::room_of_two);
}
TEST_CASE("guests of an encrypted room come after a migration, and come back after it") {
    hold("test_secure -tc='guests of an encrypted*'", Plays::comes_late);
    hold("test_secure -tc='guests of an encrypted*'", Plays::away_meanwhile);
}
TEST_CASE("an encrypted room migrates twenty times in a row") {
    hold("test_secure -tc='*encrypted*twenty times*'", Plays::twenty_times);
}
TEST_CASE("in an encrypted room the best takes over by merit") {
    hold("test_secure -tc='*by merit'", Plays::by_merit, 1);
}
TEST_CASE(
    "who comes into an encrypted room just before its host is lost goes on, or stays alone and comes again") {
    const auto play = [](sim::World& world) {
        migrating::Room<topology::FirstJoiner, Secure> room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        room.talk(500_ms);
        if (const std::string broken = room.add(); !broken.empty()) return broken;
        room.run(milliseconds(static_cast<std::int64_t>(world.random().below(400))));
        room.kill(room[1]);
        auto& late = room[6];
        // It may not have been introduced to the others, who can't tell it from a stranger then.
        const auto alone = [&] { return late.out || late.net.status() == Status::hosting; };
        if (!room.run_until([&] { return alone() || room.agreed(); }, 100_s))
            return "it is neither in nor out" + room.who();
        if (!alone()) return room.settle();
        late.net.leave();
        room.run(1_s);
        auto* host = room.authority();
        if (host == nullptr) return "nobody decides" + room.who();
        late.out = false;
        room.come_in(late, host->index);
        if (!room.run_until([&] { return late.inside() && room.agreed(); }, 20_s))
            return "it does not come in again" + room.who();
        return room.book.broken;
    };
    hold("test_secure -tc='who comes into*'", play, 4);
}
