#include "tenon/transport/several.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "contract.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/roads.hpp"

using namespace tenon;
using namespace tenon::literals;
using sim::Stream;
using transport::Memory;
using Both = transport::Several<Memory, Stream>;

namespace {

struct Ear {
    struct Heard {
        Both::Address from;
        std::string text;
    };
    std::vector<Heard>& heard;
    std::vector<Both::Address>& gone;
    void operator()(const Both::Address& from, Lane, BytesIn bytes) {
        heard.push_back({from, std::string(text_of(bytes))});
    }
    void lost(const Both::Address& of) { gone.push_back(of); }
};

// A host on both roads, and a caller on each.
struct Three {
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    Both host{Memory(exchange, 1), Stream(lines, 1)};
    Memory flies{exchange, 2};
    Stream walks{lines, 3};
    Instant now{1'000'000'000};
    std::vector<Ear::Heard> heard;
    std::vector<Both::Address> gone;
    std::vector<std::string> flown, walked;

    Three() {
        lines.set_now(now);
        REQUIRE(host.open(4000));
        REQUIRE(flies.open(0));
        REQUIRE(walks.open(0));
    }
    Stream::Address host_line() { return *walks.resolve("host1:4000"); }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            exchange.deliver_all();
            lines.deliver(now, [](const transport::MemoryAddress&) {});
            host.poll(Ear{heard, gone});
            flies.poll([&](const auto&, Lane, BytesIn bytes) { flown.emplace_back(text_of(bytes)); });
            walks.poll([&](const auto&, Lane, BytesIn bytes) { walked.emplace_back(text_of(bytes)); });
            host.flush(), flies.flush(), walks.flush();
        }
    }
};

struct Harness {
    using Transport = Both;
    transport::Exchange exchange{3};
    sim::Lines lines{4};

    Both make() { return Both(Memory(exchange, 0x0A000001), Stream(lines, 1)); }
    void carry(Both&) { exchange.deliver_all(); }
    Both::Address to(Both&, const Both::Address& address) { return address; }
};

} // namespace

static_assert(TransportPolicy<Both> && Connected<Both> && LendsBuffer<Both>);
static_assert(Both::traits.mixed && Both::traits.connected && Both::traits.datagram_bytes == 1200);
static_assert(!Both::traits.reliable && !Both::traits.ordered && !Both::traits.encrypted);

TEST_CASE("Several keeps the contract of transports on its first road") {
    Harness harness;
    contract::all(harness);
}

TEST_CASE("who calls over any road is heard with its address, and is answered over its road") {
    Three three;
    CHECK(three.flies.send(*three.flies.resolve("host1:4000"), {}, bytes_of("by air")) == Sent::sent);
    CHECK(three.walks.send(three.host_line(), {}, bytes_of("on foot")) == Sent::sent);
    three.run(200_ms);
    REQUIRE(three.heard.size() == 2);
    const auto air = three.heard[0].from, foot = three.heard[1].from;
    CHECK(three.heard[0].text == "by air");
    CHECK(three.heard[1].text == "on foot");
    CHECK(air.road() == 0);
    CHECK(foot.road() == 1);
    CHECK(!air.is_connection());
    CHECK(!air.is_stream());
    CHECK(foot.is_connection());
    CHECK(foot.is_stream());
    CHECK(!(air == foot));
    CHECK(air.hash() != foot.hash());
    CHECK(std::string_view(air.text()) == "0.0.0.2:" + std::to_string(three.flies.local_address().port));
    CHECK(std::string_view(foot.text()).substr(0, 8) == "0.0.0.3:");
    CHECK(std::string_view(air.network().text()) == "0.0.0.2:0");
    CHECK(three.host.send(air, {}, bytes_of("to the air")) == Sent::sent);
    const BytesOut lent = three.host.prepare(foot, {}, 2000); // larger than any datagram
    REQUIRE(lent.size() >= 2000);
    copy(lent.data(), bytes_of("to the ground"));
    CHECK(three.host.commit(13) == Sent::sent);
    CHECK(three.host.backlog(air) == 0);
    three.run(200_ms);
    REQUIRE(three.flown.size() == 1);
    REQUIRE(three.walked.size() == 1);
    CHECK(three.flown[0] == "to the air");
    CHECK(three.walked[0] == "to the ground");
}

