#include "tenon/room/hallway.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000'000};

struct Room {
    std::set<int> seats;
    bool has_seat_at(int at) const { return seats.count(at) != 0; }
};
struct Connections {
    std::map<int, std::size_t> waits;
    std::vector<int> hung_up;
    std::size_t backlog(int at) { return waits[at]; }
    void hang_up(int at) { hung_up.push_back(at); }
};
struct Datagrams {};

} // namespace

TEST_CASE("who leaves is hung up on when all was read, or when it takes too long") {
    Hallway<int, true> hallway;
    Room room;
    Connections line;
    line.waits[1] = 100;
    line.waits[2] = 100;
    hallway.leaves(1, start);
    hallway.leaves(2, start);
    hallway.leaves(3, start);
    CHECK(!hallway.all_gone());
    hallway.turn(start, room, line);
    CHECK(line.hung_up == std::vector<int>{3});
    CHECK(hallway.next() > start);
    CHECK(hallway.next() < start + 50_ms);
    line.waits[1] = 0;
    hallway.turn(start + 10_ms, room, line);
    CHECK(line.hung_up == std::vector<int>{3, 1});
    hallway.turn(start + 3_s, room, line);
    CHECK(line.hung_up == std::vector<int>{3, 1, 2});
    CHECK(hallway.all_gone());
    CHECK(hallway.next() == Instant::never());
}

TEST_CASE("who comes is let in within its time, or hung up on") {
    Hallway<int, true> hallway;
    Room room;
    Connections line;
    for (const int who : {1, 2, 1, 1, 3}) hallway.enters(who, start + 5_s);
    room.seats.insert(2);
    CHECK(hallway.all_gone());
    hallway.turn(start, room, line);
    CHECK(hallway.next() == start + 5_s);
    hallway.lost(3);
    hallway.turn(start + 5_s, room, line);
    CHECK(line.hung_up == std::vector<int>{1});
    // A crowd pushes out those who have stood there for longest, and no more.
    line.hung_up.clear();
    for (int who = 0; who < 1500; ++who) {
        hallway.enters(who, start + 20_s);
        hallway.turn(start + 10_s, room, line);
    }
    CHECK(line.hung_up.size() >= 400);
    CHECK(line.hung_up.size() <= 500);
    CHECK(std::count(line.hung_up.begin(), line.hung_up.end(), 1400) == 0);
}

TEST_CASE("over datagrams nobody stands in the hallway") {
    Hallway<int, false> hallway;
    Room room;
    Datagrams line;
    hallway.enters(1, start);
    hallway.leaves(2, start);
    hallway.turn(start, room, line);
    CHECK(hallway.all_gone());
    CHECK(hallway.next() == Instant::never());
}
