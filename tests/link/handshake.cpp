#include "tenon/link/handshake.hpp"

#include "plain_words.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

using namespace plain;

namespace {

constexpr Instant start{100'000'000'000};
constexpr SipKey secret{11, 12};
constexpr std::array<std::uint32_t, 3> hashes{1, 2, 3}, others{1, 9, 3};

Terms terms() {
    Terms terms;
    terms.game = 5;
    terms.room = 6;
    terms.schema = 7;
    terms.game_version = 1;
    terms.codec = 2;
    terms.type_hashes = hashes;
    return terms;
}

using Buffer = std::array<std::byte, 1200>;

// A caller and the host's door, with the datagrams between them.
struct Meeting {
    Door door{secret};
    Plain guard;
    Knock<Plain> knock;
    Buffer buffer{};
    std::size_t asked = 0, answered = 0; // bytes

    explicit Meeting(const Terms& offered = terms()) {
        knock.begin(start, 5_s, 77, offered, "ann", guard, {});
    }
    BytesIn say(Instant now) {
        const std::size_t size = knock.poll_transmit(now, buffer);
        asked += size;
        return BytesIn(buffer).first(size);
    }
    template <class Datagram>
    bool answer(Instant now, const Datagram& datagram) {
        Buffer reply{};
        const std::size_t size = write(reply, datagram);
        REQUIRE(size != 0);
        answered += size;
        return knock.handle_datagram(now, BytesIn(reply).first(size));
    }
    // Up to the point where the caller says who it is.
    Connect greet(Instant now) {
        const auto hello = read_hello(say(now));
        REQUIRE(hello);
        CHECK_FALSE(answer(now, door.challenge(now, "10.0.0.1:40", hello->nonce)));
        CHECK(asked >= answered);
        const auto connect = read_request(say(now));
        REQUIRE(connect);
        return *connect;
    }
};

} // namespace

TEST_CASE("two round trips lead in, and no answer is larger than what it answers") {
    Meeting meeting;
    const Connect connect = meeting.greet(start);
    CHECK(meeting.door.admits(start, "10.0.0.1:40", connect));
    CHECK(connect.name == "ann");
    CHECK(connect.hash_count() == 3);
    CHECK(connect.hash(1) == 2);
    std::size_t type = 0;
    CHECK(compare(terms(), connect, type) == Error::none);
    CHECK(meeting.answer(start, Accept{77, 88, PeerId{3}, PeerId::host(), 0, 65536}));
    CHECK(meeting.knock.state() == Knock<Plain>::State::accepted);
    CHECK(meeting.knock.accept().host_nonce == 88);
    CHECK(meeting.knock.accept().peer == PeerId{3});
    CHECK(meeting.asked == Plain::hello_bytes + meeting::connect_bytes);
    CHECK(meeting.answered < Plain::hello_bytes);
    CHECK(meeting.knock.poll_timeout() == Instant::never());
    CHECK(meeting.say(start + 1_s).empty());
}

TEST_CASE("a cookie is good for its address, its caller, this host and a few seconds only") {
    Meeting meeting;
    Connect connect = meeting.greet(start);
    CHECK(meeting.door.admits(start + cookie_life, "10.0.0.1:40", connect));
    CHECK_FALSE(meeting.door.admits(start + cookie_life + 1_ms, "10.0.0.1:40", connect));
    CHECK_FALSE(meeting.door.admits(start - 1_ms, "10.0.0.1:40", connect)); // baked tomorrow
    CHECK_FALSE(meeting.door.admits(start, "10.0.0.1:41", connect));
    CHECK_FALSE(meeting.door.admits(start, "10.0.0.2:40", connect));
    CHECK_FALSE(Door(SipKey{11, 13}).admits(start, "10.0.0.1:40", connect));
    connect.stamp += 1000;
    CHECK_FALSE(meeting.door.admits(start + 1_s, "10.0.0.1:40", connect));
    connect.stamp -= 1000;
    connect.nonce += 1;
    CHECK_FALSE(meeting.door.admits(start, "10.0.0.1:40", connect));
    connect.nonce -= 1;
    CHECK(meeting.door.admits(start, "10.0.0.1:40", connect));
}

TEST_CASE("what does not fit is named, and of the types the first that differs") {
    const auto verdict = [](const Terms& offered, std::size_t& type, Terms host = terms()) {
        Meeting meeting(offered);
        const Connect connect = meeting.greet(start);
        return compare(host, connect, type);
    };
    std::size_t type = 0;
    Terms offered = terms();
    offered.game = 1;
    CHECK(verdict(offered, type) == Error::wrong_game);
    CHECK(type == 3);
    offered = terms();
    offered.game_version = 2;
    CHECK(verdict(offered, type) == Error::version_mismatch);
    offered = terms();
    offered.codec = 3;
    CHECK(verdict(offered, type) == Error::codec_mismatch);
    offered = terms();
    offered.room = 1;
    CHECK(verdict(offered, type) == Error::wrong_room);
    offered = terms();
    offered.schema = 1;
    offered.type_hashes = others;
    CHECK(verdict(offered, type) == Error::schema_mismatch);
    CHECK(type == 1);
    offered.type_hashes = std::span(hashes).first(2); // the caller lacks the third
    CHECK(verdict(offered, type) == Error::schema_mismatch);
    CHECK(type == 2);
    offered = terms();
    offered.required = 4; // what the host can't do
    CHECK(verdict(offered, type) == Error::codec_mismatch);
    Terms host = terms();
    host.required = 8; // what the caller can't do
    CHECK(verdict(terms(), type, host) == Error::codec_mismatch);
    host.features = 4;
    host.required = 0;
    CHECK(verdict(offered, type, host) == Error::none);
}

TEST_CASE("whether a road carries datagrams beside its stream both say, and are told apart by that alone") {
    const auto verdict = [](std::uint32_t host, std::uint32_t caller) {
        Terms ours = terms(), theirs = terms();
        ours.features = ours.required = host;
        theirs.features = theirs.required = caller;
        Meeting meeting(theirs);
        const Connect connect = meeting.greet(start);
        std::size_t type = 0;
        return compare(ours, connect, type);
    };
    const std::uint32_t plain = over_streams(5, false), both = over_streams(5, true);
    CHECK(plain == 4);
    CHECK(both == 68);
    CHECK(over_streams(2 | 8 | 1u << 18, true) == (4 | 8 | 64 | 1u << 18));
    CHECK(over_streams(both, false) == plain);
    CHECK(verdict(plain, plain) == Error::none);
    CHECK(verdict(both, both) == Error::none);
    CHECK(verdict(both, plain) == Error::datagrams_mismatch);
    CHECK(verdict(plain, both) == Error::datagrams_mismatch);
    // What another profile would mend is said first.
    CHECK(verdict(both, plain | 8) == Error::codec_mismatch);
    CHECK(verdict(plain | 16, both) == Error::codec_mismatch);
    // It is no feature that one may have and the other do without.
    Terms host = terms(), caller = terms();
    caller.features = both;
    std::size_t type = 0;
    CHECK(compare(host, Meeting(caller).greet(start), type) == Error::datagrams_mismatch);
}

TEST_CASE("a refusal ends the knocking, with its reason and its words") {
    Meeting meeting;
    meeting.greet(start);
    CHECK_FALSE(meeting.answer(start, Refusal{78, Error::room_full, "not for us"}));
    CHECK(meeting.answer(start, Refusal{77, Error::room_full, std::string(200, 'x')}));
    CHECK(meeting.knock.state() == Knock<Plain>::State::refused);
    CHECK(meeting.knock.reason() == Error::room_full);
    CHECK(meeting.knock.text() == std::string(80, 'x'));
    CHECK(meeting.answered < meeting.asked);
    // A reason from a later version.
    Buffer buffer{};
    const std::size_t size = write(buffer, Refusal{77, static_cast<Error>(250), "later"});
    CHECK(read_refusal(BytesIn(buffer).first(size))->reason == Error::refused);
}

TEST_CASE("answers that nobody asked for change nothing") {
    Meeting meeting;
    CHECK_FALSE(
        meeting.answer(start, Accept{77, 88, PeerId{3}, PeerId::host(), 0, 0})); // before the challenge
    CHECK(meeting.knock.state() == Knock<Plain>::State::hello);
    CHECK_FALSE(meeting.answer(start, Challenge{76, 1, 1}));
    CHECK(meeting.knock.state() == Knock<Plain>::State::hello);
    CHECK_FALSE(meeting.answer(start, Challenge{77, 1, 1}));
    CHECK(meeting.knock.state() == Knock<Plain>::State::connect);
    CHECK_FALSE(meeting.answer(start, Challenge{77, 2, 2})); // the first is used
    CHECK(read_request(meeting.say(start))->cookie == 1);
    CHECK_FALSE(meeting.answer(start, Accept{76, 88, PeerId{3}, PeerId::host(), 0, 0}));
    CHECK_FALSE(meeting.answer(start, Hello{77, 5, 1}));
    CHECK_FALSE(meeting.knock.handle_datagram(start, {}));
    CHECK(meeting.knock.state() == Knock<Plain>::State::connect);
    Knock<Plain> idle;
    CHECK(idle.poll_transmit(start, meeting.buffer) == 0);
    CHECK_FALSE(idle.handle_datagram(start, meeting.buffer));
}

TEST_CASE("without an answer the caller asks again, ever less often, and in the end gives up") {
    Meeting meeting;
    int hellos = 0;
    Instant now = start;
    while (!meeting.knock.handle_timeout(now)) {
        if (!meeting.say(now).empty()) ++hellos;
        REQUIRE(meeting.knock.poll_timeout() > now);
        now = meeting.knock.poll_timeout();
    }
    CHECK(now == start + 5_s);
    CHECK(hellos >= 6);
    CHECK(hellos <= 12);
    CHECK(meeting.knock.reason() == Error::timed_out);
    CHECK(meeting.knock.state() == Knock<Plain>::State::refused);
}

TEST_CASE("a cookie that goes stale while the host is silent is fetched anew") {
    Meeting meeting;
    meeting.greet(start);
    bool asks_again = false;
    for (Instant now = start; now < start + 4900_ms; now += 50_ms) {
        const BytesIn said = meeting.say(now);
        if (meeting_kind(said) == meeting::hello) {
            asks_again = true;
            CHECK(now - start > cookie_life * 3 / 4);
        }
    }
    CHECK(asks_again);
}

TEST_CASE("a damaged or shortened datagram of the handshake is none") {
    Meeting meeting;
    const BytesIn hello = meeting.say(start);
    REQUIRE(meeting_kind(hello) == meeting::hello);
    std::vector<std::byte> bytes(hello.begin(), hello.end());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] ^= std::byte{4};
        CHECK(meeting_kind(bytes) == 0);
        bytes[i] ^= std::byte{4};
        CHECK(meeting_kind(BytesIn(bytes).first(i)) == 0);
    }
    CHECK(meeting_kind(bytes) == meeting::hello);
    // One that is short from the beginning would get an answer larger than itself.
    Buffer buffer{};
    ByteWriter out = detail::begin_meeting(buffer, meeting::hello);
    out.u16(protocol_version);
    out.u64(1);
    out.u64(5);
    const BytesIn small = BytesIn(buffer).first(detail::seal_meeting(buffer, out, 0));
    CHECK(meeting_kind(small) == meeting::hello);
    CHECK(read_hello(small).error() == Error::truncated);
}

