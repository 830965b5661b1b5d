#include "tenon/room/table.hpp"
#include "tenon/room/doorway.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "parts.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

namespace {

// Cuts the first guest off, or lets it back.
void cut(Net& net, bool off = true) {
    if (!off) {
        net.loses = nullptr;
        return;
    }
    net.loses = [&](const auto& from, const auto& to) {
        return from == net[1].address || to == net[1].address;
    };
}
constexpr Options patient{.timeout = 3_s, .away_for = 20_s};

} // namespace

TEST_CASE("a guest whose path breaks is away, not gone, and comes back as itself with nothing lost") {
    Net net;
    net.meet(2, patient);
    std::string expected_up, expected_down;
    const auto say = [&](int i) {
        REQUIRE(net[1].say(PeerId::host(), ordered, "u" + std::to_string(i)));
        REQUIRE(net[0].say(PeerId{1}, ordered, "d" + std::to_string(i)));
        expected_up += (i == 0 ? "u" : " u") + std::to_string(i);
        expected_down += (i == 0 ? "d" : " d") + std::to_string(i);
    };
    say(0);
    cut(net);
    say(1);
    net.run(2500_ms);
    say(2);
    CHECK(net[0].count(Kind::peer_away) == 0); // not heard for a while, which may mean nothing
    CHECK(net[0].room.health(PeerId{1})->level == Level::stale);
    net.run(2_s);
    say(3);
    CHECK(net[0].last(Kind::peer_away)->peer == 1);
    CHECK(net[0].last(Kind::peer_away)->text == "a");
    CHECK(net[2].last(Kind::peer_away)->peer == 1);
    CHECK(net[1].last(Kind::peer_away)->peer == 0); // to it the host is away
    CHECK(net[0].room.health(PeerId{1})->level == Level::lost);
    CHECK(net[0].room.roster().is_away(PeerId{1}));
    CHECK(net[0].room.status() == Status::hosting);
    CHECK(net[1].room.status() == Status::joined);
    net.run(3_s);
    say(4);
    cut(net, false);
    net.run(200_ms);
    CHECK(net[0].heard(ordered) == expected_up);
    CHECK(net[1].heard(ordered) == expected_down);
    for (std::size_t i : {0u, 1u, 2u}) {
        CHECK(net[i].count(Kind::peer_back) == 1);
        CHECK(net[i].count(Kind::peer_left) == 0);
        CHECK(net[i].roster() == "0:host 1:a 2:b");
        CHECK_FALSE(net[i].room.roster().is_away(PeerId{1}));
    }
    CHECK(net[1].count(Kind::closed) == 0);
    CHECK(net[1].room.self() == PeerId{1});
    net.run(2_s);
    CHECK(net[0].room.health(PeerId{1})->level != Level::lost);
}

TEST_CASE("a guest that has moved asks for its place with its very next turn, which is now") {
    Net net;
    net.meet(1, patient);
    net.run(100_ms);
    REQUIRE(net[1].room.poll_timeout() > net.now);
    net[1].room.moved();
    CHECK(net[1].room.poll_timeout() <= net.now);
    net.run(50_ms);
    CHECK(net[1].room.poll_timeout() > net.now);
}

TEST_CASE("it comes back from another address too, without waiting until it is missed") {
    Net net;
    net.meet(2, patient);
    REQUIRE(net[1].say(PeerId::host(), ordered, "before"));
    net.run(100_ms);
    net[1].address = {77, 7777};
    net[1].room.moved();
    REQUIRE(net[1].say(PeerId::host(), ordered, "after"));
    net.run(100_ms);
    CHECK(net[0].heard(ordered) == "before after");
    CHECK(net[0].count(Kind::peer_away) == 0);
    CHECK(net[0].say(PeerId{1}, ordered, "there"));
    net.run(100_ms);
    CHECK(net[1].heard(ordered) == "there");
    CHECK(net[0].roster() == "0:host 1:a 2:b");
}

TEST_CASE("a place is kept for so long and no longer") {
    Net net;
    net.meet(2, patient);
    cut(net);
    net.run(3500_ms);
    REQUIRE(net[0].count(Kind::peer_away) == 1);
    net.run(19_s);
    CHECK(net[0].count(Kind::peer_left) == 0);
    net.run(1_s);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::timed_out);
    CHECK(net[2].last(Kind::peer_left)->peer == 1);
    cut(net, false);
    net.run(3_s);
    CHECK(net[1].last(Kind::closed)->reason == Error::cant_resume);
    CHECK(net[1].room.status() == Status::closed);
    REQUIRE(net[1].room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(net[1].room.self() == PeerId{3});
}