TEST_CASE(
    "a packet crosses a connection behind a mark, and its sender has another address than frames have") {
    Three three;
    CHECK(three.walks.send(three.host_line(), {}, bytes_of("\x80packet")) == Sent::sent);
    CHECK(three.walks.send(three.host_line(), {}, bytes_of("frame")) == Sent::sent);
    CHECK(three.walks.send(three.host_line(), {}, bytes_of("\x80")) ==
          Sent::sent); // no packet, and so a frame
    three.run(200_ms);
    REQUIRE(three.heard.size() == 3);
    CHECK(three.heard[0].text == "packet");
    CHECK(three.heard[2].text == "\x80");
    const auto packets = three.heard[0].from, frames = three.heard[1].from;
    CHECK(packets.is_connection());
    CHECK(!packets.is_stream());
    CHECK(frames.is_stream());
    CHECK(three.heard[2].from == frames);
    CHECK(!(packets == frames));
    CHECK(packets.hash() != frames.hash());
    CHECK(std::string_view(packets.text()) == std::string_view(frames.text()));
    CHECK(three.host.send(packets, {}, bytes_of("answer")) == Sent::sent);
    CHECK(three.host.commit(0) == Sent::sent);
    CHECK(three.host.send(packets, {}, std::vector<std::byte>(1201)) == Sent::too_big);
    three.run(200_ms);
    REQUIRE(three.walked.size() == 1);
    CHECK(three.walked[0] ==
          "\x80"
          "answer");
    // Its end is told to whoever speaks there, in either way.
    three.lines.sever(1, 3);
    three.run(200_ms);
    REQUIRE(three.gone.size() == 2);
    CHECK(three.gone[0] == frames);
    CHECK(three.gone[1] == packets);
    // Packets that no connection takes are lost, and block nobody.
    CHECK(three.host.send(packets, {}, bytes_of("too late")) == Sent::sent);
    CHECK(three.host.lost_packets() == 1);
    CHECK(three.host.send(frames, {}, bytes_of("too late")) == Sent::closed);
}

