// What a program gets that says nothing of encryption: over real sockets, in real time, on this machine alone.
#include "tenon/encrypted.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <type_traits>

#include "tenon/hall.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/session.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/udp.hpp"

using namespace tenon;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Net = profile::Action<Game<"words", 1, Event<Word, Reliable>>>;

struct Person {
    std::uint32_t heard = 0;
    std::optional<Error> closed;
    PeerId guest;
    void on(PeerId, const Word& word) { heard = word.number; }
    void on(PeerJoined who) { guest = who.peer; }
    void on(Closed why) { closed = why.reason; }
};

// Turns of both, until it is so.
template <class Host, class Hears, class Done>
bool turn_until(Host& host, Hears&& host_turn, Net& guest, Person& at_guest, Done&& done) {
    for (int i = 0; i < 60'000 && !done(); ++i) {
        host.wait(now() + milliseconds(1));
        host_turn();
        guest.tick(now(), at_guest);
    }
    return done();
}
bool turn_until(Net& host, Person& at_host, Net& guest, Person& at_guest, auto&& done) {
    return turn_until(
        host, [&] { host.tick(now(), at_host); }, guest, at_guest, done);
}
std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

} // namespace

TEST_CASE("a program that says nothing of it encrypts, and both sides know each other's key") {
    static_assert(std::is_same_v<Net::TransportType, profile::Default>);
    static_assert(TransportTraits(Net::TransportType::traits).encrypted);
    static_assert(overhead<Net> == 21);
    Net host{{.room = "lobby"}}, guest{{.room = "lobby"}};
    Person at_host, at_guest;
    REQUIRE(host.host(0));
    REQUIRE(guest.join(at(host.port())));
    REQUIRE(turn_until(host, at_host, guest, at_guest,
                       [&] { return at_host.guest && guest.status() == Status::joined; }));
    REQUIRE(host.send(at_host.guest, Word{7}));
    REQUIRE(guest.send(PeerId::host(), Word{8}));
    CHECK(turn_until(host, at_host, guest, at_guest,
                     [&] { return at_guest.heard == 7 && at_host.heard == 8; }));
    const auto& hosts_key = host.transport().keyring().identity().key();
    const auto& guests_key = guest.transport().keyring().identity().key();
    REQUIRE(guest.identity(PeerId::host()));
    CHECK(*guest.identity(PeerId::host()) == hosts_key);
    REQUIRE(host.identity(at_host.guest));
    CHECK(*host.identity(at_host.guest) == guests_key);
    CHECK_FALSE(hosts_key == guests_key); // each has made its own
}

TEST_CASE("a host is believed the first time, and another under its name is not") {
    Net guest{{.room = "lobby"}};
    Person at_guest;
    std::uint16_t port = 0;
    {
        Net host{{.room = "lobby"}};
        Person at_host;
        REQUIRE(host.host(0));
        port = host.port();
        REQUIRE(guest.join(at(port)));
        REQUIRE(
            turn_until(host, at_host, guest, at_guest, [&] { return guest.status() == Status::joined; }));
        guest.leave();
        REQUIRE(turn_until(host, at_host, guest, at_guest, [&] { return !is_open(guest.status()); }));
    }
    at_guest = {};
    Net impostor{{.room = "lobby"}};
    Person at_impostor;
    REQUIRE(impostor.host(port));
    REQUIRE(guest.join(at(port)));
    REQUIRE(turn_until(impostor, at_impostor, guest, at_guest, [&] { return at_guest.closed.has_value(); }));
    CHECK(*at_guest.closed == Error::key_changed);
    CHECK_FALSE(at_impostor.guest);
}

TEST_CASE("a program that only believes pinned hosts joins no other") {
    Net host{{.room = "lobby"}}, guest{{.room = "lobby"}};
    Person at_host, at_guest;
    guest.transport().keyring().meets_strangers = false;
    REQUIRE(host.host(0));
    REQUIRE(guest.join(at(host.port())));
    REQUIRE(turn_until(host, at_host, guest, at_guest, [&] { return at_guest.closed.has_value(); }));
    CHECK(*at_guest.closed == Error::unknown_key);
    at_guest = {};
    REQUIRE(guest.transport().keyring().trust.pin(at(host.port()), host.transport().keyring().identity().key()));
    REQUIRE(guest.join(at(host.port())));
    CHECK(turn_until(host, at_host, guest, at_guest, [&] { return guest.status() == Status::joined; }));
}

TEST_CASE("a hall encrypts like its sessions") {
    struct Salon {
        HallRoom<Net>& room;
        void on(PeerId from, const Word& word) { CHECK(room.send(from, Word{word.number + 1})); }
    };
    Hall<Plays<Net, Salon>> hall;
    Net guest{{.room = "lobby"}};
    Person at_guest;
    REQUIRE(hall.open(0));
    REQUIRE(hall.host<Net>({.room = "lobby"}));
    REQUIRE(guest.join(at(hall.port())));
    const auto turn = [&] { hall.tick(now()); };
    REQUIRE(turn_until(hall, turn, guest, at_guest, [&] { return guest.status() == Status::joined; }));
    CHECK(guest.identity(PeerId::host()));
    REQUIRE(guest.send(PeerId::host(), Word{1}));
    CHECK(turn_until(hall, turn, guest, at_guest, [&] { return at_guest.heard == 2; }));
}
