#include "tenon/room/permissions.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "parts.hpp"
#include "tenon/topology/client_server.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

namespace {

// The first may only spark, the second also place and shoot, the third all.
struct Table {
    static constexpr bool there = true;
    static constexpr std::uint8_t count = 3;
    static constexpr bool may_say(std::uint8_t role, MessageType type) {
        return role == 2 || type == best_effort || (role == 1 && type != ordered);
    }
    static constexpr bool admits(std::uint8_t role, MessageType type) { return may_say(role, type); }
    static constexpr bool may_claim(std::uint8_t role) { return role != 0; }
    static std::size_t role_index(std::string_view name) { return name == "second" ? 1 : count; }
};
using RoleRoom = tenon::Room<MemoryAddress, reliability::AckVector, topology::ClientServer, Plain, Table>;
using RoleNet = NetOf<RoleRoom>;
using RoleMember = MemberOf<RoleRoom>;

Result<> set_role(RoleMember& by, std::uint32_t peer, std::uint8_t role) {
    return by.room.permissions().set(by.room, PeerId{peer}, role);
}
std::string roles(const RoleMember& member) {
    std::string all;
    for (const PeerId peer : member.room.roster()) all += std::to_string(member.room.roster().role_of(peer));
    return all;
}
std::uint64_t violations(RoleMember& member) { return member.room.health().violations; }
std::uint64_t pardoned(RoleMember& member) { return member.room.health().pardoned; }

// Longer than anything is pardoned.
constexpr Duration later = 10_s;

static_assert(std::is_empty_v<Permissions<TestRoom, NoRights>>);
static_assert(sizeof(Roster::Member) <= 4 + 1 + name_bytes_max + 3, "the role has a place that was there");

} // namespace

TEST_CASE("newcomers have the first role, who opened the room the last, and all know of changes") {
    RoleNet net;
    net.meet(3);
    for (std::size_t i = 0; i < 4; ++i) CHECK(roles(net[i]) == "2000");
    CHECK(set_role(net[0], 2, 1));
    CHECK(set_role(net[0], 3, 2));
    CHECK(set_role(net[0], 3, 2)); // it has that already
    net.run(100_ms);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(roles(net[i]) == "2012");
        CHECK(net[i].count(Kind::role) == 2);
    }
    // Who comes later learns it with the roster.
    RoleMember& late = net.add("d");
    REQUIRE(late.room.join(net.now, net[0].address));
    net.run(200_ms);
    CHECK(roles(late) == "20120");
    CHECK(late.count(Kind::role) == 0);

    CHECK(set_role(net[1], 2, 0).error() == Error::not_authority);
    CHECK(set_role(net[0], 9, 0).error() == Error::unknown_peer);
    CHECK(set_role(net[0], 0, 1)); // of the host itself, who may say everything all the same
    CHECK(net[0].room.may_say(ordered));
    CHECK_FALSE(net[1].room.may_say(ordered));
    CHECK(net[3].room.may_say(ordered));
}

TEST_CASE("what a role may not say is neither heard nor passed on, whatever way it takes") {
    RoleNet net;
    Options options;
    options.violations_max = 100;
    net.meet(2, options);
    for (const MessageType type : {best_effort, newest, reliable, ordered}) {
        CHECK(net[1].say(PeerId{0}, type, "\1x"));
        CHECK(net[1].say(PeerId{2}, type, "\1y"));
        CHECK(net[1].say(PeerId::none(), type, "\1z").error() == Error::unknown_peer);
        CHECK(net[1].room.push_relay(PeerId::none(), {type, carriage().of(type), bytes_of("\1z"), {}, 7}));
    }
    CHECK(net[1].room.host_seat()->link.push_command(newest, bytes_of("c")));
    CHECK(net[1].room.host_seat()->link.push_command(best_effort, bytes_of("d")));
    net.run(200_ms);
    for (const std::size_t hears : {0u, 2u})
        for (const MessageType type : {newest, reliable, ordered}) CHECK(net[hears].heard(type).empty());
    CHECK_FALSE(net[0].heard(best_effort).empty());
    CHECK_FALSE(net[2].heard(best_effort).empty());
    CHECK(net[0].count(Kind::command) == 1);
    CHECK(net[0].room.health(PeerId{1})->violations == 10);
    CHECK(violations(net[0]) == 10);
    CHECK(violations(net[2]) == 0);
}

