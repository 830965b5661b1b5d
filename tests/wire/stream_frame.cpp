// Frames over connections, byte by byte as PROTOCOL.md has them, and as sessions send them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/stream_link.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/wire/stream_frame.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Native = StreamLink<reliability::Native, Checksum>;

std::string hex(BytesIn bytes) {
    std::string text;
    for (const std::byte b : bytes) {
        if (!text.empty()) text += ' ';
        text += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
    }
    return text;
}
// The only frame that the link sends now.
std::string next(Native& link, Instant now) {
    std::byte buffer[70'000];
    return hex(BytesIn(buffer).first(link.poll_transmit(now, buffer)));
}
LinkOptions quiet() {
    LinkOptions options;
    options.asks_time = false;
    options.datagram_bytes = 66'000;
    return options;
}
constexpr Instant start{1'000'000'000'000};

struct Line {
    Pool pool{1200, 1 << 20};
    Native link{pool, quiet(), 7, start, Random(1)};
    Instant now = start;

    Line() {
        (void)link.outbox().push({}, {}); // so that the first ping is gone
        CHECK(next(link, now) == "01 00 40");
    }
    std::string say() { return next(link, now += 1_ms); }
};

std::vector<std::byte> bytes(std::initializer_list<int> all) {
    std::vector<std::byte> made;
    for (const int b : all) made.push_back(static_cast<std::byte>(b));
    return made;
}

// What a session gives to its transport.
struct Tapped : sim::Stream {
    std::vector<std::vector<std::byte>> frames;

    using Stream::Stream;
    explicit Tapped(sim::Stream inner) : Stream(std::move(inner)) {}
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        return at_ = Stream::prepare(to, lane, size);
    }
    Sent commit(std::size_t size) {
        if (size != 0) frames.emplace_back(at_.begin(), at_.begin() + static_cast<std::ptrdiff_t>(size));
        return Stream::commit(size);
    }

  private:
    BytesOut at_;
};
struct Blob {
    std::array<std::uint8_t, 64> bytes{};
    void serialize(auto& ar) { ar(bytes); }
};
using Net = Session<Game<"blobs", 1, Event<Blob>>, Tapped, codec::Bits, clock::Independent<>,
                    topology::ClientServer, reliability::AckVector>;
struct Player {
    int blobs = 0;
    void on(PeerId, const Blob&) { ++blobs; }
};

} // namespace

TEST_CASE("the frames of the book are what a link writes, byte by byte") {
    Line line;
    Native& link = line.link;
    Outbox::Message message;
    SUBCASE("one message has its type in the tag, and no length") {
        message.type.value = 9;
        CHECK(link.outbox().push(message, bytes({0xAA, 0xBB})));
        CHECK(line.say() == "49 aa bb");
    }
    SUBCASE("of several all but the last have a length; what must arrive is none of another kind") {
        CHECK(link.channel(true).append({8}, bytes({1, 2, 3})));
        message.type.value = 0x52;
        CHECK(link.outbox().push(message, bytes({4})));
        CHECK(line.say() == "68 03 01 02 03 5f 33 04");
    }
    SUBCASE("commands are counted by both sides, and what was let go is told") {
        CHECK(*link.push_command({8}, bytes({5})) == 1);
        CHECK(line.say() == "0c 08 01 05");
        for (std::uint32_t i = 0; i < 34; ++i) CHECK(*link.push_command({8}, bytes({6})) == i + 2);
        CHECK(line.say().substr(0, 29) == "0d 02 0c 08 01 06 0c 08 01 06");
    }
    SUBCASE("a question is answered with its number") {
        const auto ping = bytes({0x01, 0x2A});
        CHECK(link.handle_datagram(line.now, ping));
        LinkEvent event;
        CHECK(!link.poll_event(event));
        CHECK(line.say() == "0b 2a");
    }
    SUBCASE("time is asked and told as in packets") {
        const auto question = bytes({0x02, 0x83});
        CHECK(link.handle_datagram(line.now, question));
        LinkEvent event;
        CHECK(!link.poll_event(event));
        CHECK(next(link, line.now + 20_ms) == "03 03 00 10 a5 d4 e8 00 00 00 a0 9c 01");
    }
    SUBCASE("a goodbye comes behind what was said before it") {
        CHECK(link.channel(true).append({8}, bytes({1})));
        link.close(Error::kicked);
        CHECK(line.say() == "68 01 01 04 " + hex(bytes({static_cast<int>(Error::kicked)})));
        CHECK(link.state() == Native::State::closed);
        CHECK(line.say().empty());
    }
}

