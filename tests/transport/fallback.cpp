#include "tenon/transport/fallback.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tenon/link/handshake.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/transport/several.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::FallbackOptions;
using transport::Memory;
using Both = transport::Several<Memory, sim::Stream>;

namespace {

struct HandNow {
    const Instant* time = nullptr;
    Instant operator()() const { return *time; }
};
using Either = transport::FallbackOver<HandNow, Memory, sim::Stream>;

// A guest over either road and a host on both, told by hand what time it is.
struct Two {
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    Instant now{1'000'000'000};
    Both host{Memory(exchange, 1), sim::Stream(lines, 1)};
    Either guest{HandNow{&now}, {}, Memory(exchange, 2), sim::Stream(lines, 2)};
    Either::Address at;
    bool air = true; // whether datagrams arrive
    bool greets = true;
    std::vector<std::string> heard, heard_here;
    std::vector<Both::Address> callers;

    Two() {
        lines.set_now(now);
        REQUIRE(host.open(4000));
        REQUIRE(guest.open(0));
        at = *guest.resolve("host1:4000");
    }
    std::vector<std::byte> hello() {
        std::vector<std::byte> bytes(128);
        REQUIRE(write(bytes, Hello{77, 5}, Plain()) == 128);
        return bytes;
    }
    void turn() {
        now += 1_ms;
        if (air)
            exchange.deliver_all();
        else
            exchange.take_outgoing([](auto&&...) {});
        lines.deliver(now, [](const transport::MemoryAddress&) {});
        host.poll([&](const Both::Address& from, Lane, BytesIn bytes) {
            if (meeting_kind(bytes) == meeting::hello) {
                const auto asked = read_hello(bytes, Plain());
                std::byte answer[128];
                const Challenge challenge{asked->nonce, 1, 2};
                const std::size_t size = write(BytesOut(answer), challenge, Plain());
                if (greets) CHECK(host.send(from, {}, BytesIn(answer).first(size)) == Sent::sent);
            } else {
                heard.emplace_back(text_of(bytes));
            }
            callers.push_back(from);
        });
        guest.poll([&](const Either::Address& from, Lane, BytesIn bytes) {
            CHECK(from == at);
            heard_here.emplace_back(text_of(bytes));
        });
        host.flush();
        guest.flush();
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end;) turn();
    }
    void join() {
        CHECK(guest.send(at, {}, hello()) == Sent::sent);
        run(600_ms);
        REQUIRE(heard_here.size() == 1); // the challenge
        heard_here.clear();
    }
};

} // namespace

static_assert(TransportPolicy<Either> && TransportPolicy<transport::Fallback<Memory, sim::Stream>>);
static_assert(!Either::traits.connected && !Either::traits.mixed && Either::traits.datagram_bytes == 1200);

TEST_CASE("an address is one for all roads or one for each, and who leads nowhere is left out") {
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    Instant now{1};
    Either guest(HandNow{&now}, {}, Memory(exchange, 2), sim::Stream(lines, 2));
    const auto one = guest.resolve("host1:4000"), two = guest.resolve("  host1:4000   host1:4001 ");
    REQUIRE(one);
    REQUIRE(two);
    CHECK(std::string_view(one->text()) == "0.0.0.1:4000");
    CHECK(!(*one == *two));
    CHECK(one->hash() != two->hash());
    CHECK(guest.resolve("").error() == Error::bad_address);
    CHECK(guest.resolve("host1:1 host1:2 host1:3").error() == Error::bad_address);
    CHECK(!guest.resolve("nowhere"));
    const auto half = guest.resolve("nowhere host1:4001");
    REQUIRE(half);
    CHECK(std::string_view(half->text()) == "0.0.0.1:4001");
    // Only to whom was looked up last, and only while it is open.
    CHECK(guest.send(*half, {}, bytes_of("x")) == Sent::closed);
    REQUIRE(guest.open(0));
    CHECK(guest.open(0).error() == Error::already_open);
    CHECK(guest.is_open());
    CHECK(guest.send(*half, {}, bytes_of("x")) == Sent::sent);
    CHECK(guest.send(*one, {}, bytes_of("x")) == Sent::closed);
    CHECK(guest.send(*half, {}, std::vector<std::byte>(1201)) == Sent::too_big);
    guest.close();
    CHECK(!guest.is_open());
    CHECK(guest.next_deadline() == Instant::never());
}