TEST_CASE("a guest gives its host up when it has looked for it for long") {
    Net net;
    net.meet(1, patient);
    cut(net);
    net.run(30_s);
    CHECK(net[1].last(Kind::closed)->reason == Error::timed_out);
    CHECK(net[0].last(Kind::peer_left)->peer == 1);
    CHECK(net[0].room.health().peer_count == 0);
}

TEST_CASE("a guest that slept, as a tab in the background does, wakes up in its place") {
    Net net;
    net.meet(1, {.timeout = 3_s, .away_for = 60_s});
    auto& guest = net.members[1];
    const auto sleeper = std::move(guest);
    net.members.pop_back();
    net.run(40_s);
    CHECK(net[0].room.roster().is_away(PeerId{1}));
    net.members.push_back(std::unique_ptr<Member>());
    net.members[1] = std::move(const_cast<std::unique_ptr<Member>&>(sleeper));
    net.run(200_ms);
    CHECK(net[1].room.status() == Status::joined);
    CHECK_FALSE(net[0].room.roster().is_away(PeerId{1}));
    CHECK(net[0].count(Kind::peer_back) == 1);
}

TEST_CASE("who comes while another is away is told") {
    Net net;
    net.meet(1, patient);
    cut(net);
    net.run(3500_ms);
    Member& late = net.add("late", patient);
    REQUIRE(late.room.join(net.now, net[0].address));
    net.run(200_ms);
    CHECK(late.roster() == "0:host 1:a 2:late");
    CHECK(late.room.roster().is_away(PeerId{1}));
    cut(net, false);
    net.run(200_ms);
    CHECK_FALSE(late.room.roster().is_away(PeerId{1}));
}

TEST_CASE("nobody is kept waiting by who is away, and who is away can be sent off or left behind") {
    Net net;
    net.meet(2, patient);
    cut(net);
    net.run(3500_ms);
    REQUIRE(net[0].room.kick(PeerId{1}));
    CHECK(net[0].roster() == "0:host 2:b");
    net.run(100_ms);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::kicked);
    net[1].room.leave();
    CHECK(net[1].room.status() == Status::closed);
    net.run(100_ms);
    CHECK(net[1].room.drained());

    Net other;
    other.meet(2, patient);
    cut(other);
    other.run(3500_ms);
    other[0].room.leave();
    other.run(100_ms);
    CHECK(other[0].room.drained());
    CHECK(other[2].last(Kind::closed)->reason == Error::left);
}

TEST_CASE("who is found to be away as somebody goes hears of that when it is back") {
    Net net;
    net.meet(2, patient);
    cut(net);
    net.run(2500_ms);
    net.now += 1_s; // in its next turn the host finds one silent for too long, and says goodbye to the other
    REQUIRE(net[0].room.kick(PeerId{2}));
    net.run(100_ms);
    CHECK(net[0].room.roster().is_away(PeerId{1}));
    CHECK(net[0].roster() == "0:host 1:a");
    cut(net, false);
    net.run(2_s);
    CHECK(net[1].roster() == "0:host 1:a");
}

TEST_CASE("what must arrive waits for who is away until its queue is full, what may be lost is lost") {
    Net net;
    net.meet(1, {.queue_bytes_max = 4096, .timeout = 3_s, .away_for = 20_s});
    cut(net);
    net.run(3500_ms);
    for (int i = 0; i < 1000; ++i) CHECK(net[0].say(PeerId{1}, best_effort, std::string(100, 'b')));
    Result<> full;
    int told = 0;
    for (; told < 1000 && (full = net[0].say(PeerId{1}, ordered, std::string(100, 'o'))); ++told) {
    }
    CHECK(full.error() == Error::queue_full);
    CHECK(told > 20);
    cut(net, false);
    net.run(2_s);
    CHECK(net[1].count(Kind::message) == static_cast<std::size_t>(told));
}

// ---- who else might want the place

namespace {

struct Thief {
    Net& net;
    std::vector<std::byte> request; // of the true guest, overheard
    std::vector<Refusal> refusals{};