TEST_CASE("what goes beside the stream is a packet, and what has no way there is marked in the stream") {
    Pool pool(1200, 1 << 20);
    StreamLink<reliability::NativeWithDatagrams, Checksum> link(pool, quiet(), 7, start, Random(1));
    std::byte buffer[2048];
    Outbox::Message message;
    message.type.value = 9;
    CHECK(link.outbox().push(message, bytes({0xAA, 0xBB})));
    CHECK(*link.push_command({8}, bytes({5})) == 1);
    CHECK(hex(BytesIn(buffer).first(link.poll_transmit(start, buffer))) ==
          "01 00 06 01 00 01 08 01 05 0e 00 49 aa bb");
    const auto pong = bytes({0x0B, 0x00});
    CHECK(link.handle_datagram(start, pong));
    for (LinkEvent event; link.poll_event(event);) CHECK(false);
    const auto beside = [&](Instant now) {
        link.look_beside(now, 1100);
        REQUIRE(link.wants_beside(now) == 1100);
        return hex(BytesIn(buffer).first(link.transmit_beside(now, buffer)));
    };
    CHECK(link.outbox().push(message, bytes({0xAA, 0xBB})));
    CHECK(beside(start) == "00 e5 3e e1 22 00 89 aa bb");
    CHECK(*link.push_command({8}, bytes({6})) == 2);
    CHECK(beside(start) == "00 ac 16 ac 4c 01 06 02 00 01 08 01 06");
    CHECK(link.handle_beside(start, bytes({0x10, 0, 0, 0, 0, 0, 1, 0})).error() == Error::bad_checksum);
    CHECK(link.outbox().push(message, bytes({0xAA})));
    link.look_beside(start, 0);
    CHECK(hex(BytesIn(buffer).first(link.poll_transmit(start, buffer))) == "0e 02 49 aa");
}

TEST_CASE("what is no frame ends the link, with a reason") {
    for (const auto& wrong :
         {bytes({0x00}), bytes({0x05, 0}), bytes({0x3F}), bytes({0x80}), bytes({0xC8, 1}), bytes({0x01}),
          bytes({0x04}), bytes({0x68, 9, 1}), bytes({0x5F, 0xFF}), bytes({0x0C, 8, 4, 1}),
          bytes({0x0D, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), bytes({0x68, 0x81})}) {
        CAPTURE(hex(wrong));
        Line line;
        CHECK(line.link.handle_datagram(line.now, wrong));
        LinkEvent event;
        CHECK(!line.link.poll_event(event));
        CHECK(line.link.state() == Native::State::closing);
        CHECK(line.link.reason() == Error::malformed);
        CHECK(line.link.stats().malformed == 1);
    }
}

TEST_CASE("a message of 64 bytes costs one byte above its frame, as captured, and the session says so") {
    static_assert(overhead<Net> <= 4);
    sim::World world(1);
    Net host({}, Tapped(world.stream(1))), guest({}, Tapped(world.stream(2)));
    Player players[2];
    world.add(host, players[0]);
    world.add(guest, players[1]);
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    world.run(1_s);
    for (int i = 0; i < 300; ++i) {
        world.run(10_ms);
        for (Net* net : {&host, &guest}) CHECK(net->send(net == &host ? PeerId{1} : PeerId::host(), Blob{}));
    }
    world.run(1_s);
    CHECK(players[0].blobs == 300);
    CHECK(players[1].blobs == 300);
    for (Net* net : {&host, &guest}) {
        std::size_t alone = 0, smaller = 0;
        for (const auto& frame : net->transport().frames) {
            if (std::to_integer<unsigned>(frame[0]) >= 0x80) continue;
            alone += frame.size() == 64 + overhead<Net>;
            smaller += frame.size() >= 64 && frame.size() < 64 + overhead<Net>;
        }
        CHECK(alone > 250);
        CHECK(smaller == 0);
    }
}
