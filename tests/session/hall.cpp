#include "tenon/hall.hpp"

#include <doctest/doctest.h>

#include <string>

#include "halls.hpp"
#include "tenon/check_hall.hpp"
#include "tenon/hall_places.hpp"
#include "tenon/hall_room.hpp"

using namespace halls;

TEST_CASE("rooms of two games behind one port, some of one name, and nobody hears another room") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}, 10.f);
    const auto blue = street.hall.host<Net>({.room = "blue"}, 20.f);
    const auto chat = street.hall.host<ChatNet>({.room = "red"});
    REQUIRE((red && blue && chat));
    auto &ann = street.player("red", "ann"), &bob = street.player("red", "bob");
    auto& cyd = street.player("blue", "cyd");
    auto &dan = street.talker("red", "dan"), &eve = street.talker("red", "eve");
    street.run(300_ms);
    CHECK(street.match(*red).notices == "open +ann +bob ");
    CHECK(street.match(*blue).notices == "open +cyd ");
    for (const auto* guest : {&ann, &bob, &cyd}) CHECK(guest->listener.told == "joined");
    CHECK(ann.net.latest<Ship>(PeerId::host())->x == 10);
    CHECK(cyd.net.latest<Ship>(PeerId::host())->x == 20);
    CHECK(ann.net.roster().size() == 3);
    CHECK(cyd.net.roster().size() == 2);
    CHECK(dan.net.name_of(PeerId{2}) == "eve");

    REQUIRE(street.hall.room<Net>(*red)->broadcast(Shot{1}));
    REQUIRE(street.hall.room<Net>(*blue)->send(cyd.net.self(), Shot{2}));
    REQUIRE(ann.net.broadcast(Shot{3}));
    REQUIRE(dan.net.send(PeerId::host(), Line{"hello"}));
    street.run(100_ms);
    CHECK(ann.listener.shots == 1);
    CHECK(bob.listener.shots == 2);
    CHECK(cyd.listener.shots == 1);
    CHECK(cyd.listener.last_shot == 2);
    CHECK(eve.listener.lines == "red:hello ");
    CHECK(dan.listener.lines == "red:hello ");
    CHECK(street.match(*red).shots == 1);
    CHECK(street.match(*blue).shots == 0);
    CHECK(street.hall.health().peer_count == 5);
    CHECK(street.hall.health().status == Status::hosting);
    CHECK(street.hall.health().refused == 0);
    CHECK(street.hall.room<Net>(*red)->health().peer_count == 2);
    CHECK(street.hall.guest_count() == 5);
    CHECK(street.hall.room_count() == 3);
}

TEST_CASE("rooms are found by key and by name, each by the session that plays there") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"});
    const auto chat = street.hall.host<ChatNet>({.room = "red"});
    REQUIRE((red && chat));
    CHECK(street.hall.find<Net>("red") == *red);
    CHECK(street.hall.find<ChatNet>("red") == *chat);
    CHECK_FALSE(street.hall.find<Net>("blue"));
    CHECK(street.hall.room<Net>(*red)->name() == "red");
    CHECK(street.hall.room<Net>(*red)->key() == *red);
    CHECK(street.hall.room<Net>(*red)->self() == PeerId::host());
    CHECK(street.hall.room<ChatNet>(*red) == nullptr);
    CHECK(street.hall.handlers<ChatNet>(*chat)->room == street.hall.room<ChatNet>(*chat));
    CHECK(street.hall.room<Net>(RoomKey{}) == nullptr);
    REQUIRE(street.hall.host<Net>({.room = std::string("blue")})); // the name is the hall's own now
    std::string names;
    street.hall.for_each<Net>([&](auto& room, Match& match) {
        CHECK(&match.room == &room);
        names += std::string(room.name()) + " ";
    });
    CHECK(names == "red blue ");
}

TEST_CASE("what can't be hosted has a name") {
    Street street({.rooms_max = 2});
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    CHECK(street.hall.host<Net>({.room = "red"}).error() == Error::room_taken);
    CHECK(street.hall.host<Net>({.room = std::string(49, 'x')}).error() == Error::over_bound);
    const auto chat = street.hall.host<ChatNet>({.room = "red"});
    REQUIRE(chat);
    CHECK(street.hall.host<Net>({.room = "blue"}).error() == Error::hall_full);
    CHECK(street.hall.close(*chat));
    CHECK(street.hall.host<Net>({.room = "blue"}).error() == Error::hall_full); // it has not said goodbye
    street.step();
    CHECK(street.hall.host<Net>({.room = "blue"}));
    CHECK(street.hall.open(4001).error() == Error::already_open);
    Both other({}, transport::Memory(street.exchange, 1));
    CHECK(other.host<Net>({.room = "red"}).error() == Error::closed);
    CHECK(other.open(4000).error() == Error::port_in_use);
    CHECK(other.next_deadline() == Instant::never());
    CHECK(other.health().status == Status::closed);
}

