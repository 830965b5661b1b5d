// What one room, one guest or a stranger does wrong is no other room's loss.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "halls.hpp"
#include "tenon/room/room.hpp"

#include "../link/plain_words.hpp"

using namespace halls;
using Address = transport::MemoryAddress;

using namespace plain;

namespace {

constexpr Address host{1, 4000};

// Somebody who knows the handshake, and says what it likes.
struct Stranger {
    transport::Memory port;
    Connect connect;
    Accept accept;
    std::string heard; // the kinds of what came: challenge, accept, refusal
    std::size_t bytes_in = 0, bytes_out = 0;
    std::array<std::byte, 1200> bytes{};

    Stranger(transport::Exchange& exchange, std::uint32_t number, std::uint64_t nonce)
        : port(exchange, number) {
        REQUIRE(port.open(4000));
        connect.nonce = nonce;
        connect.name = "eve";
    }
    void name_room(std::string_view room) { connect.terms = Net::RoomType::Contract::terms({.room = room}); }
    template <class T>
    void say(const T& what) {
        const std::size_t size = write(bytes, what);
        CHECK(port.send(host, {}, BytesIn(bytes).first(size)) == Sent::sent);
        bytes_out += size;
    }
    void hello() { say(Hello{connect.nonce, stable_id("arena")}); }
    std::string hear() {
        port.poll([&](const Address&, Lane, BytesIn datagram) {
            bytes_in += datagram.size();
            const std::uint8_t kind = meeting_kind(datagram);
            if (kind == meeting::challenge) {
                const auto riddle = read_challenge(datagram);
                connect.cookie = riddle->cookie;
                connect.stamp = riddle->stamp;
                heard += "challenge ";
            }
            if (kind == meeting::accept) {
                accept = *read_accept(datagram);
                heard += "accept ";
            }
            if (kind == meeting::refusal) heard += std::string(name(read_refusal(datagram)->reason)) + " ";
        });
        return std::exchange(heard, {});
    }
};

} // namespace

TEST_CASE("nobody comes in with a cookie that is forged, another's, or used up") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}), blue = street.hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    Stranger eve(street.exchange, 60, 5), mal(street.exchange, 61, 5);
    const auto told = [&](Stranger& who) {
        street.run(10_ms);
        return who.hear();
    };
    const auto refused = [&] { return street.hall.health().refused; };
    eve.name_room("red");
    eve.say(eve.connect);
    CHECK(told(eve).empty());
    CHECK(refused() == 1);
    eve.hello();
    CHECK(told(eve) == "challenge ");
    mal.connect = eve.connect;
    mal.say(mal.connect); // from another address
    eve.connect.cookie ^= 1;
    eve.say(eve.connect);
    CHECK(told(mal).empty());
    CHECK(told(eve).empty());
    CHECK(refused() == 3);
    CHECK(street.hall.guest_count() == 0);

    eve.connect.cookie ^= 1;
    eve.say(eve.connect);
    CHECK(told(eve) == "accept ");
    eve.say(eve.connect); // as if the acceptance had been lost
    CHECK(told(eve) == "accept ");
    CHECK(street.hall.guest_count() == 1);
    eve.name_room("blue");
    eve.say(eve.connect); // one request opens one door, of which it is told again
    CHECK(told(eve) == "accept ");
    CHECK(refused() == 3);
    CHECK(street.match(*blue).notices == "open ");

    CHECK(street.hall.room<Net>(*red)->kick(PeerId{1}));
    CHECK(told(eve).empty());
    CHECK(street.hall.guest_count() == 0);
    for (const char* room : {"red", "blue"}) {
        eve.name_room(room);
        eve.say(eve.connect); // one stay for one request
        CHECK(told(eve).empty());
    }
    CHECK(street.hall.close(*red));
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    eve.name_room("red");
    eve.say(eve.connect); // the room is another, the request is not
    CHECK(told(eve).empty());
    CHECK(refused() >= 6);
    CHECK(street.hall.guest_count() == 0);

    eve.connect.nonce = 6;
    eve.hello();
    CHECK(told(eve) == "challenge ");
    eve.say(eve.connect);
    CHECK(told(eve) == "accept ");
}

TEST_CASE("a guest that was in a room when it closed can't be brought back by its old request") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"});
    Stranger eve(street.exchange, 60, 5);
    eve.name_room("red");
    eve.hello();
    street.run(10_ms);
    CHECK(eve.hear() == "challenge ");
    eve.say(eve.connect);
    street.run(10_ms);
    CHECK(eve.hear() == "accept ");
    CHECK(street.hall.close(*red));
    street.run(10_ms);
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    eve.say(eve.connect);
    street.run(10_ms);
    CHECK(eve.hear().empty());
    CHECK(street.hall.guest_count() == 0);
}

