#include "tenon/room/game_room.hpp"
#include "tenon/room/game_voice.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Place {
    std::uint32_t x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Step {
    std::uint32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Walk = Game<"walk", 1, State<Place>, Command<Step>, Event<Word, Ordered>>;
using Address = transport::MemoryAddress;
using Walkers = GameRoom<Walk, Address, codec::Bits, clock::Independent<>, topology::ClientServer,
                         reliability::AckVector>;

struct Walker {
    std::uint32_t x = 0, steps = 0, words = 0;
    std::string left;

    Place state() { return {x}; }
    Step command() { return {1}; }
    void on(PeerId, const Step& step) { steps += step.by; }
    void on(PeerId, const Word& word) { words = words * 10 + word.number; }
    void on(const PeerLeft& gone) { left += std::string(name(gone.reason)); }
};

// Rooms whose packets go straight from one to the other, without a transport.
struct Field {
    struct Member {
        Walkers room;
        Walker walker{};
        Address address{};
    };
    std::array<Member, 2> members{Member{Walkers({.name = "host", .seed = 1}, 1200, 1), {}, {1, 1}},
                                  Member{Walkers({.name = "guest", .seed = 2}, 1200, 2), {}, {2, 2}}};
    Instant now{1'000'000'000};

    void turn(Member& from, Member& to) {
        from.room.begin(now);
        from.room.handle_timeout(now, from.walker);
        std::array<std::byte, 1200> buffer{};
        from.room.drain(
            now, [&](const Address&) { return BytesOut(buffer); },
            [&](std::size_t size) {
                if (size != 0)
                    to.room.handle_datagram(now, from.address, BytesIn(buffer).first(size), to.walker);
                return true;
            });
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            turn(members[0], members[1]);
            turn(members[1], members[0]);
        }
    }
};

} // namespace

TEST_CASE("a game is played in a room that knows no transport") {
    Field field;
    auto& [host, guest] = field.members;
    CHECK(host.room.next_deadline() == Instant::never());
    REQUIRE(host.room.host());
    REQUIRE(guest.room.join(host.address));
    CHECK(guest.room.status() == Status::joining);
    CHECK(guest.room.next_deadline() == Instant{}); // it wants its turn at once
    CHECK(guest.room.join(host.address).error() == Error::already_open);
    field.run(300_ms);
    REQUIRE(guest.room.status() == Status::joined);
    CHECK(host.room.name_of(PeerId{1}) == "guest");

    host.walker.x = 70;
    guest.walker.x = 7;
    for (const std::uint32_t number : {1u, 2u, 3u}) CHECK(guest.room.send(PeerId::host(), Word{number}));
    CHECK(host.room.broadcast(Word{4}));
    field.run(500_ms);
    CHECK(host.walker.words == 123);
    CHECK(guest.walker.words == 4);
    CHECK(host.walker.steps > 20);
    CHECK(guest.walker.steps == 0);
    CHECK(guest.room.latest<Place>(PeerId::host())->x == 70);
    CHECK(host.room.latest<Place>(PeerId{1})->x == 7);
    CHECK(guest.room.next_deadline() > field.now - 5_ms);
}

TEST_CASE("it is over when everybody was told") {
    Field field;
    auto& [host, guest] = field.members;
    REQUIRE(host.room.host());
    REQUIRE(guest.room.join(host.address));
    field.run(300_ms);
    guest.room.leave();
    CHECK_FALSE(guest.room.over());
    field.run(50_ms);
    CHECK(guest.room.over());
    CHECK_FALSE(host.room.over());
    CHECK(host.walker.left == "left");
    CHECK(guest.room.send(PeerId::host(), Word{1}).error() == Error::not_connected);
    REQUIRE(guest.room.join(host.address)); // and once more
    field.run(300_ms);
    CHECK(guest.room.status() == Status::joined);
}