TEST_CASE("names and lists at their limits fit, and nothing is written past the buffer") {
    const std::vector<std::uint32_t> most(types_max, 0xFFFF'FFFF);
    Terms full = terms();
    full.type_hashes = most;
    const Plain guard;
    Knock<Plain> knock;
    knock.begin(start, 5_s, 1, full, std::string(300, 'n'), guard, {});
    Buffer buffer{};
    REQUIRE(knock.poll_transmit(start, buffer) == Plain::hello_bytes);
    Buffer reply{};
    const std::size_t size = write(reply, Challenge{1, 2, 3});
    knock.handle_datagram(start, BytesIn(reply).first(size));
    CHECK(knock.poll_transmit(start, buffer) == meeting::connect_bytes);
    const auto connect = read_request(buffer);
    REQUIRE(connect);
    CHECK(connect->hash_count() == types_max);
    CHECK(connect->name.size() == name_bytes_max);
    CHECK(write(BytesOut(buffer).first(100), Hello{}) == 0);
    CHECK(write(BytesOut(buffer).first(10), Challenge{}) == 0);
    CHECK(write(BytesOut(buffer).first(1199), *connect) == 0);
}

TEST_CASE("every link has a key of its own") {
    CHECK(link_key(1, 2, 3) != link_key(1, 3, 2));
    CHECK(link_key(1, 2, 3) != link_key(2, 2, 3));
    CHECK(link_key(1, 2, 3) == link_key(1, 2, 3));
}