TEST_CASE("violations are counted, told once a second, and bounded") {
    RoleNet net;
    Options options;
    options.violations_max = 5;
    net.meet(2, options);
    for (int i = 0; i < 4; ++i) CHECK(net[1].say(PeerId{0}, reliable, "x"));
    net.run(100_ms);
    CHECK(net[0].room.health(PeerId{1})->violations == 4);
    CHECK(net[0].room.health(PeerId{2})->violations == 0);
    CHECK(net[0].count(Kind::violation) == 1);
    CHECK(net[0].last(Kind::violation)->peer == 1);
    CHECK(net[0].last(Kind::violation)->type == reliable.value);
    CHECK(net[1].room.status() == Status::joined);
    for (int i = 0; i < 6; ++i) CHECK(net[1].say(PeerId{0}, ordered, "x"));
    net.run(100_ms);
    CHECK(net[0].count(Kind::violation) == 2); // the last is always told
    CHECK(net[0].last(Kind::violation)->type == ordered.value);
    CHECK(net[1].room.status() == Status::closed);
    CHECK(net[1].last(Kind::closed)->reason == Error::forbidden);
    CHECK(net[2].last(Kind::peer_left)->reason == Error::forbidden);
    CHECK(net[0].last(Kind::peer_left)->reason == Error::forbidden);
}

TEST_CASE("a bound of none counts, and kicks nobody") {
    RoleNet net;
    Options options;
    options.violations_max = 0;
    net.meet(1, options);
    for (int i = 0; i < 50; ++i) {
        CHECK(net[1].say(PeerId{0}, ordered, "x"));
        net.run(100_ms);
    }
    CHECK(violations(net[0]) == 50);
    CHECK(net[0].count(Kind::violation) <= 6);
    CHECK(net[1].room.status() == Status::joined);
}

TEST_CASE("what was said before a lesser role was heard is not held against anybody, however late it comes") {
    for (const bool ordering : {true, false}) {
        RoleNet net;
        net.meet(1);
        CHECK(set_role(net[0], 1, 2));
        net.run(later);
        // The guest goes on speaking while nothing reaches it, nor leaves it.
        net.loses = [](const MemoryAddress&, const MemoryAddress&) { return true; };
        CHECK(set_role(net[0], 1, 0));
        for (int i = 0; i < 100; ++i) {
            CHECK(net[1].room.may_say(ordered));
            CHECK(net[1].say(PeerId{0}, ordering ? ordered : reliable, "x"));
            net.run(30_ms);
        }
        net.loses = {};
        net.run(3_s);
        CHECK(net[1].room.status() == Status::joined);
        CHECK(violations(net[0]) == 0);
        CHECK(pardoned(net[0]) == 100);
        CHECK(net[0].heard(ordered).empty());
        CHECK(net[0].heard(reliable).empty());
        CHECK_FALSE(net[1].room.may_say(ordered));
        net.run(later);
        // From now on it knows.
        for (int i = 0; i < 8; ++i) CHECK(net[1].say(PeerId{0}, ordered, "x"));
        net.run(100_ms);
        CHECK(violations(net[0]) == 8);
        CHECK(net[1].room.status() == Status::closed);
    }
}

TEST_CASE("roles that change faster than they are heard are pardoned up to the last") {
    RoleNet net;
    net.meet(1);
    Random random(4);
    net.loses = [&](const MemoryAddress&, const MemoryAddress&) { return random.chance(0.3); };
    for (int i = 0; i < 400; ++i) {
        if (i % 5 == 0) CHECK(set_role(net[0], 1, i % 10 == 0 ? 1 : 0));
        if (net[1].room.may_say(reliable)) CHECK(net[1].say(PeerId{0}, reliable, "x"));
        net.run(10_ms);
    }
    net.run(later);
    CHECK(net[1].room.status() == Status::joined);
    CHECK(violations(net[0]) == 0);
    CHECK(pardoned(net[0]) > 0);
    CHECK(roles(net[1]) == roles(net[0]));
}