TEST_CASE("a guest that has come back is not sent away by the request that it came with first") {
    Street street;
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    Stranger eve(street.exchange, 60, 5);
    const auto told = [&](const auto& what) {
        eve.say(what);
        street.run(10_ms);
        return eve.hear();
    };
    eve.name_room("red");
    eve.hello();
    street.run(10_ms);
    CHECK(eve.hear() == "challenge ");
    CHECK(told(eve.connect) == "accept ");
    const std::uint64_t key = link_key(Arena::schema_hash(), 5, eve.accept.host_nonce);
    CHECK(told(Resume{7, stable_id("arena"), stable_id("red"), eve.accept.peer,
                      resume_proof(key, 7, eve.accept.peer)}) == "accept ");
    CHECK(told(eve.connect).empty());
    CHECK(street.hall.guest_count() == 1);
    CHECK(street.hall.health().refused == 1);
    eve.connect.nonce = 6;
    eve.hello();
    street.run(10_ms);
    CHECK(eve.hear() == "challenge ");
    CHECK(told(eve.connect) == "accept ");
    CHECK(street.hall.guest_count() == 1);
}

TEST_CASE("who takes up its place from the address of a guest of another room has sent that one away") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"}), blue = street.hall.host<Net>({.room = "blue"});
    REQUIRE((red && blue));
    Stranger eve(street.exchange, 60, 5), mal(street.exchange, 61, 6);
    const auto enter = [&](Stranger& who, std::string_view room) {
        who.name_room(room);
        who.hello();
        street.run(10_ms);
        CHECK(who.hear() == "challenge ");
        who.say(who.connect);
        street.run(10_ms);
        CHECK(who.hear() == "accept ");
    };
    enter(eve, "red");
    enter(mal, "blue");
    Resume asked{7, stable_id("arena"), stable_id("red"), eve.accept.peer, 1};
    mal.say(asked); // without a proof
    street.run(10_ms);
    CHECK(mal.hear() == "cant_resume ");
    CHECK(street.match(*blue).notices == "open +eve ");
    asked.room = stable_id("green");
    mal.say(asked);
    street.run(10_ms);
    CHECK(mal.hear() == "cant_resume ");
    CHECK(street.hall.health().refused == 2);

    asked.room = stable_id("red");
    asked.proof = resume_proof(link_key(Arena::schema_hash(), 5, eve.accept.host_nonce), 7, asked.peer);
    mal.say(asked);
    street.run(10_ms);
    CHECK(mal.hear() == "accept ");
    CHECK(street.match(*blue).notices == "open +eve -eve/left ");
    CHECK(street.match(*red).notices == "open +eve ");
    CHECK(street.hall.guest_count() == 1);
    CHECK(street.hall.close(*red));
    street.run(10_ms);
    CHECK(street.hall.guest_count() == 0);
}

TEST_CASE("a crowd of strangers gets no more than it sends, and disturbs nobody who is inside") {
    Street street;
    const auto red = street.hall.host<Net>({.room = "red"});
    auto& ann = street.player("red");
    street.run(100_ms);
    Stranger eve(street.exchange, 60, 5);
    for (std::uint32_t i = 1; i <= 50; ++i) {
        for (int k = 0; k < 100; ++k) eve.hello();
        const std::array<std::byte, 40> noise{};
        for (int k = 0; k < 100; ++k) CHECK(eve.port.send(host, {}, noise) == Sent::sent);
        eve.bytes_out += 100 * noise.size();
        REQUIRE(street.hall.room<Net>(*red)->broadcast(Shot{i}));
        street.step();
        (void)eve.hear();
        street.now += 5_ms;
        CHECK(eve.bytes_in <= eve.bytes_out);
    }
    street.run(50_ms);
    CHECK(ann.listener.shots == 50);
    CHECK(street.hall.health().refused >= 5000);
    CHECK(street.hall.room<Net>(*red)->health().refused == 0);
}