TEST_CASE("callers for another room, game, build, or a full room are told so") {
    Street street;
    REQUIRE(street.hall.host<Net>({.room = "red", .peers_max = 1}));
    auto& first = street.player("red");
    street.run(100_ms);
    REQUIRE(first.listener.told == "joined");
    auto &second = street.player("red"), &lost = street.player("green");
    auto& talker = street.talker("red"); // a game that is played here, but no room of it
    using Older = NetOf<Game<"arena", 2, State<Ship>, Event<Shot, Reliable>, Event<Spark>>>;
    using Bare = NetOf<Game<"arena", 1, State<Ship>, Event<Shot, Reliable>>>;
    using Other = NetOf<Game<"chess", 1, Event<Shot, Reliable>>>;
    Guest<Older> older({.room = "red"}, transport::Memory(street.exchange, 50));
    Guest<Bare> bare({.room = "green"}, transport::Memory(street.exchange, 51));
    Guest<Other> other({.room = "red"}, transport::Memory(street.exchange, 52));
    REQUIRE((older.net.join("host1:4000") && bare.net.join("host1:4000") && other.net.join("host1:4000")));
    for (int i = 0; i < 40; ++i) {
        older.net.tick(street.now, older.listener);
        bare.net.tick(street.now, bare.listener);
        other.net.tick(street.now, other.listener);
        street.run(5_ms);
    }
    CHECK(second.listener.told == "room_full");
    CHECK(lost.listener.told == "wrong_room");
    CHECK(talker.listener.told == "wrong_room");
    CHECK(older.listener.told ==
          "version_mismatch: the host plays version 1, this program 2: the host needs an update");
    CHECK(bare.listener.told.starts_with("schema_mismatch: ")); // which helps more than that there is no room
    CHECK(other.listener.told == "wrong_game");
    CHECK(street.hall.guest_count() == 1);
}

TEST_CASE("all rooms together have no more guests than the hall allows") {
    Street street({.guests_max = 2});
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    REQUIRE(street.hall.host<Net>({.room = "blue"}));
    for (const char* room : {"red", "blue", "red"}) {
        street.player(room);
        street.run(100_ms);
    }
    CHECK(street.players[1]->listener.told == "joined");
    CHECK(street.players[2]->listener.told == "room_full");
    CHECK(street.hall.guest_count() == 2);
    street.players[0]->net.leave();
    street.player("blue");
    street.run(100_ms);
    CHECK(street.players[3]->listener.told == "joined");
}

TEST_CASE("a room that is closed says goodbye, is gone, and leaves its name and its place to others") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}), blue = street.hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    auto &ann = street.player("red", "ann"), &bob = street.player("red", "bob"), &cyd = street.player("blue");
    street.run(200_ms);
    REQUIRE(street.hall.room<Net>(*red)->broadcast(Shot{7})); // the last words go before the goodbye
    CHECK(street.hall.close(*red));
    CHECK_FALSE(street.hall.close(*red));
    CHECK(street.hall.room<Net>(*red) == nullptr);
    CHECK_FALSE(street.hall.find<Net>("red"));
    const auto again = street.hall.host<Net>({.room = "red"});
    REQUIRE(again);
    CHECK(*again != *red);
    street.run(100_ms);
    CHECK(ann.listener.told == "left");
    CHECK(bob.listener.told == "left");
    CHECK(bob.listener.last_shot == 7);
    CHECK(cyd.listener.told == "joined");
    CHECK(street.hall.room_count() == 2);
    CHECK(street.hall.guest_count() == 1);
    REQUIRE(ann.net.join("host1:4000"));
    street.run(100_ms);
    CHECK(ann.listener.told == "joined");
    CHECK(street.match(*again).notices == "open +ann ");

    street.hall.room<Net>(*again)->leave(); // the other way to close it
    CHECK(street.hall.room<Net>(*again) == nullptr);
    CHECK(street.hall.host<Net>({.room = "red"}));
    street.run(50_ms);
    CHECK(ann.listener.told == "left");
    CHECK(street.hall.room_count() == 2);
    CHECK_FALSE(street.hall.close(*again));
}

