#include "tenon/room/banish.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::Memory;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"talk", 1, Event<Word, Ordered>>;
using Net =
    Session<Talk, Memory, codec::Bits, clock::Independent<>, topology::ClientServer, reliability::AckVector>;

struct Player {
    std::string notices;
    void on(PeerId, const Word&) {}
    void on(const Joined&) { notices += "joined "; }
    void on(const PeerLeft& left) { notices += "-" + std::string(name(left.reason)) + " "; }
    void on(const Closed& closed) {
        notices += std::string(name(closed.reason)) + "(" + std::string(closed.text) + ") ";
    }
};

struct Lobby {
    sim::World world{1};
    Net host;
    Net guest{{.room = "lobby"}, world.port(2)}, other{{.room = "lobby"}, world.port(3)};
    Player at_host, at_guest, at_other;

    explicit Lobby(const Options& options = {.room = "lobby"}) : host(options, world.port(1)) {
        world.add(host, at_host);
        world.add(guest, at_guest);
        world.add(other, at_other);
        REQUIRE(host.host(4000));
        (void)join(guest);
        REQUIRE(join(other));
    }
    bool join(Net& net) {
        REQUIRE(net.join("host1:4000"));
        world.run(1_s);
        return net.status() == Status::joined;
    }
};

} // namespace

TEST_CASE("who is banned is sent away and hears at the door until when, and why") {
    Lobby room;
    room.host.bans().tell_time({1'000'000'000});
    REQUIRE(room.host.ban(PeerId{1}, {1'000'003'600}, "griefing"));
    room.world.run(1_s);
    CHECK(room.at_guest.notices == "joined banned() ");
    CHECK(room.at_host.notices == "joined -banned ");
    CHECK_FALSE(room.join(room.guest));
    CHECK(room.at_guest.notices == "joined banned() banned(until 2001-09-09 02:46 UTC: griefing) ");
    CHECK(room.host.health().callers_banned == 1);
    CHECK(room.other.status() == Status::joined);
    room.host.bans().tell_time({1'000'003'600});
    CHECK(room.join(room.guest));
}

TEST_CASE("a ban can be taken back, and outlives the session as text") {
    BanList kept;
    Lobby room({.room = "lobby", .bans = &kept});
    REQUIRE(room.host.ban(PeerId{1}));
    room.world.run(1_s);
    CHECK(kept.size() == 1);
    std::string text;
    kept.write([&](std::string_view piece) { text += piece; });
    BanList again;
    REQUIRE(again.read(text));
    Lobby later({.room = "lobby", .bans = &again});
    CHECK(later.at_guest.notices == "banned() ");
    REQUIRE(again.remove(again[0].who));
    CHECK(later.join(later.guest));
}

TEST_CASE("nobody bans but the host, and nobody who is not there") {
    Lobby room;
    CHECK(room.guest.ban(PeerId::host()).error() == Error::unknown_peer);
    CHECK(room.host.ban(PeerId{9}).error() == Error::unknown_peer);
    CHECK(room.host.ban(PeerId{1}, {-1}).error() == Error::malformed);
    CHECK(room.host.ban(PeerId{1}, BanList::for_good, "two\nlines").error() == Error::malformed);
    room.world.run(1_s);
    CHECK(room.host.roster().size() == 3); // a ban that could not be kept sends nobody away
    CHECK(room.host.bans().size() == 0);
}

TEST_CASE("a stranger without a cookie is told nothing of bans") {
    Lobby room;
    REQUIRE(room.host.ban(PeerId{1}));
    room.world.run(1_s);
    const auto before = room.world.network().counters(1, 2).bytes_sent;
    std::byte bytes[1200];
    const Plain guard;
    Plain::Visit visit;
    Connect connect;
    connect.nonce = connect.cookie = 77;
    connect.terms = Net::RoomType::Contract::terms({.room = "lobby"});
    const std::size_t size = write(bytes, connect, guard, visit);
    room.world.network().send(room.world.now(), {2, 4000}, {1, 4000}, {}, BytesIn(bytes, size));
    room.world.run(1_s);
    CHECK(room.world.network().counters(1, 2).bytes_sent == before);
    CHECK(room.host.health().callers_banned == 0);
}

TEST_CASE("a ban in one room of a hall closes the door of all") {
    struct Match {
        void on(PeerId, const Word&) {}
    };
    sim::World world{1};
    Hall<Plays<Net, Match>> hall{{.rooms_max = 4, .seed = 5}, world.port(1)};
    Net ann{{.room = "red"}, world.port(2)}, bob{{.room = "red"}, world.port(3)},
        eve{{.room = "blue"}, world.port(2)};
    Player anns, bobs, eves;
    world.add(hall);
    world.add(ann, anns);
    world.add(bob, bobs);
    world.add(eve, eves);
    REQUIRE(hall.open(4000));
    const RoomKey red = *hall.host<Net>({.room = "red"});
    REQUIRE(hall.host<Net>({.room = "blue"}));
    REQUIRE(ann.join("host1:4000"));
    world.run(1_s);
    REQUIRE(bob.join("host1:4000"));
    world.run(1_s);
    REQUIRE(hall.room<Net>(red)->ban(PeerId{1}, BanList::for_good, "cheats"));
    world.run(1_s);
    CHECK(anns.notices == "joined banned() ");
    CHECK(bobs.notices == "joined -banned ");
    REQUIRE(eve.join("host1:4000"));
    world.run(1_s);
    CHECK(eves.notices == "banned(cheats) ");
    CHECK(hall.health().callers_banned == 1);
    CHECK(hall.guest_count() == 1);
    CHECK(hall.bans().remove(hall.bans()[0].who));
    REQUIRE(eve.join("host1:4000"));
    world.run(1_s);
    CHECK(eve.status() == Status::joined);
}
