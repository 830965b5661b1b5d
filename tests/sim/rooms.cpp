#include <doctest/doctest.h>

#include <string>

#include "room_of.hpp"

using namespace tenon;

namespace {

template <class Reliability>
std::string room(sim::World& world) {
    rooms::RoomOf<Reliability> room(world, 4 + static_cast<std::uint32_t>(world.random().below(3)));
    room.play(seconds(sim::is_long() ? 100 : 20));
    return room.settle();
}

// Every second run is on a line that is bad in all the usual ways at once, and the others draw their own.
sim::Faults faults(std::uint64_t seed) {
    if (seed % 2 != 0) return sim::Faults::from(seed);
    return *sim::Faults::parse(
        "latency_ms=50,spread=0.5,jitter_ms=15,loss=0.05,reorder=0.1,duplicate=0.02,"
        "partitions=4,partition_ms=1000");
}
sim::Search search(std::string_view name) {
    sim::Search search;
    search.seeds = 30;
    search.seeds_long = 1000;
    search.faults = faults;
    search.command = name;
    return search;
}

} // namespace

TEST_CASE("rooms keep their promises over AckVector, whatever the network does") {
    const auto report = sim::explore(search("test_sim -tc='rooms*AckVector*'"), room<reliability::AckVector>);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("rooms keep their promises over AckRetry, whatever the network does") {
    const auto report = sim::explore(search("test_sim -tc='rooms*AckRetry*'"), room<reliability::AckRetry>);
    CHECK_MESSAGE(report, report.text());
}

// Paths that break for longer than a peer is waited for, and hosts that stand still for as long.
sim::Faults long_faults(std::uint64_t seed) {
    return *sim::Faults::parse(seed % 2 != 0
                                   ? "latency_ms=50,jitter_ms=15,loss=0.05,partitions=4,partition_ms=15000"
                                   : "latency_ms=30,loss=0.02,pauses=3,pause_ms=20000,clock_ms=3000");
}

TEST_CASE("rooms keep their promises to peers who are away and come back") {
    sim::Search away = search("test_sim -tc='rooms*away*'");
    away.seeds = 20;
    away.seeds_long = 300;
    away.faults = long_faults;
    const auto report = sim::explore(away, [](sim::World& world) {
        rooms::RoomOf<reliability::AckVector> room(world, 4);
        room.play(seconds(100));
        return room.settle();
    });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("the ledger notices what is lost, doubled, late, or not meant for its hearer") {
    const auto broken = [](auto&& spoil) {
        rooms::Ledger ledger;
        for (std::uint32_t i = 0; i < 3; ++i) ledger.entries.push_back({1, rooms::everybody, true, {2}, {}});
        ledger.entries.push_back({1, 3, false, {3}, {}});
        spoil(ledger);
        return ledger.broken;
    };
    const auto line = [](std::uint32_t serial) { return rooms::Body{1, rooms::everybody, serial, {}}; };
    CHECK(broken([&](rooms::Ledger& ledger) {
              for (std::uint32_t i = 0; i < 3; ++i) ledger.hear(2, 1, line(i), true);
          }).empty());
    CHECK(broken([&](rooms::Ledger& ledger) {
              ledger.hear(2, 1, line(0), true);
              ledger.hear(2, 1, line(0), true);
          }) == "message 0 from 1 to 2 arrived twice");
    CHECK(broken([&](rooms::Ledger& ledger) {
              ledger.hear(2, 1, line(0), true);
              ledger.hear(2, 1, line(2), true);
          }) == "message 2 from 1 to 2 came before number 1");
    CHECK(broken([&](rooms::Ledger& ledger) { ledger.hear(2, 1, line(3), false); }) ==
          "message 3 from 1 to 2 was for another");
    CHECK(broken([&](rooms::Ledger& ledger) { ledger.hear(2, 4, line(0), true); }) ==
          "message 0 from 4 to 2 was not said by whom it is said to be");
    CHECK(broken([&](rooms::Ledger& ledger) { ledger.hear(2, 1, line(9), true); }) ==
          "message 9 from 1 to 2 was never sent");
}

TEST_CASE("a room that owes a message does not settle") {
    sim::World world(1);
    rooms::RoomOf<reliability::AckVector> room(world, 4);
    room.play(seconds(2));
    CHECK(room.settle().empty());
    CHECK(room.ledger.delivered > 20);
    CHECK(room.ledger.marks > 20);
    CHECK(room.ledger.commands > 100);
    room.ledger.entries.push_back({0, 1, false, {room.players[1]->net.self().value}, {}});
    CHECK(room.settle().find("never reached") != std::string::npos);
}