TEST_CASE("a hall that is closed tells everybody, gives up its port, and can open again") {
    Street street;
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    REQUIRE(street.hall.host<ChatNet>({.room = "red"}));
    auto& ann = street.player("red");
    auto& dan = street.talker("red");
    street.run(100_ms);
    street.hall.close();
    CHECK(street.hall.host<Net>({.room = "blue"}).error() == Error::closed);
    CHECK(street.hall.next_deadline() == Instant{});
    CHECK(street.hall.is_open());
    street.run(50_ms);
    CHECK(ann.listener.told == "left");
    CHECK(dan.listener.told == "left");
    CHECK_FALSE(street.hall.is_open());
    CHECK_FALSE(street.hall.transport().is_open());
    CHECK(street.hall.room_count() == 0);
    CHECK(street.hall.guest_count() == 0);
    REQUIRE(street.hall.open(0));
    CHECK(street.hall.port() != 4000);
    CHECK(street.hall.host<Net>({.room = "red"}));
}

TEST_CASE("handlers may do anything to the hall in the middle of its turn") {
    Street street({.rooms_max = 4});
    auto& hall = street.hall;
    const auto red = hall.host<Net>({.room = "red"}), blue = hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    auto &ann = street.player("red", "ann"), &cyd = street.player("blue", "cyd");
    street.run(200_ms);
    const auto shoot = [&](std::uint32_t number) {
        REQUIRE(ann.net.send(PeerId::host(), Shot{number}));
        street.run(50_ms);
    };
    Result<RoomKey> made = RoomKey{};
    street.match(*red).then = [&](const Shot& shot) {
        switch (shot.number) {
            case 1: // speaks elsewhere
                CHECK(hall.room<Net>(*blue)->broadcast(Shot{10}));
                break;
            case 2: // opens a room, and another that does not fit
                made = hall.host<ChatNet>({.room = "made"});
                CHECK(hall.host<Net>({.room = "red"}).error() == Error::room_taken);
                break;
            case 3: { // a turn in its turn is none
                const std::uint32_t states = street.match(*blue).states;
                hall.tick(street.now + 1_s);
                CHECK(street.match(*blue).states == states);
                break;
            }
            case 4: // throws out a guest of another room
                CHECK(hall.room<Net>(*blue)->kick(cyd.net.self()));
                break;
            case 5: // closes what it has opened, the other room, and its own
                CHECK(hall.close(*made));
                CHECK(hall.close(*blue));
                CHECK(hall.close(*red));
                CHECK(hall.room<Net>(*red) == nullptr);
                made = hall.host<Net>({.room = "red"}, 30.f);
                break;
            default:
                hall.close();
        }
    };
    shoot(1);
    CHECK(cyd.listener.last_shot == 10);
    shoot(2);
    REQUIRE(made);
    CHECK(hall.find<ChatNet>("made") == *made);
    shoot(3);
    CHECK(street.match(*red).shots == 3);
    shoot(4);
    CHECK(cyd.listener.told == "kicked");
    CHECK(street.match(*blue).notices == "open +cyd -cyd/kicked ");
    CHECK(hall.room_count() == 3);
    shoot(5);
    CHECK(ann.listener.told == "left");
    CHECK(hall.room_count() == 1);
    CHECK(hall.find<Net>("red") == *made);
    street.match(*made).then = [&](const Shot&) { hall.close(); };
    REQUIRE(ann.net.join("host1:4000"));
    street.run(100_ms);
    shoot(6);
    CHECK(ann.listener.told == "left");
    CHECK_FALSE(hall.is_open());
}

TEST_CASE("a hall without anything to do has no deadline, and quiet rooms get no turns") {
    Street street;
    CHECK(street.hall.next_deadline() == Instant::never());
    const auto chat = street.hall.host<ChatNet>({.room = "a"});
    for (const char* room : {"b", "c", "d"}) REQUIRE(street.hall.host<ChatNet>({.room = room}));
    CHECK(street.hall.next_deadline() == Instant{});
    street.step();
    street.step();
    CHECK(street.hall.next_deadline() == Instant::never());
    street.talker("a");
    street.run(1_s);
    CHECK(street.hall.next_deadline() > street.now); // its keepalive
    CHECK(street.hall.next_deadline() < street.now + 2_s);

    // A room in which states are due is given the turns for them.
    const auto red = street.hall.host<Net>({.room = "red"});
    street.run(1_s);
    const std::uint32_t states = street.match(*red).states;
    CHECK(states >= 19);
    CHECK(states <= 22);
    CHECK(street.hall.room<ChatNet>(*chat)->rates().snapshot_hz == 20);
}

TEST_CASE("what is said between two turns in a room that was quiet for long is new") {
    Street street;
    const auto chat = street.hall.host<ChatNet>({.room = "a"});
    auto& guest = street.talker("a");
    street.run(10_s);
    street.hall.tick(street.now); // the last that the room heard of time may be a second old
    CHECK(street.hall.next_deadline() > street.now);
    REQUIRE(street.hall.room<ChatNet>(*chat)->broadcast(Spark{1}));
    CHECK(street.hall.next_deadline() == Instant{});
    street.step();
    street.step();
    CHECK(guest.listener.sparks == 1);
}

