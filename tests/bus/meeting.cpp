#include "tenon/bus/meeting.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "tenon/bus/local.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Meeting = bus::Meeting<transport::Memory, bus::Local>;
static_assert(TransportPolicy<Meeting> && LendsBuffer<Meeting>);

struct Terms {
    std::uint64_t game = 5, schema = 6;
    std::uint32_t game_version = 1;
};
struct How {
    std::string_view at = "";
    Duration look_for = 100_ms;
    std::uint64_t detour_bandwidth = 10'000;
};

struct End {
    Meeting meeting;
    std::vector<std::size_t> heard{};
    std::vector<Meeting::Address> from{};

    End(transport::Exchange& exchange, bus::Hub& hub, std::uint32_t host)
        : meeting(transport::Memory(exchange, host)) {
        meeting.introduce("somebody", "room");
        REQUIRE(meeting.open(4000));
        REQUIRE(meeting.meet(bus::Local(hub), Terms(), How()));
    }
    void turn(Instant now) {
        meeting.set_now(now);
        meeting.poll([&](const Meeting::Address& at, Lane, BytesIn datagram) {
            heard.push_back(datagram.size());
            from.push_back(at);
        });
        (void)meeting.turn(now, [](bus::Facts& facts) { facts.stage = bus::Facts::Stage::hosting; });
    }
};
struct Two {
    transport::Exchange exchange;
    bus::Hub hub;
    End a{exchange, hub, 1}, b{exchange, hub, 2};
    Instant now{1'000'000'000'000};
    bool straight = true;

    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 20_ms) {
            a.turn(now);
            b.turn(now);
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (straight) (void)exchange.deliver(to, from, lane, bytes);
            });
        }
    }
    Sent say(std::size_t size) {
        std::vector<std::byte> bytes(size, std::byte{0x03});
        return a.meeting.send({b.meeting.self(), {}}, Lane{}, bytes);
    }
};

} // namespace

TEST_CASE("a datagram for an inbox goes over the bus, and straight as soon as it can") {
    Two two;
    two.run(300_ms);                   // they hear of each other
    CHECK(two.say(100) == Sent::sent); // nobody told how to show who says it: lost, as on any line
    two.run(300_ms);
    two.straight = false;
    two.run(2_s);
    CHECK(two.say(100) == Sent::sent);
    two.run(100_ms);
    REQUIRE(two.b.heard.size() == 1);
    CHECK(two.b.from[0] == Meeting::Address{two.a.meeting.self(), {}});
    CHECK(two.a.meeting.is_detour({two.b.meeting.self(), {}}));
    CHECK(two.a.meeting.detours().bytes_sent >= 100);
    two.straight = true;
    for (int i = 0; i < 30; ++i) {
        (void)two.say(10);
        two.run(100_ms);
    }
    CHECK_FALSE(two.a.meeting.is_detour({two.b.meeting.self(), {}}));
    const auto sent = two.a.meeting.detours().sent;
    two.b.heard.clear();
    (void)two.say(50);
    const BytesOut lent = two.a.meeting.prepare({two.b.meeting.self(), {}}, Lane{}, 60);
    REQUIRE(lent.size() == 60);
    lent[0] = std::byte{0x03};
    CHECK(two.a.meeting.commit(60) == Sent::sent);
    two.run(100_ms);
    CHECK(two.b.heard == std::vector<std::size_t>{50, 60});
    CHECK(two.b.from.back() == Meeting::Address{two.a.meeting.self(), {}});
    CHECK(two.a.meeting.detours().sent == sent);
}

TEST_CASE("what takes the detour is limited, and what a broken bus does not take is lost as on any line") {
    Two two;
    two.straight = false;
    two.run(300_ms);
    (void)two.say(10);
    two.run(500_ms);
    for (int i = 0; i < 100; ++i) CHECK(two.say(1000) == Sent::sent);
    CHECK(two.a.meeting.detours().held_back > 80);
    two.run(500_ms);
    two.hub.set_out(true);
    const auto before = two.a.meeting.detours().held_back;
    CHECK(two.say(10) == Sent::sent);
    CHECK(two.a.meeting.detours().held_back == before + 1);
    CHECK(two.say(Meeting::datagram_max + 1) == Sent::too_big);
}

TEST_CASE("straight addresses go on as they are") {
    Two two;
    const auto to = two.a.meeting.resolve("host2:4000");
    REQUIRE(to);
    CHECK(to->inbox == 0);
    std::byte bytes[7] = {std::byte{0x03}};
    CHECK(two.a.meeting.send(*to, Lane{}, bytes) == Sent::sent);
    two.run(40_ms);
    REQUIRE(two.b.heard.size() == 1);
    CHECK(two.b.from[0] == Meeting::Address{0, {1, 4000}});
    CHECK(two.a.meeting.resolve(Meeting::Address{5, {}}.text())->inbox == 5);
    CHECK_FALSE(two.a.meeting.resolve("inbox.zz"));
}

TEST_CASE("what is no word is refused by name, wherever it comes from") {
    Two two;
    bus::Local hostile(two.hub);
    const auto subject = bus::inbox_subject(two.a.meeting.self());
    (void)hostile.publish(subject.view(), bytes_of("nonsense"));
    (void)hostile.publish(subject.view(), {});
    (void)hostile.publish(bus::room_subject(5, stable_id("room")).view(), bytes_of("nonsense"));
    std::byte probe[22] = {std::byte{0x88}};
    (void)two.b.meeting.send({0, {1, 4000}}, Lane{}, probe);
    two.run(60_ms);
    CHECK(two.a.meeting.refused(Error::bad_checksum) + two.a.meeting.refused(Error::unknown_message) >= 4);
    CHECK(two.a.heard.empty());
    two.a.meeting.part();
    CHECK_FALSE(two.a.meeting.is_on());
    CHECK(two.a.meeting.next() == Instant::never());
    CHECK(two.a.meeting.send({5, {}}, Lane{}, probe) == Sent::closed);
}
