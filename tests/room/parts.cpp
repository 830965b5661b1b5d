// The room's small parts.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "tenon/link/path.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/notices.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/scratch.hpp"

#include "tenon/link/handshake.hpp"

using namespace tenon;
using namespace tenon::literals;

TEST_CASE("notices come in their order, with a text of their own that outlives its source") {
    Notices notices;
    RoomEvent event;
    CHECK(!notices.poll(event));
    for (int i = 0; i < 20; ++i) {
        std::string name = "player " + std::to_string(i);
        notices.tell(RoomEvent::Kind::peer_joined, PeerId{static_cast<std::uint32_t>(i)}, Error::none,
                     PeerName(name));
        name.assign(40, 'x');
    }
    for (int i = 0; i < 20; ++i) {
        REQUIRE(notices.poll(event));
        CHECK(event.peer.value == static_cast<std::uint32_t>(i));
        CHECK(event.text == "player " + std::to_string(i));
    }
    CHECK(notices.empty());
    notices.tell(RoomEvent());
    notices.clear();
    CHECK(!notices.poll(event));
}

TEST_CASE("a refusal's whole text is told, though it is longer than a name") {
    const std::string text(80, 't');
    const Plain guard;
    Knock<Plain> knock;
    knock.begin(Instant{1}, 5_s, 42, Terms(), "ann", guard, {});
    std::array<std::byte, 200> bytes{};
    const std::size_t size = write(bytes, Refusal{42, Error::schema_mismatch, text});
    REQUIRE(knock.handle_datagram(Instant{2}, BytesIn(bytes.data(), size)));
    Notices notices;
    notices.keep(knock.text());
    notices.tell_closed(PeerId{1}, knock.reason());
    RoomEvent event;
    REQUIRE(notices.poll(event));
    CHECK(event.text == text);
}

TEST_CASE("a head is put in front of a payload, wherever that lies") {
    Scratch scratch(100);
    CHECK(scratch.payload().size() == 100);
    const auto head = [](ByteWriter& out) { out.bytes(bytes_of("head:")); };
    CHECK(text_of(scratch.with_head(bytes_of("elsewhere"), head)) == "head:elsewhere");
    copy(scratch.payload().data(), bytes_of("in here"));
    CHECK(text_of(scratch.with_head(scratch.payload().first(7), head)) == "head:in here");
    // It may have another for the next who hears it.
    CHECK(text_of(scratch.with_head(scratch.payload().first(7), head)) == "head:in here");
    CHECK(text_of(scratch.payload().first(7)) == "in here");
    // A second head in front of the first, which is how a message that was passed on is passed on.
    const BytesIn once = scratch.with_head(bytes_of("x"), head);
    CHECK(text_of(scratch.with_head(once, head)) == "head:head:x");
    const std::string longest(100, 'l');
    CHECK(text_of(scratch.with_head(bytes_of(longest), head)) == "head:" + longest);
    // More than any link lets through is cut, not written beyond the end.
    const std::string endless(1000, 'e');
    CHECK(scratch.with_head(bytes_of(endless), head).size() == 100 + 2 * Scratch::head_bytes_max);
}

TEST_CASE("a carriage knows the game's types, and takes all else for the room's own, in order") {
    constexpr std::array<Delivery, 2> deliveries{Delivery::best_effort, Delivery::newest};
    const Carriage carriage{deliveries, nullptr};
    CHECK(carriage.knows(MessageType{8}));
    CHECK(carriage.knows(MessageType{9}));
    CHECK(!carriage.knows(MessageType{10}));
    CHECK(!carriage.knows(MessageType{7}));
    CHECK(!carriage.knows(MessageType{0}));
    CHECK(carriage.of(MessageType{8}) == Delivery::best_effort);
    CHECK(carriage.of(MessageType{9}) == Delivery::newest);
    CHECK(carriage.of(MessageType{10}) == Delivery::ordered);
    CHECK(carriage.of(MessageType{3}) == Delivery::ordered);
}

TEST_CASE("a room's health sums what can be summed and keeps the worst of the rest") {
    Health sum;
    Health one;
    one.last_rx = Instant{5};
    one.rtt = 30_ms;
    one.jitter = 1_ms;
    one.loss = 0.1;
    one.bytes_in = 100;
    one.packets_out = 3;
    one.queued_bytes = 7;
    one.queue_time = 2_ms;
    one.expired = 1;
    one.refused = 2;
    Health two = one;
    two.last_rx = Instant{4};
    two.rtt = 20_ms;
    two.loss = 0.3;
    two.queue_time = 9_ms;
    sum.add(one);
    sum.add(two);
    CHECK(sum.last_rx == Instant{5});
    CHECK(sum.rtt == 30_ms);
    CHECK(sum.jitter == 1_ms);
    CHECK(sum.loss == 0.3);
    CHECK(sum.bytes_in == 200);
    CHECK(sum.packets_out == 6);
    CHECK(sum.queued_bytes == 14);
    CHECK(sum.queue_time == 9_ms);
    CHECK(sum.expired == 2);
    CHECK(sum.refused == 4);
    CHECK(sum.peer_count == 0); // the room's to say
}

TEST_CASE("a link is told what the session was told, with room for a head") {
    const Options options{.message_bytes_max = 1000, .queue_bytes_max = 5000, .bandwidth = 7, .timeout = 3_s};
    const LinkOptions link = link_options(options, 1300, 2_s, 8);
    CHECK(link.datagram_bytes == 1300);
    CHECK(link.message_bytes_max == 1008);
    CHECK(link.queue_bytes_max == 5000);
    CHECK(link.bandwidth == 7);
    CHECK(link.timeout == 3_s);
    CHECK(link.keepalive == 1_s); // of three packets in the timeout one arrives
    CHECK(link.ack_delay == options.ack_delay);
    CHECK(link.coalesce == options.coalesce);
}

TEST_CASE("a status has a name, and three of them are open") {
    CHECK(name(Status::idle) == "idle");
    CHECK(name(Status::joining) == "joining");
    CHECK(name(Status::joined) == "joined");
    CHECK(name(Status::hosting) == "hosting");
    CHECK(name(Status::closed) == "closed");
    CHECK(!is_open(Status::idle));
    CHECK(is_open(Status::joining));
    CHECK(is_open(Status::joined));
    CHECK(is_open(Status::hosting));
    CHECK(!is_open(Status::closed));
}