TEST_CASE("packets go over the preferred road, and behind a mark over a connection when that is cut") {
    Two two;
    two.join();
    CHECK(two.guest.road() == 0);
    CHECK(two.callers.size() == 1);
    two.callers.clear();
    CHECK(two.guest.send(two.at, {}, bytes_of("by air")) == Sent::sent);
    two.run(50_ms);
    REQUIRE(two.heard.size() == 1);
    CHECK(two.heard[0] == "by air");
    CHECK(two.callers[0].road() == 0);
    const auto air = two.callers[0];
    CHECK(two.host.send(air, {}, bytes_of("answer")) == Sent::sent);
    two.run(50_ms);
    CHECK(two.heard_here == std::vector<std::string>{"answer"});
    two.air = false;
    two.heard.clear();
    two.callers.clear();
    CHECK(two.guest.send(two.at, {}, bytes_of("lost")) == Sent::sent);
    two.run(1100_ms);
    CHECK(two.guest.road() == 1);
    CHECK(two.guest.take_moved());
    CHECK(two.guest.send(two.at, {}, bytes_of("on foot")) == Sent::sent);
    two.run(100_ms);
    REQUIRE(two.heard.size() == 1);
    CHECK(two.heard[0] == "on foot");
    const auto foot = two.callers.back();
    CHECK(foot.road() == 1);
    CHECK(foot.carries_packets());
    CHECK(two.host.send(foot, {}, bytes_of("answer")) == Sent::sent);
    two.heard_here.clear();
    two.run(100_ms);
    CHECK(two.heard_here == std::vector<std::string>{"answer"});
    // And back, when the other is there again.
    two.air = true;
    two.run(2_s);
    CHECK(two.guest.road() == 0);
    CHECK(two.guest.moves() == 2);
}

TEST_CASE("over a connection with datagrams packets go as those, and what is said at a door in the stream") {
    using Beside = sim::StreamAndDatagrams;
    Instant now{1'000'000'000};
    transport::Exchange exchange{5};
    sim::Lines lines{7};
    lines.set_now(now);
    transport::FallbackOver<HandNow, Memory, Beside> guest(HandNow{&now}, {}, Memory(exchange, 2),
                                                           Beside(lines, 2));
    Beside host(lines, 1);
    REQUIRE(host.open(4000));
    REQUIRE(guest.open(0));
    const auto at = *guest.resolve("nowhere host1:4000");
    std::vector<std::pair<Lane, std::string>> heard;
    std::vector<std::string> heard_here;
    Beside::Address caller;
    const auto run = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            lines.deliver(now, [](const transport::MemoryAddress&) {});
            host.poll([&](const Beside::Address& from, Lane lane, BytesIn bytes) {
                caller = from;
                heard.emplace_back(lane, std::string(text_of(bytes)));
            });
            guest.poll([&](const auto&, Lane lane, BytesIn bytes) {
                CHECK(lane == Lane{});
                heard_here.emplace_back(text_of(bytes));
            });
            host.flush(), guest.flush();
        }
    };
    std::vector<std::byte> hello(128);
    REQUIRE(write(hello, Hello{77, 5}, Plain()) == 128);
    CHECK(guest.packet_room(at) == 0); // there is no connection yet
    CHECK(guest.send(at, {}, hello) == Sent::sent);
    run(300_ms);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].first == Lane{});
    CHECK(heard[0].second.size() == 129);
    std::byte answer[129] = {transport::detail::packet_mark};
    const std::size_t size = write(BytesOut(answer).subspan(1), Challenge{77, 1, 2}, Plain());
    REQUIRE(host.send(caller, {}, BytesIn(answer).first(size + 1)) == Sent::sent);
    run(100_ms);
    REQUIRE(heard_here.size() == 1);
    CHECK(guest.road() == 1);
    CHECK(guest.packet_room(at) == 1099);
    heard.clear();
    for (const std::size_t bytes : {std::size_t(1), std::size_t(1099), std::size_t(1100)})
        CHECK(guest.send(at, {}, std::vector<std::byte>(bytes)) == Sent::sent);
    CHECK(guest.send(at, {}, {}) == Sent::sent); // nothing, which no road has to carry
    run(100_ms);
    REQUIRE(heard.size() == 3);
    CHECK(heard[0].first == datagram_lane);
    CHECK(heard[0].second == std::string("\x80\0", 2));
    CHECK(heard[1].first == datagram_lane);
    CHECK(heard[1].second.size() == 1100);
    CHECK(heard[2].first == Lane{});
    CHECK(heard[2].second.size() == 1101);
    // The host is heard either way, and only behind the mark.
    heard_here.clear();
    CHECK(host.send(caller, datagram_lane,
                    bytes_of("\x80"
                             "beside")) == Sent::sent);
    CHECK(host.send(caller, datagram_lane, bytes_of("another's")) == Sent::sent);
    CHECK(host.send(caller, {},
                    bytes_of("\x80"
                             "within")) == Sent::sent);
    run(100_ms);
    CHECK(heard_here == std::vector<std::string>{"beside", "within"});
}