TEST_CASE("a guest that floods its room or talks nonsense is its room's alone") {
    Street street;
    REQUIRE(street.hall.host<Net>({.room = "red"}));
    const auto blue = street.hall.host<Net>({.room = "blue"});
    auto &ann = street.player("red"), &bob = street.player("blue");
    street.run(200_ms);
    Room<Address, reliability::AckVector> eve({.name = "eve"},
                                              Net::RoomType::Contract::terms({.room = "red"}),
                                              Net::RoomType::Contract::carriage(), 1200, Pulse{}, 9);
    transport::Memory port(street.exchange, 70);
    REQUIRE(port.open(4000));
    REQUIRE(eve.join(street.now, host));
    std::uint32_t said = 0;
    const auto turn = [&] {
        RoomEvent event;
        port.poll([&](const Address& from, Lane, BytesIn datagram) {
            eve.handle_datagram(street.now, from, datagram);
            while (eve.poll_event(event)) continue;
        });
        eve.handle_timeout(street.now);
        std::array<std::byte, 1200> buffer{};
        while (const auto out = eve.poll_transmit(street.now, buffer))
            (void)port.send(out.to, {}, BytesIn(buffer).first(out.size));
        REQUIRE(street.hall.room<Net>(*blue)->broadcast(Shot{++said}));
        street.run(5_ms);
    };
    for (int i = 0; i < 40; ++i) turn();
    REQUIRE(eve.status() == Status::joined);
    const std::array<std::byte, 1100> noise{std::byte{1}};
    for (int i = 0; i < 40; ++i) {
        for (int k = 0; k < 200; ++k) CHECK(port.send(host, {}, noise) == Sent::sent);
        turn();
    }
    CHECK(eve.status() == Status::joined); // damaged packets may be anybody's
    CHECK(street.hall.guest_count() == 3);
    REQUIRE(eve.push(*eve.seat_of(PeerId::host()), {MessageType{4000}, Delivery::ordered, noise, {}, 0}));
    for (int i = 0; i < 40; ++i) turn();
    CHECK(eve.status() == Status::closed);
    CHECK(street.hall.guest_count() == 2);
    street.run(50_ms);
    CHECK(bob.listener.shots == said);
    CHECK(ann.listener.told == "joined");
    CHECK(ann.net.roster().size() == 2);
}

TEST_CASE("a full queue in one room is not full in another") {
    Street street;
    const auto a = street.hall.host<ChatNet>({.room = "a", .queue_bytes_max = 40'000});
    const auto b = street.hall.host<ChatNet>({.room = "b", .queue_bytes_max = 40'000});
    REQUIRE((a && b));
    auto& deaf = street.talker("a");
    auto& hears = street.talker("b");
    street.run(100_ms);
    REQUIRE(deaf.net.transport().is_open());
    deaf.net.transport().close(); // nothing is acknowledged any more
    Error full = Error::none;
    std::size_t heard = 0;
    for (int i = 0; i < 40; ++i) {
        if (const auto said = street.hall.room<ChatNet>(*a)->broadcast(Line{std::string(9000, 'x')}); !said)
            full = said.error();
        CHECK(street.hall.room<ChatNet>(*b)->broadcast(Line{std::string(9000, 'y')}));
        street.run(25_ms);
        heard += hears.listener.lines.size() / 9001;
        hears.listener.lines.clear();
    }
    CHECK(full == Error::queue_full);
    CHECK(heard == 40);
}

TEST_CASE("when the transport takes little, rooms share it, and the door as well") {
    // Ten datagrams a turn, for all.
    Street street({}, {.seed = 7, .outgoing_bytes = 12'500});
    std::vector<RoomKey> rooms;
    for (int i = 0; i < 12; ++i) {
        rooms.push_back(*street.hall.host<ChatNet>({.room = "room" + std::to_string(i)}));
        street.talker("room" + std::to_string(i));
        street.run(50_ms);
    }
    for (auto& talker : street.talkers) REQUIRE(talker->listener.told == "joined");
    const std::string much(15'000, 'x');
    for (const std::size_t loud : {0u, 1u})
        for (int i = 0; i < 16; ++i) CHECK(street.hall.room<ChatNet>(rooms[loud])->broadcast(Line{much}));
    street.run(20_ms);
    for (const RoomKey room : rooms) CHECK(street.hall.room<ChatNet>(room)->broadcast(Line{"quiet"}));
    auto& late = street.talker("room5");
    street.run(100_ms);
    for (std::size_t i = 2; i < rooms.size(); ++i) CHECK(street.talkers[i]->listener.lines == "quiet ");
    CHECK(late.listener.told == "joined");
    for (const std::size_t loud : {0u, 1u}) { // both went on, and neither before the other
        const std::size_t lines = street.talkers[loud]->listener.lines.size() / much.size();
        CHECK(lines >= 2);
        CHECK(lines < 16);
    }
    street.run(5_s);
    for (const std::size_t loud : {0u, 1u})
        CHECK(street.talkers[loud]->listener.lines.size() == 16 * (much.size() + 1) + 6);
}