    explicit Thief(Net& n) : net(n) {}
    // Sends a request from an address of its own and gives what came back.
    Error tries(BytesIn datagram, MemoryAddress here = {66, 666}) {
        net[0].room.handle_datagram(net.now, here, datagram);
        std::byte buffer[1200];
        Error answer = Error::none;
        while (const auto out = net[0].room.poll_transmit(net.now, buffer)) {
            const BytesIn bytes(buffer, out.size);
            if (!(out.to == here)) {
                net.send(net[0].address, out.to, bytes);
                continue;
            }
            CHECK(bytes.size() <= datagram.size());
            if (meeting_kind(bytes) == meeting::refusal) answer = read_refusal(bytes)->reason;
            if (meeting_kind(bytes) == meeting::accept) answer = Error::duplicate;
        }
        return answer;
    }
};

} // namespace

TEST_CASE("a place is given to nobody without the link's key, nor twice for one request") {
    Net net;
    net.meet(2, patient);
    Thief thief(net);
    net.loses = [&](const auto& from, const auto& to) {
        return from == net[1].address || to == net[1].address;
    };
    net.run(3500_ms);

    std::byte bytes[80];
    Resume forged{1, terms().game, terms().room, PeerId{1}, 12345};
    CHECK(thief.tries(BytesIn(bytes, write(bytes, forged))) == Error::cant_resume);
    forged.peer = PeerId{9};
    CHECK(thief.tries(BytesIn(bytes, write(bytes, forged))) == Error::cant_resume);
    forged.peer = PeerId::host();
    CHECK(thief.tries(BytesIn(bytes, write(bytes, forged))) == Error::cant_resume);
    forged.room = 3;
    CHECK(thief.tries(BytesIn(bytes, write(bytes, forged))) ==
          Error::none); // not of this room: not even answered
    const std::size_t whole = write(bytes, forged);
    for (std::size_t size = 0; size < whole; ++size) CHECK(thief.tries(BytesIn(bytes, size)) == Error::none);
    CHECK(net[0].room.health().refused > 3);
    CHECK(net[0].room.roster().is_away(PeerId{1}));

    // The true guest's request is overheard, but it reaches the host as well.
    std::vector<std::byte> overheard;
    net.loses = nullptr;
    std::byte buffer[1200];
    net.now = net.now + 1_s;
    net[1].room.handle_timeout(net.now);
    while (const auto out = net[1].room.poll_transmit(net.now, buffer)) {
        if (meeting_kind(BytesIn(buffer, out.size)) == meeting::resume)
            overheard.assign(buffer, buffer + out.size);
        net.send(net[1].address, out.to, BytesIn(buffer, out.size));
    }
    REQUIRE_FALSE(overheard.empty());
    net.run(100_ms);
    REQUIRE(net[0].count(Kind::peer_back) == 1);
    CHECK(thief.tries(overheard) == Error::cant_resume);
    // A copy from where the guest is was only overtaken.
    CHECK(thief.tries(overheard, net[1].address) == Error::none);
    net.run(1_s);
    CHECK(thief.tries(overheard) == Error::cant_resume);
    REQUIRE(net[1].say(PeerId::host(), ordered, "still me"));
    net.run(100_ms);
    CHECK(net[0].heard(ordered) == "still me");
}

TEST_CASE("a granted request whose answer is lost is granted again") {
    Net net;
    net.meet(1, patient);
    int answers_to_lose = 0;
    cut(net);
    net.run(3500_ms);
    net.loses = [&](const auto& from, const auto&) {
        return from == net[0].address && answers_to_lose-- > 0;
    };
    answers_to_lose = 7;
    REQUIRE(net[1].say(PeerId::host(), ordered, "x"));
    net.run(1_s);
    CHECK(answers_to_lose <= 0);
    CHECK(net[0].heard(ordered) == "x");
    CHECK(net[0].count(Kind::peer_back) == 1);
    CHECK(net[1].count(Kind::peer_back) == 1);
}

TEST_CASE("a path that loses much is called degraded, and good again when it is") {
    Net net;
    net.meet(1, patient);
    int sent = 0;
    const auto talk = [&] {
        for (int i = 0; i < 600; ++i) {
            (void)net[0].say(PeerId{1}, best_effort, "tick");
            net.run(10_ms);
        }
    };
    talk();
    CHECK(net[0].room.health(PeerId{1})->level == Level::good);
    net.loses = [&](const auto&, const auto&) { return ++sent % 5 == 0; };
    talk();
    CHECK(net[0].room.health(PeerId{1})->level == Level::degraded);
    CHECK(net[0].room.health().level == Level::degraded);
    net.loses = nullptr;
    talk();
    CHECK(net[0].room.health(PeerId{1})->level == Level::good);
    CHECK(name(Level::degraded) == "degraded");
}