TEST_CASE("a guest whose program starts anew in another room has left the first") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}), blue = street.hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    transport::Exchange& exchange = street.exchange;
    const auto play = [&](std::string_view room) {
        // The same port, since the one before was closed without a word.
        Guest<Net> guest({.room = room, .name = room}, transport::Memory(exchange, 90));
        REQUIRE(guest.net.join("host1:4000"));
        const auto port = guest.net.port();
        for (int i = 0; i < 40; ++i, street.now += 5_ms) {
            street.step();
            guest.net.tick(street.now, guest.listener);
        }
        CHECK(guest.listener.told == "joined");
        CHECK(street.hall.guest_count() == 1);
        return port;
    };
    // Memory gives free ports in a row, and after 16384 of them the first again.
    const auto port = play("red");
    for (int i = 0; i < 16383; ++i) {
        transport::Memory used(exchange, 91);
        REQUIRE(used.open(0));
    }
    CHECK(play("blue") == port);
    CHECK(street.match(*red).notices == "open +red -red/left ");
    CHECK(street.match(*blue).notices == "open +blue ");
}

TEST_CASE("a guest that moves to another address goes on in its room, and in no other") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}), blue = street.hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    auto &ann = street.player("red", "ann"), &bob = street.player("red", "bob"),
         &cyd = street.player("blue", "cyd");
    street.run(200_ms);
    std::uint32_t said = 0;
    for (int i = 0; i < 10; ++i) {
        REQUIRE(street.hall.room<Net>(*red)->broadcast(Shot{++said}));
        REQUIRE(ann.net.send(PeerId::host(), Shot{said}));
        if (i % 3 == 1) REQUIRE(ann.net.move());
        street.run(20_ms);
        CHECK(street.hall.guest_count() == 3);
    }
    street.run(300_ms);
    CHECK(ann.listener.shots == said);
    CHECK(bob.listener.shots == said);
    CHECK(street.match(*red).shots == said);
    CHECK(street.match(*red).notices == "open +ann +bob ");
    CHECK(cyd.listener.told == "joined");
    CHECK(street.hall.guest_count() == 3);
    // And its room finds it where it is now.
    CHECK(street.hall.room<Net>(*red)->kick(ann.net.self()));
    street.run(50_ms);
    CHECK(ann.listener.told == "kicked");
    CHECK(street.hall.guest_count() == 2);
}

TEST_CASE("a guest that comes back after its room has gone hears so at once") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"});
    auto& ann = street.player("red", "ann");
    street.run(100_ms);
    CHECK(street.hall.close(*red));
    street.hall.tick(street.now);
    street.exchange.take_outgoing([](auto&&...) {}); // the goodbye is lost
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    for (int i = 0; i < 100 && ann.listener.told == "joined"; ++i) street.run(50_ms);
    CHECK(ann.listener.told == "cant_resume");
    auto& bob = street.player("blue", "bob");
    const auto blue = street.hall.host<Net>({.room = "blue"});
    street.run(100_ms);
    REQUIRE(bob.listener.told == "joined");
    CHECK(street.hall.close(*blue));
    street.hall.tick(street.now);
    street.exchange.take_outgoing([](auto&&...) {});
    for (int i = 0; i < 100 && bob.listener.told == "joined"; ++i) street.run(50_ms);
    CHECK(bob.listener.told == "cant_resume"); // nor when there is no room of the name
    CHECK(street.hall.guest_count() == 0);
}

TEST_CASE("a hall that is destroyed lets its handlers speak to the end") {
    struct Last {
        HallRoom<ChatNet>& room;
        int& ends;
        void on(PeerId, const Line&) {}
        Last(HallRoom<ChatNet>& in, int& counter) : room(in), ends(counter) {}
        Last(const Last&) = delete;
        Last& operator=(const Last&) = delete;
        ~Last() {
            ++ends;
            (void)room.broadcast(Line{"the end"});
        }
    };
    transport::Exchange exchange(1);
    int ends = 0;
    {
        tenon::Hall<Plays<ChatNet, Last>> hall({}, transport::Memory(exchange, 1));
        REQUIRE(hall.open(4000));
        REQUIRE(hall.host<ChatNet>({.room = "a"}, ends));
        const auto b = hall.host<ChatNet>({.room = "b"}, ends);
        hall.tick(Instant{1'000'000'000});
        CHECK(hall.close(*b));
        hall.tick(Instant{1'000'000'000});
        CHECK(ends == 1);
    }
    CHECK(ends == 2);
}
