// A hall over a real socket, in real time, on this machine alone.
#include <doctest/doctest.h>

#include <string>

#include "tenon/hall.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/udp.hpp"

using namespace tenon;

namespace {

struct Note {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Left = profile::Action<Game<"left", 1, Event<Note, Reliable>>, transport::Udp>;
using Right = profile::Action<Game<"right", 1, Event<Note, Ordered>>, transport::Udp>;

// Answers each note with its number plus that of the room.
template <class Net>
struct Counter {
    HallRoom<Net>& room;
    std::uint32_t plus;
    void on(PeerId peer, const Note& note) { CHECK(room.send(peer, Note{note.number + plus})); }
};
struct Listener {
    std::uint32_t last = 0;
    bool closed = false;
    void on(PeerId, const Note& note) { last = note.number; }
    void on(const Closed&) { closed = true; }
};

} // namespace

TEST_CASE("over Udp a hall plays two games behind one port, and closes") {
    const transport::UdpOptions local{.bind = transport::IpAddress::v4(127, 0, 0, 1, 0)};
    Hall<Plays<Left, Counter<Left>>, Plays<Right, Counter<Right>>> hall({}, transport::Udp(local));
    REQUIRE(hall.open(0));
    REQUIRE(hall.host<Left>({.room = "a"}, 100u));
    REQUIRE(hall.host<Left>({.room = "b"}, 200u));
    REQUIRE(hall.host<Right>({.room = "a"}, 300u));
    Left at_a({.room = "a"}, transport::Udp(local)), at_b({.room = "b"}, transport::Udp(local));
    Right other({.room = "a"}, transport::Udp(local));
    Listener hears_a, hears_b, hears_other;
    const std::string address = "127.0.0.1:" + std::to_string(hall.port());
    REQUIRE((at_a.join(address) && at_b.join(address) && other.join(address)));
    const auto turn_until = [&](auto&& done) {
        for (int i = 0; i < 60'000 && !done(); ++i) {
            hall.wait(now() + milliseconds(1));
            hall.tick(now());
            at_a.tick(now(), hears_a);
            at_b.tick(now(), hears_b);
            other.tick(now(), hears_other);
        }
        return done();
    };
    REQUIRE(turn_until([&] { return hall.guest_count() == 3 && is_open(other.status()); }));
    REQUIRE(turn_until([&] {
        return at_a.status() == Status::joined && at_b.status() == Status::joined &&
               other.status() == Status::joined;
    }));
    CHECK((at_a.send(PeerId::host(), Note{1}) && at_b.send(PeerId::host(), Note{2}) &&
           other.send(PeerId::host(), Note{3})));
    CHECK(turn_until([&] { return hears_a.last == 101 && hears_b.last == 202 && hears_other.last == 303; }));
    hall.close();
    CHECK(turn_until([&] { return hears_a.closed && hears_b.closed && hears_other.closed; }));
    CHECK_FALSE(hall.is_open());
}
