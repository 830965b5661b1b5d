#include "tenon/room/streams.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <map>
#include <vector>

#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/game_room.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Beast {
    std::uint32_t x = 0, made = 0;
    std::array<std::uint32_t, 20> body{};
    void serialize(auto& ar) { ar(x, made, body); }
};
struct Step {
    std::uint32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Zoo = Game<"zoo", 1, State<Beast>, Command<Step>>;
using Address = transport::MemoryAddress;
constexpr Rates zoo_rates{.input_hz = 10, .snapshot_hz = 20};

// The host says where everybody's beast is.
struct Keeper {
    std::uint32_t made = 0, asked = 0;
    std::vector<Boundary> boundaries{};
    Beast state(PeerId peer) {
        Beast beast{peer.value, ++made, {}};
        beast.body.fill(0xFFFF'FFFF); // a hundred bytes or so
        return beast;
    }
    Step command() { return ++asked, Step{1}; }
    void on(PeerId, const Step&) {}
    void on(const Boundary& boundary) { boundaries.push_back(boundary); }
};
struct Throttler : Keeper {
    std::map<std::uint32_t, double> hz{};
    double state_hz(PeerId peer, const Beast& beast) {
        CHECK(beast.x == peer.value);
        return hz.count(peer.value) != 0 ? hz[peer.value] : 1000;
    }
};

// A host and three guests, whose packets go straight from one to the other.
template <class Clock, class Handlers>
struct Field {
    using RoomType =
        GameRoom<Zoo, Address, codec::Bits, Clock, topology::ClientServer, reliability::AckVector>;
    struct Member {
        RoomType room;
        Handlers handlers{};
        Address address{};
        std::map<std::uint32_t, std::uint32_t> newest{}, changes{};
    };
    std::array<Member, 4> members{Member{RoomType({.seed = 1}, 1200, 1), {}, {1, 1}},
                                  Member{RoomType({.seed = 2}, 1200, 2), {}, {2, 2}},
                                  Member{RoomType({.seed = 3}, 1200, 3), {}, {3, 3}},
                                  Member{RoomType({.seed = 4}, 1200, 4), {}, {4, 4}}};
    Instant now{1'000'000'000};

    Field() {
        REQUIRE(host().host());
        for (std::size_t i = 1; i < members.size(); ++i) REQUIRE(members[i].room.join(members[0].address));
        run(1_s);
        for (Member& member : members) {
            CHECK(member.room.roster().size() == 4);
            member.changes.clear();
        }
    }
    RoomType& host() { return members[0].room; }
    void turn(Member& from) {
        from.room.begin(now);
        from.room.handle_timeout(now, from.handlers);
        std::array<std::byte, 1200> buffer{};
        Address to;
        from.room.drain(
            now,
            [&](const Address& address) {
                to = address;
                return BytesOut(buffer);
            },
            [&](std::size_t size) {
                Member& member = members[to.host - 1];
                if (size != 0)
                    member.room.handle_datagram(now, from.address, BytesIn(buffer).first(size),
                                                member.handlers);
                return true;
            });
        for (const PeerId peer : from.room.roster()) {
            const auto beast = from.room.template latest<Beast>(peer);
            if (!beast || from.newest[peer.value] == beast->made) continue;
            from.newest[peer.value] = beast->made;
            ++from.changes[peer.value];
        }
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms)
            for (Member& member : members) turn(member);
    }
};

} // namespace

TEST_CASE("all states go at every snapshot where nothing limits them") {
    Field<clock::Independent<zoo_rates>, Keeper> field;
    field.run(10_s);
    for (std::size_t i = 1; i < 4; ++i)
        for (std::uint32_t peer = 0; peer < 4; ++peer)
            CHECK(field.members[i].changes[peer] == doctest::Approx(200).epsilon(0.01));
    CHECK(field.host().health().put_off == 0);
    CHECK(field.host().health().pace == 1);
}

TEST_CASE("a state that need not be sent often is sent as often as the game says") {
    Field<clock::Independent<zoo_rates>, Throttler> field;
    field.members[0].handlers.hz = {{1, 5}, {2, 0}, {3, 7}};
    field.run(60_s);
    auto& changes = field.members[1].changes;
    CHECK(changes[0] == doctest::Approx(1200).epsilon(0.01));
    CHECK(changes[1] == doctest::Approx(300).epsilon(0.02));
    CHECK(changes[2] == 0);
    CHECK(changes[3] == doctest::Approx(420).epsilon(0.02));
}

TEST_CASE("a budget of bytes puts off what does not fit, and nobody's state for long") {
    Field<clock::Independent<zoo_rates>, Keeper> field;
    Rates rates = zoo_rates;
    rates.snapshot_bytes = 250; // two beasts
    field.host().configure(rates);
    field.run(10_s);
    for (std::size_t i = 1; i < 4; ++i)
        for (std::uint32_t peer = 0; peer < 4; ++peer)
            CHECK(field.members[i].changes[peer] == doctest::Approx(100).epsilon(0.05));
    const auto health = field.host().health(PeerId{1});
    REQUIRE(health);
    CHECK(health->put_off == doctest::Approx(400).epsilon(0.05));
    // What is larger than all of it goes alone.
    rates.snapshot_bytes = 10;
    field.host().configure(rates);
    for (auto& member : field.members) member.changes.clear();
    field.run(10_s);
    for (std::uint32_t peer = 0; peer < 4; ++peer)
        CHECK(field.members[1].changes[peer] == doctest::Approx(50).epsilon(0.1));
}

TEST_CASE("a throttled state that was put off goes with the next snapshot") {
    Field<clock::Independent<zoo_rates>, Throttler> field;
    Rates rates = zoo_rates;
    rates.snapshot_bytes = 250;
    field.host().configure(rates);
    field.members[0].handlers.hz = {{3, 2}};
    field.run(30_s);
    CHECK(field.members[1].changes[3] >= 55);
}

TEST_CASE("rates change while the room is open, and a rate of zero waits for a touch") {
    Field<clock::Independent<zoo_rates>, Keeper> field;
    Rates rates = zoo_rates;
    rates.snapshot_hz = 0;
    rates.input_hz = 0;
    for (auto& member : field.members) member.room.configure(rates);
    field.run(1_s);
    for (auto& member : field.members) member.changes.clear();
    const auto asked = field.members[1].handlers.asked;
    field.run(10_s);
    CHECK(field.members[1].changes[0] == 0);
    CHECK(field.members[1].handlers.asked == asked);
    field.host().touch();
    field.members[1].room.touch();
    field.run(20_ms);
    CHECK(field.members[1].changes[0] == 1);
    CHECK(field.members[1].handlers.asked == asked + 1);
    CHECK(field.host().health(PeerId{1})->pace == 1);
}

TEST_CASE("with boundaries, what has arrived is seen at the next one, by all at the same") {
    Field<clock::Hybrid<10, Rates{.input_hz = 50, .snapshot_hz = 10}>, Keeper> field;
    field.run(3_s);
    auto& seen = field.members[1].handlers.boundaries;
    REQUIRE(seen.size() >= 30);
    const std::int64_t last = seen.back().number;
    for (auto& member : field.members) {
        auto& others = member.handlers.boundaries;
        CHECK(others.back().number >= last - 1);
        for (std::size_t i = others.size() - 20; i < others.size(); ++i) {
            CHECK(others[i].number == others[i - 1].number + 1);
            CHECK(others[i].missed == 0);
            CHECK(others[i].at == Instant{others[i].number * 100'000'000});
        }
    }
    // Ten times a second all states move on at once, and at no other time.
    auto& changes = field.members[1].changes;
    int moments = 0;
    for (int i = 0; i < 1000; ++i) {
        auto before = changes;
        field.run(5_ms);
        int moved = 0;
        for (std::uint32_t peer = 0; peer < 4; ++peer) moved += changes[peer] != before[peer] ? 1 : 0;
        CHECK((moved == 0 || moved == 4));
        moments += moved == 4 ? 1 : 0;
    }
    CHECK(moments >= 49);
    CHECK(moments <= 51);
}
