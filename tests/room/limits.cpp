#include "tenon/room/limits.hpp"

#include <string>
#include <vector>

#include "parts.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

namespace {

constexpr Options limited(const Limits& limits) { return {.limits = limits}; }
Result<Health> of_first(Net& net) { return net[0].room.health(PeerId{1}); }

// A host and three guests, of whom the last hears nothing.
struct Slow : Net {
    explicit Slow(const Options& options = {}) {
        meet(3, options);
        loses = [this](const auto& from, const auto& to) {
            return from == (*this)[3].address || to == (*this)[3].address;
        };
    }
    // So many bytes in all are said to everybody in that time.
    std::size_t relay(std::size_t from, std::size_t bytes, Duration time) {
        const int turns = static_cast<int>(time / 5_ms);
        const std::string text(bytes / static_cast<std::size_t>(turns), 'x');
        std::size_t said = 0;
        for (int i = 0; i < turns; ++i, run(5_ms))
            if ((*this)[from].room.push_relay(PeerId::none(),
                                              {ordered, Delivery::ordered, bytes_of(text), {}, 0}))
                said += text.size();
        return said;
    }
};

} // namespace

TEST_CASE("an ordinary game is far below every limit") {
    Net net;
    net.meet(4, limited({}));
    for (int i = 0; i < 400; ++i, net.run(5_ms))
        for (std::size_t guest = 1; guest <= 4; ++guest) {
            REQUIRE(net[guest].say(PeerId::host(), best_effort, std::string(900, 'x')));
            REQUIRE(net[guest].say(PeerId{guest == 1 ? 2u : 1u}, reliable, "shot"));
        }
    CHECK(net[0].room.health().limited == 0);
    CHECK(net[0].count(Kind::peer_left) == 0);
}

TEST_CASE("packets beyond a peer's allowance are lost to it, and nobody else's") {
    Net net;
    net.meet(2, limited({.packets = {50, 5}}));
    for (int i = 0; i < 400; ++i, net.run(5_ms)) { // two seconds, a packet every five milliseconds
        REQUIRE(net[1].say(PeerId::host(), best_effort, "x"));
        if (i % 10 == 0) REQUIRE(net[2].say(PeerId::host(), best_effort, "y"));
    }
    std::size_t x = 0, y = 0;
    for (const Told& told : net[0].told) (x += told.text == "x" ? 1 : 0), (y += told.text == "y" ? 1 : 0);
    CHECK(x > 90);
    CHECK(x < 115);
    CHECK(y == 40);
    CHECK(of_first(net)->limited > 250);
    CHECK(net[0].room.health(PeerId{2})->limited == 0);
    CHECK(net[0].room.health().limited == of_first(net)->limited);
    CHECK(net[1].room.health().limited == 0); // a guest takes what its host says
}

TEST_CASE("so are bytes, and what must arrive does so later") {
    Net net;
    net.meet(1, limited({.bytes = {10'000, 2'000}}));
    std::string all;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(net[1].say(PeerId::host(), ordered, std::to_string(i) + std::string(998, 'x')));
        all += (i == 0 ? "" : " ") + std::to_string(i) + std::string(998, 'x');
    }
    net.run(1_s);
    CHECK(net[0].heard(ordered).size() < 13'000);
    net.run(30_s);
    const bool is_whole = net[0].heard(ordered) == all;
    CHECK(is_whole);
    CHECK(of_first(net)->limited > 0);
}

TEST_CASE("packets that are not the peer's are not paid for with its allowance") {
    Net net;
    net.meet(1, limited({.packets = {50, 5}}));
    std::vector<std::byte> forged(200, std::byte{0x11});
    for (int i = 0; i < 400; ++i, net.run(5_ms)) {
        for (int j = 0; j < 20; ++j) net.send(net[1].address, net[0].address, forged);
        if (i % 10 == 0) REQUIRE(net[1].say(PeerId::host(), best_effort, "y"));
    }
    std::size_t y = 0;
    for (const Told& told : net[0].told) y += told.text == "y" ? 1 : 0;
    CHECK(y == 40);
    CHECK(of_first(net)->limited == 0);
    CHECK(of_first(net)->refused > 7'000);
}

TEST_CASE("messages that can't be decoded are borne now and then, and not for long") {
    Net net;
    net.meet(2, limited({.decode_errors = {1, 4}}));
    const auto garble = [&](int times) {
        for (int i = 0; i < times; ++i) net[0].room.undecodable(PeerId{1});
        net.run(50_ms);
    };
    garble(4);
    CHECK(of_first(net)->undecodable == 4);
    net.run(3_s);
    garble(2);
    CHECK(net[0].count(Kind::peer_left) == 0);
    garble(5);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::undecodable);
    CHECK(net[1].last(Kind::closed)->reason == Error::undecodable);
    CHECK(net[0].room.health().undecodable == 11);
    CHECK(net[2].room.status() == Status::joined);
}

