#include "tenon/room/announcements.hpp"

#include <doctest/doctest.h>

#include <string>

#include "parts.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

namespace {

Result<> announce(Member& member, MessageType type, std::string_view text, std::uint32_t stream = 0) {
    return member.room.announce({type, carriage().of(type), bytes_of(text), {}, stream});
}

} // namespace

TEST_CASE("what is announced reaches everybody once, in its order, and wants a turn at once") {
    Net net;
    net.meet(3);
    net.run(500_ms);
    const std::string large(600, 'l');
    REQUIRE(announce(net[0], best_effort, "first"));
    REQUIRE(announce(net[0], best_effort, large));
    CHECK(net[0].room.poll_timeout() == Instant{});
    REQUIRE(net[0].say(PeerId{2}, best_effort, "to one"));
    REQUIRE(announce(net[0], best_effort, "last"));
    net.run(50_ms);
    CHECK(net[1].heard(best_effort) == "first " + large + " last");
    CHECK(net[2].heard(best_effort) == "first " + large + " to one last");
    CHECK(net[3].heard(best_effort) == net[1].heard(best_effort));
}

TEST_CASE("more than is kept, and what is too large to be kept, goes all the same") {
    Net net;
    net.meet(2);
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        REQUIRE(announce(net[0], best_effort, std::to_string(i)));
        expected += (i == 0 ? "" : " ") + std::to_string(i);
    }
    const std::string huge(5000, 'h');
    REQUIRE(announce(net[0], best_effort, huge));
    net.run(100_ms);
    for (std::size_t i : {1u, 2u}) CHECK(net[i].heard(best_effort) == expected + " " + huge);
}

TEST_CASE("who comes between an announcement and its leaving does not hear it, who leaves still says it") {
    Net net;
    net.meet(1);
    Member& late = net.add("late");
    REQUIRE(late.room.join(net.now, net[0].address));
    net.loses = [&](const auto& from, const auto&) {
        if (from == late.address && net[0].room.roster().size() == 2)
            (void)announce(net[0], best_effort, "early");
        return false;
    };
    net.run(200_ms);
    REQUIRE(late.room.status() == Status::joined);
    CHECK(net[1].heard(best_effort).find("early") == 0);
    CHECK(late.heard(best_effort).empty());
    REQUIRE(announce(net[0], best_effort, "goodbye"));
    net[0].room.leave();
    net.run(50_ms);
    for (std::size_t i : {1u, 2u}) {
        const std::string heard = net[i].heard(best_effort);
        CHECK(heard.substr(heard.size() - 7) == "goodbye");
        CHECK(net[i].last(Kind::closed)->reason == Error::left);
    }
    REQUIRE(net[0].room.host()); // and nothing is left over for the next room
    CHECK_FALSE(net[0].room.poll_timeout() < Instant{});
}

TEST_CASE("a queue without room drops it, counts it, and keeps nobody else from hearing it") {
    Net net;
    net.meet(2, {.queue_bytes_max = 4096, .bandwidth = 20'000});
    net.run(200_ms);
    for (int i = 0; i < 40; ++i) REQUIRE(announce(net[0], best_effort, std::string(1000, 'x')));
    net.run(1_s);
    CHECK(net[0].room.health(PeerId{1})->expired > 20);
    CHECK(net[1].count(Kind::message) > 2);
    CHECK(net[2].count(Kind::message) > 2);
}
