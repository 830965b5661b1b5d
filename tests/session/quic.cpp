// Sessions over Quic, in real time, on this machine alone.
#include "tenon/transport/quic.hpp"

#include <doctest/doctest.h>

#include "../transport/certificates.hpp"
#include "talk.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/several.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"

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

TEST_CASE("a session changes from UDP to Quic and back, loses nothing, and goes in datagrams on both") {
    using transport::Impaired;
    using transport::Udp;
    using Both = transport::Several<Udp, Quic>;
    using Either = transport::Fallback<Impaired<Udp>, Quic>;
    auto& set = certificates::Set::get();
    NetOver<Both> host({.name = "ann"},
                       Both(Udp({.bind = IpAddress::loopback(0)}),
                            Quic(local, {}, {.certificate = set.good.certificate, .key = set.good.key})));
    NetOver<Either> guest({.name = "bob"}, Either(Impaired<Udp>(Udp({.bind = IpAddress::loopback(0)})),
                                                  Quic(local, {}, {.authorities = set.authority.file()})));
    Player at_host, at_guest;
    const auto turn = [&](auto&& done) {
        for (int i = 0; i < 60'000 && !done(); ++i) {
            guest.wait(now() + tenon::milliseconds(1));
            guest.tick(now(), at_guest);
            host.tick(now(), at_host);
        }
        return done();
    };
    REQUIRE(host.host(0));
    REQUIRE(guest.join("127.0.0.1:" + std::to_string(host.transport().port(0)) +
                       " 127.0.0.1:" + std::to_string(host.transport().port(1))));
    REQUIRE(turn([&] { return guest.status() == Status::joined; }));
    CHECK(guest.transport().road() == 0);
    std::uint32_t said = 0;
    std::string wanted_there, wanted_here;
    const auto say = [&] {
        ++said;
        CHECK(host.broadcast(Line{std::to_string(said)}));
        CHECK(guest.send(PeerId::host(), Line{std::to_string(said)}));
        wanted_there += (said == 1 ? "1:" : " 1:") + std::to_string(said);
        wanted_here += (said == 1 ? "0:" : " 0:") + std::to_string(said);
    };
    const auto heard = [&] { return at_host.lines == wanted_there && at_guest.lines == wanted_here; };
    const auto road_is = [&](std::size_t road) {
        return guest.transport().road() == road && host.health(guest.self())->road == road;
    };
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn(heard));
    CHECK(guest.transport().inner<1>().counters().datagrams_out == 0);
    auto& line = guest.transport().inner<0>();
    line.set_outgoing({.loss = 1});
    line.set_incoming({.loss = 1});
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn([&] { return heard() && road_is(1); }));
    const auto& there = host.transport().road<1>().counters();
    const auto& here = guest.transport().inner<1>().counters();
    // From now on packets are datagrams, whatever is in them.
    const auto frames = here.frames_out + there.frames_out;
    const auto steers = at_host.heard_steers;
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn([&] { return heard() && at_host.heard_steers > steers + 60; }));
    CHECK(here.datagrams_in > 20);
    CHECK(there.datagrams_in > 20);
    CHECK(here.frames_out + there.frames_out - frames < 20); // but for what is said at a door
    CHECK(host.transport().lost_packets() == 0);
    line.set_outgoing({});
    line.set_incoming({});
    CHECK(turn([&] { return road_is(0); }));
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn(heard));
    CHECK(guest.transport().moves() == 2);
    CHECK(guest.status() == Status::joined);
}