TEST_CASE(
    "a guest that floods the others with what must arrive is slowed, and the slow one keeps its place") {
    Slow net;
    net.relay(1, 4'000'000, 4_s);
    REQUIRE(net[0].last(Kind::peer_left) == nullptr); // neither of them
    CHECK(of_first(net)->limited > 0);
    net.loses = nullptr;
    net.run(25_s);
    for (std::size_t other : {2u, 3u}) {
        CHECK(net[other].room.status() == Status::joined);
        const bool all = net[other].heard(ordered) == net[0].heard(ordered);
        CHECK(all); // nothing is missing
    }
    CHECK(net[0].heard(ordered).size() > 20'000);
}

TEST_CASE(
    "who sets free more at once than one message, and than a quarter of a queue, is told from a burst") {
    PeerLimits limits({}, 40'000, 9'000);
    Used used;
    const Instant now{5'000'000'000};
    limits.relayed(now, used, 9'500);
    CHECK_FALSE(limits.bursts(now, used, false));
    limits.relayed(now, used, 600);
    CHECK(limits.bursts(now, used, false));
    limits.heard(now, used, 1200); // another packet
    limits.relayed(now, used, 9'500);
    CHECK_FALSE(limits.bursts(now, used, false));
    PeerLimits large({}, 40'000, 30'000), none(Limits::none(), 40'000, 9'000);
    limits.relayed(now, used, 10'000);
    CHECK(limits.bursts(now, used, false));
    CHECK_FALSE(large.bursts(now, used, false)); // one message may be as large
    CHECK_FALSE(none.bursts(now, used, false));
    CHECK_FALSE(none.bursts(now, used, true));
    CHECK(limits.bursts(now, used, true)); // over a connection all that was said counts
    CHECK_FALSE(limits.bursts(now + 10_s, used, true));
}

TEST_CASE("without that limit the slow one would have lost its place") {
    Slow net({.limits = {.relayed_bytes = {}}});
    net.relay(1, 4'000'000, 4_s);
    CHECK(net[0].last(Kind::peer_left) != nullptr);
    CHECK(net[0].last(Kind::peer_left)->peer == 3);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::queue_full);
}

TEST_CASE("who says as much to those who keep up is not slowed") {
    Net net;
    net.meet(3, {.queue_bytes_max = 200'000});
    for (int i = 0; i < 400; ++i, net.run(5_ms))
        REQUIRE(net[1].room.push_relay(
            PeerId::none(), {ordered, Delivery::ordered, bytes_of(std::string(2000, 'x')), {}, 0}));
    net.run(1_s);
    CHECK(net[0].room.health().limited == 0);
    CHECK(net[3].heard(ordered).size() == 400 * 2001 - 1);
}

TEST_CASE("who wants a peer's place is looked at so often and no more, unless few want it from there") {
    PeerLimits limits({.resumes = {10, 5}}, 1000, 1000);
    Used one, other;
    const Instant now{5'000'000'000};
    int looked_at = 0;
    for (int i = 0; i < 20; ++i) looked_at += limits.resumes(now, one, false) ? 1 : 0;
    CHECK(looked_at == 5);
    CHECK(limits.resumes(now, one, true));
    CHECK(limits.resumes(now, other, false));
    CHECK(limits.resumes(now + 100_ms, one, false));
    CHECK_FALSE(limits.resumes(now + 100_ms, one, false));
    Health health;
    limits.tell(health);
    CHECK(health.resumes_limited == 16);
    PeerLimits none(Limits::none(), 1000, 1000);
    for (int i = 0; i < 1000; ++i) CHECK(none.resumes(now, one, false));
}