TEST_CASE("who never answers is not pardoned for ever") {
    RoleNet net;
    net.meet(1);
    CHECK(set_role(net[0], 1, 1));
    CHECK(set_role(net[0], 1, 0));
    // It answers more often than it was told, and once too early: that earns nothing.
    std::byte bytes[RoleWord::bytes_max];
    for (int i = 0; i < 5; ++i)
        CHECK(net[1].room.host_seat()->link.channel(true).append(room_word::away,
                                                                 RoleWord{PeerId{1}, 0}.write(bytes)));
    net.run(later);
    for (int i = 0; i < 8; ++i) CHECK(net[1].say(PeerId{0}, ordered, "x"));
    net.run(100_ms);
    CHECK(net[1].room.status() == Status::closed);

    RoleNet silent;
    silent.meet(1);
    bool deaf = false;
    silent.loses = [&](const MemoryAddress&, const MemoryAddress& to) { return deaf && to.host == 2; };
    CHECK(set_role(silent[0], 1, 1));
    silent[1].room.permissions().part(); // it forgets what it owes
    silent.run(later);
    CHECK(silent[1].say(PeerId{0}, ordered, "x"));
    silent.run(100_ms);
    CHECK(pardoned(silent[0]) == 0);
    CHECK(violations(silent[0]) == 1); // it answered nevertheless: what it owed came after
}

TEST_CASE("a word about a role is believed from the host alone, and only of roles that there are") {
    const auto say = [](RoleMember& member, PeerId peer, std::uint8_t role) {
        std::byte bytes[RoleWord::bytes_max];
        const BytesIn word = RoleWord{peer, role}.write(bytes);
        member.room.for_each_seat([&](auto& seat) {
            CHECK(seat.link.channel(true).append(room_word::away, word));
            member.room.mark(seat);
        });
    };
    RoleNet net;
    net.meet(3);
    say(net[1], PeerId{1}, 2); // an answer that nobody asked for
    net.run(100_ms);
    CHECK(net[1].room.status() == Status::joined);
    CHECK(roles(net[0]) == "2000");
    say(net[1], PeerId{2}, 2);
    net.run(100_ms);
    CHECK(net[1].last(Kind::closed)->reason == Error::unknown_message);
    say(net[2], PeerId{2}, 3);
    net.run(100_ms);
    CHECK(net[2].last(Kind::closed)->reason == Error::unknown_message);
    CHECK(roles(net[0]) == "20");
    say(net[0], PeerId{3}, 3);
    net.run(100_ms);
    CHECK(net[3].last(Kind::closed)->reason == Error::unknown_message);

    // Where there are no roles there is no such word.
    Net plain;
    plain.meet(1);
    std::byte bytes[RoleWord::bytes_max];
    plain[0].room.for_each_seat([&](auto& seat) {
        CHECK(seat.link.channel(true).append(room_word::away, RoleWord{PeerId{1}, 0}.write(bytes)));
        plain[0].room.mark(seat);
    });
    plain.run(100_ms);
    CHECK(plain[1].last(Kind::closed)->reason == Error::unknown_message);
}

TEST_CASE("a newcomer may be given its role at the door, before anybody hears of it") {
    CHECK(*RoleRoom::role_named("") == 0);
    CHECK(*RoleRoom::role_named("second") == 1);
    CHECK(RoleRoom::role_named("Second").error() == Error::unknown_role);
    CHECK(*TestRoom::role_named("") == 0);
    CHECK(TestRoom::role_named("second").error() == Error::unknown_role);
    RoleNet net;
    net.meet(2);
    const auto come_in = [&](std::uint8_t role) {
        std::byte bytes[JoinedWord::bytes_max];
        const BytesIn word = JoinedWord{PeerId{9}, "z", role}.write(bytes);
        const auto read = JoinedWord::read(word);
        REQUIRE(read);
        CHECK(read->peer == PeerId{9});
        CHECK(read->name == "z");
        return read->role;
    };
    CHECK(come_in(0) == 0);
    CHECK(come_in(2) == 2);
    CHECK(come_in(15) == 15);
    // Said by hand, since the door has not been asked yet.
    std::byte bytes[JoinedWord::bytes_max];
    net[0].room.for_each_seat([&](auto& seat) {
        CHECK(seat.link.channel(true).append(room_word::joined, JoinedWord{PeerId{9}, "z", 2}.write(bytes)));
        net[0].room.mark(seat);
    });
    net.run(100_ms);
    CHECK(roles(net[1]) == "2002");
    CHECK(net[1].last(Kind::peer_joined)->peer == 9);
    CHECK(net[1].count(Kind::role) == 0);
}