TEST_CASE("only the host is heard, and over a connection only its packets") {
    Two two;
    two.join();
    Memory stranger(two.exchange, 9);
    REQUIRE(stranger.open(0));
    CHECK(stranger.send(*stranger.resolve("host2:" + std::to_string(two.guest.local_address().port)), {},
                        bytes_of("boo")) == Sent::sent);
    two.run(50_ms);
    CHECK(two.heard_here.empty());
    two.air = false;
    (void)two.guest.send(two.at, {}, bytes_of("lost"));
    two.run(1100_ms);
    REQUIRE(two.guest.road() == 1);
    const auto foot = two.callers.back();
    REQUIRE(foot.carries_packets());
    const auto frames = Both::Address::of<1>(foot.on<1>());
    CHECK(two.host.send(frames, {}, bytes_of("a frame")) == Sent::sent);
    two.run(100_ms);
    CHECK(two.heard_here.empty());
}

TEST_CASE("a connection that can't be made is dialled again after a pause, and not for every packet") {
    Two two;
    two.host.close();
    CHECK(two.guest.send(two.at, {}, two.hello()) == Sent::sent);
    two.air = false;
    std::size_t sent = 0;
    for (int i = 0; i < 300; ++i) {
        (void)two.guest.send(two.at, {}, two.hello());
        ++sent;
        two.run(10_ms);
    }
    CHECK(sent == 300);
    CHECK(two.guest.road() == 0);
    REQUIRE(two.host.open(4000));
    (void)two.guest.send(two.at, {}, two.hello());
    two.run(500_ms);
    (void)two.guest.send(two.at, {}, two.hello());
    two.run(200_ms);
    CHECK(two.guest.road() == 1);
}

// What the watch looks for in datagrams is where the handshake puts it.
TEST_CASE("the words of the handshake have the numbers that roads are tried with") {
    std::byte bytes[128];
    REQUIRE(write(BytesOut(bytes), Hello{0x1122334455667788u, 5}, Plain()) == 128);
    CHECK(bytes[0] == std::byte{0x81});
    CHECK(load_le<std::uint64_t>(&bytes[7]) == 0x1122334455667788u);
    REQUIRE(write(BytesOut(bytes), Challenge{0x1122334455667788u, 1, 2}, Plain()) != 0);
    CHECK(bytes[0] == std::byte{0x82});
    CHECK(load_le<std::uint64_t>(&bytes[5]) == 0x1122334455667788u);
    REQUIRE(write(BytesOut(bytes), Refusal{0x1122334455667788u, Error::wrong_game, {}}) != 0);
    CHECK(bytes[0] == std::byte{0x85});
    CHECK(load_le<std::uint64_t>(&bytes[5]) == 0x1122334455667788u);
    const std::byte marked[] = {transport::detail::packet_mark, std::byte{1}};
    CHECK(transport::detail::is_packet(marked));
    CHECK(!transport::detail::is_packet(BytesIn(marked).first(1)));
    CHECK(meeting_kind(marked) == 0);
}