TEST_CASE("packets behind a slow connection are lost when too many wait, as on any road that is full") {
    Three three;
    CHECK(three.walks.send(three.host_line(), {}, bytes_of("\x80packet")) == Sent::sent);
    three.run(200_ms);
    REQUIRE(three.heard.size() == 1);
    three.lines.set_line({.bandwidth = 10'000, .system_bytes = 2000});
    const std::vector<std::byte> large(1200);
    for (int i = 0; i < 100; ++i) CHECK(three.host.send(three.heard[0].from, {}, large) == Sent::sent);
    CHECK(three.host.lost_packets() >= 70);
    CHECK(three.host.lost_packets() <= 73);
    three.run(10_s);
    CHECK(three.walked.size() == 100 - three.host.lost_packets());
}

TEST_CASE("where a connection has datagrams, packets go as those, unless they are too large or at the door") {
    using Beside = sim::StreamAndDatagrams;
    using Roads = transport::Several<Memory, Beside>;
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    Roads host{Memory(exchange, 1), Beside(lines, 1)};
    Beside guest{lines, 2};
    Instant now{1'000'000'000};
    lines.set_now(now);
    REQUIRE(host.open(4000));
    REQUIRE(guest.open(0));
    struct Came {
        Roads::Address from;
        Lane lane;
        std::string text;
    };
    std::vector<Came> came;
    std::vector<std::pair<Lane, std::size_t>> back;
    const auto run = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            lines.deliver(now, [](const transport::MemoryAddress&) {});
            host.poll([&](const Roads::Address& from, Lane lane, BytesIn bytes) {
                came.push_back({from, lane, std::string(text_of(bytes))});
            });
            guest.poll([&](const auto&, Lane lane, BytesIn bytes) { back.emplace_back(lane, bytes.size()); });
            host.flush(), guest.flush();
        }
    };
    const auto there = *guest.resolve("host1:4000");
    CHECK(guest.send(there, {}, bytes_of("\x80\x81hello")) == Sent::sent);
    run(100_ms);
    REQUIRE(came.size() == 1);
    const Roads::Address packets = came[0].from;
    CHECK(packets.carries_packets());
    CHECK(packets.has_packets_beside());
    CHECK(!packets.has_datagrams()); // which are packets of its own
    // What comes as a datagram behind the mark is of the same caller.
    CHECK(guest.send(there, datagram_lane, bytes_of("\x80packet")) == Sent::sent);
    CHECK(guest.send(there, datagram_lane, bytes_of("beside")) == Sent::sent);
    run(100_ms);
    REQUIRE(came.size() == 3);
    CHECK(came[1].from == packets);
    CHECK(came[1].lane == Lane{});
    CHECK(came[1].text == "packet");
    CHECK(came[2].lane == datagram_lane);
    CHECK(came[2].text == "beside");
    CHECK(came[2].from.has_datagrams());
    CHECK(!came[2].from.has_packets_beside());
    // And so are they answered, whole, and as large as they are.
    CHECK(host.packet_room(packets) == 1099);
    CHECK(host.packet_room(came[2].from) == 0);
    const auto say = [&](std::size_t size, std::byte first) {
        std::vector<std::byte> bytes(size, std::byte{7});
        bytes[0] = first;
        back.clear();
        CHECK(host.send(packets, {}, bytes) == Sent::sent);
        run(100_ms);
        REQUIRE(back.size() == 1);
        CHECK(back[0].second == size + 1);
        return back[0].first;
    };
    CHECK(say(1, std::byte{1}) == datagram_lane);
    CHECK(say(1099, std::byte{1}) == datagram_lane);
    CHECK(say(1100, std::byte{1}) == Lane{});
    CHECK(say(1200, std::byte{1}) == Lane{});
    CHECK(say(100, std::byte{0x82}) == Lane{}); // a word at the door
    back.clear();
    CHECK(host.send(packets, {}, std::vector<std::byte>(1201)) == Sent::too_big);
    CHECK(host.prepare(packets, {}, 1201).empty());
    CHECK(host.prepare(packets, {}, 1200).size() == 1200);
    CHECK(host.commit(0) == Sent::sent);
    run(100_ms);
    CHECK(back.empty());
    // Where the line carries none they are in the stream again, and where hardly any they are no smaller.
    sim::Line none;
    none.datagram_bytes = 0;
    lines.set_line(none);
    CHECK(host.packet_room(packets) == 0);
    CHECK(say(100, std::byte{1}) == Lane{});
    none.datagram_bytes = 500;
    lines.set_line(none);
    CHECK(host.packet_room(packets) == 0);
    CHECK(say(100, std::byte{1}) == datagram_lane);
    lines.sever(1, 2);
    run(100_ms);
    CHECK(host.packet_room(packets) == 0);
    CHECK(host.send(packets, {}, bytes_of("too late")) == Sent::sent);
    CHECK(host.lost_packets() == 1);
}

TEST_CASE("all roads have the port that is asked for, or each its own, or none is open") {
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    Both one(Memory(exchange, 1), Stream(lines, 1));
    const auto opened = one.open(4000);
    REQUIRE(opened);
    CHECK(opened->road() == 0);
    CHECK(one.port() == 4000);
    CHECK(one.port(1) == 4000);
    CHECK(!one.open(4000));
    one.close();
    CHECK(!one.is_open());
    Both apart({0, 4001}, Memory(exchange, 1), Stream(lines, 1));
    REQUIRE(apart.open(4000));
    CHECK(apart.port(0) == 4000);
    CHECK(apart.port(1) == 4001);
    // What the second road can't have, closes the first.
    Stream taken(lines, 2);
    REQUIRE(taken.open(4000));
    Both refused(Memory(exchange, 2), Stream(lines, 2));
    CHECK(refused.open(4000).error() == Error::port_in_use);
    CHECK(!refused.is_open());
    Memory free(exchange, 2);
    CHECK(free.open(4000));
    // Any free port is the same one on every road, where it can be had.
    Both any(Memory(exchange, 3), Stream(lines, 3));
    REQUIRE(any.open(0));
    CHECK(any.port(0) != 0);
    CHECK(any.port(1) == any.port(0));
    taken.close();
    Stream blocks(lines, 4);
    any.close();
    REQUIRE(blocks.open(any.port(0)));
    Both other(Memory(exchange, 4), Stream(lines, 4));
    REQUIRE(other.open(0));
    CHECK(other.port(1) != 0);
    CHECK(any.send({}, {}, bytes_of("x")) == Sent::closed);
    CHECK(any.prepare({}, {}, 10).empty());
    CHECK(any.commit(10) == Sent::closed);
}
