// Sessions over Quic, in real time, on this machine alone.
#include "tenon/transport/quic.hpp"

#include <doctest/doctest.h>

#include "../transport/certificates.hpp"
#include "talk.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/threaded.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::Quic;
using transport::Threaded;
using QuicNet = NetOver<Quic>;

namespace {

const ConnectionOptions local{.bind = IpAddress::loopback(0)};

// Something small in its order, and something large in none.
struct Note {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Crate {
    std::uint32_t number = 0;
    std::string text;
    void serialize(auto& ar) { ar(number, tenon::bounded(text, 60'000)); }
};
using Depot =
    tenon::Game<"depot", 1, tenon::Event<Note, tenon::Ordered>, tenon::Event<Crate, tenon::Reliable>>;
template <class Transport>
using DepotNet = tenon::Session<Depot, Transport, tenon::codec::Bits, tenon::clock::Independent<>,
                                tenon::topology::ClientServer, tenon::reliability::AckVector>;
struct Keeper {
    std::uint32_t notes = 0, crates = 0;
    bool sound = true;
    void on(tenon::PeerId, const Note& note) { sound = sound && note.number == notes++; }
    void on(tenon::PeerId, const Crate& crate) {
        sound = sound && crate.text == std::string(crate.text.size(), static_cast<char>('a' + crate.number));
        ++crates;
    }
};
auto bulk_in(Quic& quic) { return quic.counters().bulk_in; }
auto bulk_in(Threaded<Quic>& threaded) {
    return threaded.with([](Quic& quic) { return quic.counters().bulk_in; });
}

template <class Transport>
void says_large_things_apart() {
    auto& set = certificates::Set::get();
    using Net = DepotNet<Transport>;
    Net host({.room = "r"},
             Transport(Quic(local, {}, {.certificate = set.good.certificate, .key = set.good.key})));
    Net guest({.room = "r"}, Transport(Quic(local, {}, {.authorities = set.authority.file()})));
    Keeper at_host, at_guest;
    const auto turn = [&](auto&& done) {
        for (int i = 0; i < 60'000 && !done(); ++i) {
            guest.wait(now() + tenon::milliseconds(1));
            guest.tick(now(), at_guest);
            host.tick(now(), at_host);
        }
        return done();
    };
    REQUIRE(host.host(0));
    REQUIRE(guest.join("127.0.0.1:" + std::to_string(host.port())));
    CHECK(turn([&] { return guest.status() == tenon::Status::joined; }));
    for (Net* net : {&host, &guest}) REQUIRE(net->broadcast(Note{0})); // by which each hears the other
    CHECK(turn([&] { return at_host.notes == 1 && at_guest.notes == 1; }));
    turn([&, turns = 0]() mutable { return ++turns > 20; });
    for (std::uint32_t i = 0; i < 4; ++i)
        for (Net* net : {&host, &guest}) {
            REQUIRE(net->broadcast(Crate{i, std::string(50'000, static_cast<char>('a' + i))}));
            REQUIRE(net->broadcast(Note{i + 1}));
        }
    CHECK(turn([&] {
        return at_host.notes == 5 && at_guest.notes == 5 && at_host.crates == 4 && at_guest.crates == 4;
    }));
    CHECK(at_host.sound);
    CHECK(at_guest.sound);
    CHECK(bulk_in(host.transport()) == 4);
    CHECK(bulk_in(guest.transport()) == 4);
    // And says them before it goes.
    REQUIRE(guest.broadcast(Crate{7, std::string(50'000, 'h')}));
    guest.leave();
    CHECK(turn([&] { return host.roster().size() == 1; }));
    CHECK(at_host.crates == 5);
    CHECK(at_host.sound);
}

} // namespace

TEST_CASE("over Quic two sessions meet, talk in every way, and need no allocation once they have settled") {
    auto& set = certificates::Set::get();
    allocations::Talk<QuicNet> talk{
        Quic(local, {}, {.certificate = set.good.certificate, .key = set.good.key}),
        Quic(local, {}, {.authorities = set.authority.file()})};
    talk.meets_and_talks();
    CHECK(talk.guest.port() == 0); // nobody can call who only dials
    // States and commands went beside the stream.
    CHECK(talk.host.transport().counters().datagrams_in > 20);
    CHECK(talk.guest.transport().counters().datagrams_in > 20);
    talk.guest.leave();
    talk.guest.tick(now(), talk.at_guest);
    talk.turn([&] { return talk.host.roster().size() == 1; });
    CHECK(talk.host.roster().size() == 1);
    talk.turn([&] { return talk.host.transport().connections() == 0; });
    CHECK(talk.host.transport().connections() == 0);
    // And who was there before goes on from there.
    const auto resumed = talk.host.transport().counters().resumed;
    REQUIRE(talk.guest.join("127.0.0.1:" + std::to_string(talk.host.port())));
    talk.turn([&] { return talk.guest.status() == tenon::Status::joined; });
    CHECK(talk.guest.status() == tenon::Status::joined);
    CHECK(talk.host.transport().counters().resumed == resumed + 1);
}

TEST_CASE("over Quic a session says what is large and needs no order in streams of its own, both ways") {
    says_large_things_apart<Quic>();
}
TEST_CASE("and so it does where Quic has a thread of its own") { says_large_things_apart<Threaded<Quic>>(); }
