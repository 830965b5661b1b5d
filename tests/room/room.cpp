#include "tenon/room/room.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "parts.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

TEST_CASE("who joins learns who is there, and the others learn of it") {
    Net net;
    net.meet(3);
    for (std::size_t i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(net[i].roster() == "0:host 1:a 2:b 3:c");
        CHECK(net[i].count(Kind::joined) == 1);
        CHECK(net[i].last(Kind::joined)->peer == i);
        CHECK(net[i].count(Kind::peer_joined) == 3);
        CHECK(net[i].room.self() == PeerId{static_cast<std::uint32_t>(i)});
        CHECK(net[i].room.health().peer_count == 3);
    }
    CHECK(net[1].last(Kind::peer_joined)->text == "c");
    CHECK(net[0].room.status() == Status::hosting);
    CHECK(net[0].room.health(PeerId{2}));
    CHECK(net[0].room.health(PeerId{9}).error() == Error::unknown_peer);
    CHECK(net[1].room.health(PeerId{2}).error() == Error::unknown_peer); // reached through the host alone
}

TEST_CASE("a name is cut to what fits, and may be missing") {
    Net net;
    REQUIRE(net.add("").room.host());
    const std::string long_name(100, 'n');
    REQUIRE(net.add(long_name).room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(net[0].roster() == "0: 1:" + long_name.substr(0, name_bytes_max));
    CHECK(net[1].roster() == net[0].roster());
}

TEST_CASE("who hosts or has joined can't do it again before it has left") {
    Net net;
    net.meet(1);
    CHECK(net[0].room.host().error() == Error::already_open);
    CHECK(net[0].room.join(net.now, net[1].address).error() == Error::already_open);
    CHECK(net[1].room.join(net.now, net[0].address).error() == Error::already_open);
    net[1].room.leave();
    net.run(100_ms);
    CHECK(net[1].room.status() == Status::closed);
    REQUIRE(net[1].room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(net[1].room.self() == PeerId{2}); // a number is not used again
    CHECK(net[0].roster() == "0:host 2:a");
}

TEST_CASE("who leaves is gone for all at once, with its name, after what it said before") {
    Net net;
    net.meet(3);
    CHECK(net[1].say(PeerId{2}, ordered, "bye"));
    CHECK(net[1].say(PeerId{0}, reliable, "thanks"));
    net[1].room.leave();
    net.run(100_ms);
    CHECK(net[2].heard(ordered) == "bye");
    CHECK(net[0].heard(reliable) == "thanks");
    for (std::size_t i : {0u, 2u, 3u}) {
        REQUIRE(net[i].count(Kind::peer_left) == 1);
        CHECK(net[i].last(Kind::peer_left)->peer == 1);
        CHECK(net[i].last(Kind::peer_left)->reason == Error::left);
        CHECK(net[i].last(Kind::peer_left)->text == "a");
        CHECK(net[i].roster() == "0:host 2:b 3:c");
    }
    CHECK(net[1].room.drained());
}

TEST_CASE("who is kicked is told so, and the others too") {
    Net net;
    net.meet(2);
    CHECK(net[1].room.kick(PeerId{2}).error() == Error::unknown_peer); // not its to say
    CHECK(net[0].room.kick(PeerId{5}).error() == Error::unknown_peer);
    CHECK(net[0].room.kick(PeerId{0}).error() == Error::unknown_peer);
    CHECK(net[0].room.kick(PeerId{2}));
    CHECK(net[0].room.kick(PeerId{2}).error() == Error::unknown_peer); // on its way out already
    net.run(100_ms);
    REQUIRE(net[2].count(Kind::closed) == 1);
    CHECK(net[2].last(Kind::closed)->reason == Error::kicked);
    CHECK(net[1].last(Kind::peer_left)->reason == Error::kicked);
    CHECK(net[0].last(Kind::peer_left)->text == "b");
}

TEST_CASE("when the host leaves the room closes for everybody") {
    Net net;
    net.meet(2);
    net[0].room.leave();
    net.run(100_ms);
    for (std::size_t i : {1u, 2u}) {
        CHECK(net[i].room.status() == Status::closed);
        CHECK(net[i].last(Kind::closed)->reason == Error::left);
    }
    CHECK(net[0].room.drained());
    CHECK(net[0].count(Kind::peer_left) == 0);
}

TEST_CASE("where no place is kept, a silence longer than the timeout is the end, on both sides") {
    Net net;
    net.meet(2, {.timeout = 3_s, .away_for = {}});
    net.loses = [&](const auto& from, const auto& to) {
        return from == net[1].address || to == net[1].address;
    };
    net.run(2800_ms);
    CHECK(net[1].room.status() == Status::joined);
    net.run(1600_ms);
    CHECK(net[1].last(Kind::closed)->reason == Error::timed_out);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::timed_out);
    CHECK(net[2].last(Kind::peer_left)->peer == 1);
    CHECK(net[2].room.status() == Status::joined); // silent too, but for what keeps it alive
    net.loses = nullptr;
    REQUIRE(net[1].room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(net[1].room.status() == Status::joined);
}

TEST_CASE("a join that nobody answers ends with the timeout") {
    Net net;
    net.add("a", {.timeout = 2_s});
    REQUIRE(net[0].room.join(net.now, MemoryAddress{99, 1}));
    net.run(1900_ms);
    CHECK(net[0].room.status() == Status::joining);
    net.run(200_ms);
    REQUIRE(net[0].count(Kind::closed) == 1);
    CHECK(net[0].last(Kind::closed)->reason == Error::timed_out);
    CHECK(net[0].room.poll_timeout() == Instant::never());
}

TEST_CASE("a full room says so, and lets in again when somebody goes") {
    Net net;
    net.meet(2, {.peers_max = 2});
    Member& late = net.add("late");
    REQUIRE(late.room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(late.last(Kind::closed)->reason == Error::room_full);
    net[1].room.leave();
    net.run(100_ms);
    REQUIRE(late.room.join(net.now, net[0].address));
    net.run(300_ms);
    CHECK(late.room.status() == Status::joined);
}

TEST_CASE("who doesn't fit is told what doesn't, and the type's name where it is a type") {
    Net net;
    net.meet(0);
    const auto refused = [&](const Terms& like) {
        Member& member = net.add("other", {}, like);
        REQUIRE(member.room.join(net.now, net[0].address));
        net.run(300_ms);
        REQUIRE(member.count(Kind::closed) == 1);
        return *member.last(Kind::closed);
    };
    Terms other = terms();
    other.game = 1;
    CHECK(refused(other).reason == Error::wrong_game);
    other = terms();
    other.game_version = 2;
    CHECK(refused(other).reason == Error::version_mismatch);
    other = terms();
    other.room = 1;
    CHECK(refused(other).reason == Error::wrong_room);
    other = terms();
    other.codec = 1;
    CHECK(refused(other).reason == Error::codec_mismatch);
    other = terms();
    other.required = 8;
    CHECK(refused(other).reason == Error::codec_mismatch);
    const std::array<std::uint32_t, 4> changed{1, 2, 33, 4};
    other = terms();
    other.schema = 1;
    other.type_hashes = changed;
    CHECK(refused(other).reason == Error::schema_mismatch);
    CHECK(net.members.back()->last(Kind::closed)->text == "Shot");
    other.type_hashes = std::span<const std::uint32_t>(hashes).first(3);
    CHECK(refused(other).text == "Line"); // the first that the caller does not have
    const std::array<std::uint32_t, 5> more{1, 2, 3, 4, 5};
    other.type_hashes = more;
    CHECK(refused(other).text == "another number of types, or other Roles");
    CHECK(net[0].roster() == "0:host");
}

TEST_CASE("a message goes through the host to one, or to all others") {
    Net net;
    net.meet(3);
    CHECK(net[1].say(PeerId{2}, ordered, "psst"));
    CHECK(net[1].room.push_relay(PeerId::none(), {reliable, Delivery::reliable, bytes_of("all"), {}, 0}));
    CHECK(net[1].say(PeerId{7}, ordered, "who").error() == Error::unknown_peer);
    CHECK(net[1].say(PeerId{1}, ordered, "me").error() == Error::unknown_peer);
    net.run(100_ms);
    CHECK(net[2].heard(ordered) == "psst");
    CHECK(net[2].last(Kind::message)->peer == 1);
    for (std::size_t i : {0u, 2u, 3u}) CHECK(net[i].heard(reliable) == "all");
    for (std::size_t i : {0u, 1u, 3u}) CHECK(net[i].heard(ordered).empty());
    CHECK(net[1].heard(reliable).empty());
    // To somebody who has just left: lost, and harmless.
    net[3].room.leave();
    CHECK(net[1].say(PeerId{3}, ordered, "late"));
    net.run(100_ms);
    CHECK(net[1].room.status() == Status::joined);
}

TEST_CASE("each delivery keeps its promise through the host, on lines that lose") {
    Net net;
    net.meet(2);
    Random random(4);
    net.loses = [&](const auto&, const auto&) { return random.chance(0.2); };
    std::string all;
    for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(i);
        all += (i == 0 ? "" : " ") + text;
        for (const MessageType type : {best_effort, reliable, ordered})
            CHECK(net[1].say(PeerId{2}, type, text));
        CHECK(net[1].say(PeerId{2}, newest, std::string(1, '\0') + text));
        net.run(10_ms);
    }
    net.loses = nullptr;
    net.run(1_s);
    CHECK(net[2].heard(ordered) == all);
    std::vector<int> reliably;
    int last_newest = -1, sparks = 0;
    for (const Told& told : net[2].told) {
        if (told.type == reliable.value) reliably.push_back(std::stoi(told.text));
        if (told.type == best_effort.value) ++sparks;
        if (told.type != newest.value) continue;
        CHECK(std::stoi(told.text.substr(1)) > last_newest); // never back to something older
        last_newest = std::stoi(told.text.substr(1));
    }
    CHECK(reliably.size() == 100);
    std::sort(reliably.begin(), reliably.end());
    CHECK(std::unique(reliably.begin(), reliably.end()) == reliably.end());
    CHECK(sparks < 100);
    CHECK(sparks > 30);
    CHECK(last_newest == 99);
}

TEST_CASE("commands are no newest-wins stream, whatever their first bytes are") {
    Net net;
    net.meet(1);
    for (char i = 0; i < 100; ++i) {
        auto* seat = net[1].room.seat_of(PeerId::host());
        CHECK(seat->link.push_command(newest, bytes_of(std::string_view(&i, 1))));
        net[1].room.mark(*seat);
        net.run(10_ms);
    }
    CHECK(net[0].count(Kind::command) == 100);
    CHECK(net[0].room.seat_of(PeerId{1})->newest.size() == 0);
}

TEST_CASE("of newest-wins messages that wait, only the last of each stream goes") {
    Net net;
    net.meet(1);
    auto* seat = net[1].room.way_to(PeerId::host());
    for (int i = 0; i < 10; ++i)
        for (std::uint32_t key : {1u, 2u}) {
            const std::string text = static_cast<char>(key) + std::to_string(i);
            CHECK(net[1].room.push(*seat, {newest, Delivery::newest, bytes_of(text), {}, key}));
        }
    net.run(50_ms);
    CHECK(net[0].heard(newest) ==
          "\1"
          "9 \2"
          "9");
}

TEST_CASE("words that no honest member says close the one who says them, and nobody else") {
    struct Wrong {
        const char* what;
        bool from_host;
        MessageType type;
        std::string payload;
    };
    const std::string too_long_name(1 + name_bytes_max + 1, 'x');
    const std::vector<Wrong> all = {
        {"a guest says who joined", false, room_word::joined, "\5me"},
        {"a guest says who left", false, room_word::left, std::string("\2\0", 2)},
        {"a guest says what another said", false, room_word::relayed, "\2\13hi"},
        {"a relay without a head", false, room_word::relay, ""},
        {"a relay of a word of the room's own", false, room_word::relay, std::string("\0\1x", 3)},
        {"a relay of no type of the game", false, room_word::relay, std::string("\0\14x", 3)},
        {"a relay of a type beyond all", false, room_word::relay, std::string("\0\xFF\xFF\xFF\x7F", 5)},
        {"no type of the game", false, unknown, "x"},
        {"a word that is none yet", false, MessageType{7}, "x"},
        {"a host says a name that is too long", true, room_word::joined, too_long_name},
        {"a host says a word without its end", true, room_word::left, "\2"},
        {"a host gives an unknown reason", true, room_word::left, "\2\xFF"},
        {"a host asks a guest to relay", true, room_word::relay, std::string("\0\13x", 3)},
        {"a host relays from nobody", true, room_word::relayed, "\xFF\xFF\xFF\xFF\x0F\13x"},
        {"a host relays no type of the game", true, room_word::relayed, "\2\14x"},
    };
    for (const Wrong& wrong : all) {
        CAPTURE(wrong.what);
        Net net;
        net.meet(2);
        auto* seat = wrong.from_host ? net[0].room.seat_of(PeerId{1}) : net[1].room.seat_of(PeerId::host());
        REQUIRE(net[wrong.from_host ? 0 : 1].room.push(
            *seat, {wrong.type, Delivery::ordered, bytes_of(wrong.payload), {}, 0}));
        net.run(200_ms);
        CHECK(net[1].room.status() == Status::closed);
        CHECK(net[1].last(Kind::closed)->reason == Error::unknown_message);
        CHECK(net[0].roster() == "0:host 2:b");
        CHECK(net[2].room.status() == Status::joined);
        CHECK(net[2].heard(best_effort).empty());
        CHECK(net[0].say(PeerId{2}, ordered, "still here"));
        net.run(50_ms);
        CHECK(net[2].heard(ordered) == "still here");
        CHECK(net[wrong.from_host ? 1 : 0].room.health().refused > 0);
    }
}

TEST_CASE("a host that says a known name again, or that somebody unknown left, is borne with") {
    Net net;
    net.meet(1);
    std::byte bytes[80];
    auto* seat = net[0].room.seat_of(PeerId{1});
    CHECK(net[0].room.push(
        *seat,
        {room_word::joined, Delivery::ordered, JoinedWord{PeerId{0}, "imposter"}.write(bytes), {}, 0}));
    CHECK(net[0].room.push(
        *seat, {room_word::left, Delivery::ordered, LeftWord{PeerId{77}, Error::left}.write(bytes), {}, 0}));
    net.run(100_ms);
    CHECK(net[1].roster() == "0:host 1:a");
    CHECK(net[1].count(Kind::peer_left) == 0);
    CHECK(net[1].room.status() == Status::joined);
}

TEST_CASE("a peer that can't take what is promised to it is not kept half-informed") {
    Net net;
    net.meet(2, {.queue_bytes_max = 4096, .timeout = 60_s});
    net.loses = [&](const auto& from, const auto& to) {
        return from == net[2].address || to == net[2].address;
    };
    for (int i = 0; i < 100; ++i) {
        (void)net[1].say(PeerId{2}, ordered, std::string(300, 'x'));
        net.run(20_ms);
    }
    CHECK(net[1].room.status() == Status::joined);
    CHECK(net[0].roster() == "0:host 1:a");
    CHECK(net[1].last(Kind::peer_left)->reason == Error::queue_full);
}

TEST_CASE("a stranger's packets and datagrams of no kind are counted and change nothing") {
    Net net;
    net.meet(1);
    const std::uint64_t before = net[0].room.health().refused;
    const MemoryAddress stranger{50, 50};
    net.send(stranger, net[0].address, bytes_of(std::string_view("\0 a packet of no link", 20)));
    net.send(stranger, net[0].address, bytes_of("\x81 a meeting that is damaged"));
    net.send(stranger, net[0].address, bytes_of("\x99"));
    net.send(stranger, net[0].address, BytesIn{});
    net.send(net[1].address, net[0].address, bytes_of(std::string_view("\0 damaged on the way", 20)));
    net.run(50_ms);
    CHECK(net[0].room.health().refused == before + 4);
    CHECK(net[0].roster() == "0:host 1:a");
}

TEST_CASE("an acceptance that was lost is said again; a caller that starts anew takes its old place") {
    Net net;
    net.meet(1);
    Member& guest = net[1];
    int lost = 0;
    net.loses = [&](const auto& from, const auto&) { return from == net[0].address && ++lost == 2; };
    // The same program behind the same address, without a goodbye.
    guest.room.leave();
    std::byte buffer[1200];
    while (guest.room.poll_transmit(net.now, buffer)) {
    }
    REQUIRE(guest.room.join(net.now, net[0].address));
    net.run(600_ms);
    CHECK(lost >= 3);
    CHECK(guest.room.status() == Status::joined);
    CHECK(net[0].roster() == "0:host 2:a");
    CHECK(net[0].last(Kind::peer_left)->reason == Error::left);
}

TEST_CASE("a room's time is the host's") {
    Net net;
    net.meet(1);
    net.run(1_s);
    CHECK(abs(net[1].room.room_time(net.now) - net.now) <= 5_ms);
    CHECK(net[0].room.room_time(net.now) == net.now);
}
