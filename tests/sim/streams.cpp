// Whole rooms over connections: the same games, with nothing lost, and with readers who are slow, connections
// that break, and hosts that go. And over connections with datagrams beside their streams, which are lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "../wire/by_the_book.hpp"
#include "room_of.hpp"
#include "searching.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/reliability/redundant.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

// ---- rooms of all kinds of messages, as over datagrams

sim::Faults pauses(std::uint64_t seed) {
    return *sim::Faults::parse(seed % 2 != 0 ? "pauses=3,pause_ms=400,clock_ms=2000"
                                             : "pauses=2,pause_ms=4000");
}
sim::Line any_line(Random& random) {
    sim::Line line;
    line.latency = milliseconds(random.between(1, 120));
    if (random.chance(0.5)) line.bandwidth = static_cast<std::uint64_t>(random.between(20'000, 400'000));
    line.system_bytes = static_cast<std::size_t>(random.between(2'000, 32'000));
    line.window_bytes = static_cast<std::size_t>(random.between(8'000, 128'000));
    if (random.chance(0.3)) line.backlog_max = 3000; // which one frame may pass
    return line;
}
// Some of them carry no datagrams, at first or at all.
sim::Line any_lossy_line(Random& random) {
    sim::Line line = any_line(random);
    line.loss = 0.2 * random.real();
    line.spread = milliseconds(random.between(0, 60));
    if (random.chance(0.2)) line.datagram_bytes = 0;
    return line;
}
template <class Reliability, class Transport = sim::Stream>
std::string room(sim::World& world) {
    const auto draw = Transport::traits.datagrams ? any_lossy_line : any_line;
    world.lines().set_line(draw(world.random()));
    const auto count = 4 + static_cast<std::uint32_t>(world.random().below(3));
    for (std::uint32_t host = 2; host <= count; ++host) {
        world.lines().set_line(1, host, draw(world.random()));
        world.lines().set_line(host, 1, draw(world.random()));
    }
    rooms::RoomOf<Reliability, Transport> room(world, count);
    for (int i = 0; i < (sim::is_long() ? 30 : 5); ++i) {
        room.play(3_s);
        const auto guest = 2 + static_cast<std::uint32_t>(world.random().below(count - 1));
        world.lines().sever(1, guest);
        if (Transport::traits.datagrams) world.lines().set_line(1, guest, draw(world.random()));
    }
    return room.settle();
}

template <class Reliability, class Transport = sim::Stream>
sim::Report rooms_over(std::uint64_t seeds) {
    sim::Search search;
    search.seeds = seeds;
    search.seeds_long = 300;
    search.faults = pauses;
    search.command = "test_sim -tc='rooms over connections*'";
    return sim::explore(search, room<Reliability, Transport>);
}

// ---- a game with something large, something late and something that hurries

struct Ship {
    std::int64_t said_at = 0;
    std::string ballast;
    void serialize(auto& ar) { ar(said_at, bounded(ballast, 4000)); }
};
struct Steer {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Parcel {
    std::uint32_t number = 0;
    std::string text;
    void serialize(auto& ar) { ar(number, bounded(text, 65'000)); }
};
struct Spark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Chest { // large, and in no order
    std::uint32_t number = 0;
    std::string text;
    void serialize(auto& ar) { ar(number, bounded(text, 65'000)); }
};
using Port = Game<"port", 1, State<Ship>, Command<Steer>, Event<Parcel, Ordered>, Event<Spark>,
                  Event<Chest, Reliable>>;
template <class Transport>
using NetOver = Session<Port, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;

template <class Transport>
struct SailorOver {
    sim::World& world;
    NetOver<Transport> net;
    std::size_t ballast, other_ballast; // in turn
    std::uint32_t beat = 0, steers = 0, parcels = 0, sparks = 0;
    std::map<std::uint32_t, std::uint32_t> steered; // the newest command of each
    std::set<std::uint32_t> chests;
    bool flies = true;
    std::size_t ships = 0, backwards = 0;
    Duration oldest{}; // of the host's states when they came
    std::string notices, words;

    SailorOver(sim::World& in, std::uint32_t host, std::size_t bytes = 40, Options options = {})
        : world(in), net(options, in.template stream<Transport>(host)), ballast(bytes), other_ballast(bytes) {
        world.add(net, *this);
    }
    std::optional<Ship> state() {
        if (!flies) return std::nullopt;
        std::swap(ballast, other_ballast);
        return Ship{world.now().ns, std::string(ballast, 'b')};
    }
    Steer command() { return {++beat}; }
    void on(PeerId peer, const Steer& steer) {
        if (steer.beat > beat) ++steers;
        if (steer.beat <= steered[peer.value]) notices += " again";
        steered[peer.value] = steer.beat;
    }
    void on(PeerId, const Parcel& parcel) {
        if (parcel.number != parcels || parcel.text != std::string(parcel.text.size(), 'p'))
            notices += " torn";
        ++parcels;
    }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Chest& chest) {
        if (chest.text != std::string(chest.text.size(), 'c') || !chests.insert(chest.number).second)
            notices += " torn";
    }
    void on(const Joined&) { notices += " joined"; }
    void on(const PeerJoined& joined) { notices += joined.peer == PeerId::host() ? "" : " +"; }
    void on(const PeerAway&) { notices += " away"; }
    void on(const PeerLeft& left) { notices += " -" + std::string(name(left.reason)); }
    void on(const Closed& closed) {
        notices += " closed/" + std::string(name(closed.reason));
        words = closed.text;
    }

    // Looks at the host's state whenever another has come.
    void look() {
        const auto ship = net.template latest<Ship>(PeerId::host());
        if (!ship || ship->said_at == last_) return;
        if (ship->said_at < last_) ++backwards;
        last_ = ship->said_at;
        ++ships;
        oldest = max(oldest, world.now() - Instant{last_});
    }

  private:
    std::int64_t last_ = 0;
};

using Sailor = SailorOver<sim::Stream>;

// A host and guests on hosts 2 and up, all in.
template <class Transport>
struct HarbourOver {
    using Sailor = SailorOver<Transport>;
    sim::World world{1};
    std::unique_ptr<Sailor> host;
    std::vector<std::unique_ptr<Sailor>> guests;

    explicit HarbourOver(std::uint32_t count, std::size_t ballast = 40, const Options& options = {}) {
        host = std::make_unique<Sailor>(world, 1, ballast, options);
        REQUIRE(host->net.host(4000));
        for (std::uint32_t i = 0; i < count; ++i) enter(i + 2, options);
    }
    Sailor& enter(std::uint32_t at, const Options& options = {}) {
        guests.push_back(std::make_unique<Sailor>(world, at, std::size_t(40), options));
        REQUIRE(guests.back()->net.join("host1:4000"));
        world.run_until([&] { return guests.back()->net.status() != Status::joining; }, 5_s);
        return *guests.back();
    }
    void run(Duration time) {
        const Instant end = world.now() + time;
        while (world.now() < end) {
            world.run(5_ms);
            for (auto& guest : guests) guest->look();
        }
    }
};

using Harbour = HarbourOver<sim::Stream>;

// One room of a hall: says what it hears to the others.
template <class Net>
struct Match {
    HallRoom<Net>& room;
    int sparks = 0;
    std::string left;

    explicit Match(HallRoom<Net>& in) : room(in) {}
    std::optional<Ship> state() { return std::nullopt; }
    void on(PeerId, const Steer&) {}
    void on(PeerId, const Parcel& parcel) { CHECK(room.broadcast(parcel)); }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Chest&) {}
    void on(const PeerLeft& gone) { left += " " + std::string(name(gone.reason)); }
};

// What comes of a guest of the one road at a host of the other.
template <class HostWire, class GuestWire>
std::string comes_to() {
    sim::World world{1};
    SailorOver<HostWire> host(world, 1);
    SailorOver<GuestWire> guest(world, 2);
    REQUIRE(host.net.host(4000));
    REQUIRE(guest.net.join("host1:4000"));
    world.run(2_s);
    const bool in = guest.net.status() == Status::joined;
    CHECK(host.net.roster().size() == (in ? 2 : 1));
    CHECK(world.lines().open_count() == (in ? 1 : 0));
    std::string told = guest.notices;
    if (!in) told += ": ";
    return told += guest.words;
}

// What a guest of that road asks with, as the protocol's description reads it.
template <class Wire>
by_the_book::Meeting asks_with() {
    sim::World world{1};
    SailorOver<Wire> guest(world, 2);
    auto line = world.stream<Wire>(1);
    REQUIRE(line.open(4000));
    REQUIRE(guest.net.join("host1:4000"));
    by_the_book::Meeting asked;
    const auto hear = [&](const auto& from, Lane, BytesIn bytes) {
        const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
        const auto said = by_the_book::read_meeting({first, first + bytes.size()});
        REQUIRE(said);
        if (said->kind != meeting::hello) return void(asked = *said);
        std::byte answer[64];
        const std::size_t size = write(BytesOut(answer), Challenge{said->nonce, 1, 2}, Plain());
        CHECK(line.send(from, {}, BytesIn(answer).first(size)) == Sent::sent);
        line.flush();
    };
    for (int i = 0; i < 100 && asked.kind == 0; ++i) {
        world.run(5_ms);
        line.poll(hear);
    }
    return asked;
}

} // namespace

TEST_CASE("rooms over connections keep their promises, whoever is slow, leaves, or is cut off") {
    const auto report = rooms_over<reliability::AckVector>(8);
    CHECK_MESSAGE(report, report.text());
}
TEST_CASE("rooms over connections keep them under every reliability policy") {
    for (const auto& report : {rooms_over<reliability::AckRetry>(2), rooms_over<reliability::Redundant<>>(2),
                               rooms_over<reliability::Native>(2)})
        CHECK_MESSAGE(report, report.text());
}

TEST_CASE("states over connections come at their rate, and nothing waits") {
    Harbour harbour(2);
    harbour.run(100_ms);
    for (auto& guest : harbour.guests) guest->ships = 0, guest->oldest = {};
    harbour.run(5_s);
    for (auto& guest : harbour.guests) {
        CHECK(guest->ships >= 97);
        CHECK_MESSAGE(guest->oldest <= 26_ms, guest->oldest.seconds());
        CHECK(guest->net.health().rtt == 40_ms);
        CHECK(guest->net.health().queue_time == Duration{});
        CHECK(guest->net.health().level == Level::good);
    }
    CHECK(harbour.host->steers == 0); // nobody's own are newer than all it has said itself
    CHECK(harbour.world.restless() == 0);
    CHECK(harbour.host->net.health().rtt == 40_ms);
}

TEST_CASE("what is as large as it may be crosses a connection whole, both ways and in order") {
    Harbour harbour(1);
    Sailor &host = *harbour.host, &guest = *harbour.guests[0];
    for (std::uint32_t i = 0; i < 3; ++i) {
        CHECK(host.net.send(guest.net.self(), Parcel{i, std::string(65'000, 'p')}));
        CHECK(guest.net.broadcast(Parcel{i, std::string(65'000 - i, 'p')}));
    }
    CHECK(host.net.send(guest.net.self(), Parcel{3, std::string(65'000, 'p')}).error() == Error::none);
    CHECK(host.net.send(guest.net.self(), Parcel{4, std::string(65'000, 'p')}).error() == Error::queue_full);
    harbour.run(2_s);
    CHECK(guest.parcels == 4);
    CHECK(host.parcels == 3);
    CHECK(guest.notices == " joined");
}

TEST_CASE("who leaves, is sent off or refused hears why over its connection, which ends") {
    Options options;
    options.peers_max = 2;
    Harbour harbour(2, 40, options);
    Sailor& third = harbour.enter(9);
    CHECK(third.notices == " closed/room_full");
    options.room = "elsewhere";
    Sailor& fourth = harbour.enter(10, options);
    CHECK(fourth.notices == " closed/wrong_room");
    harbour.run(1_s);
    CHECK(harbour.world.lines().open_count() == 2);
    CHECK(harbour.host->net.kick(harbour.guests[0]->net.self(), "no smoking aboard"));
    harbour.guests[1]->net.leave();
    harbour.run(1_s);
    CHECK(harbour.guests[0]->notices == " joined + closed/kicked");
    CHECK(harbour.guests[0]->words == "no smoking aboard");
    CHECK(harbour.host->notices.find("-kicked") != std::string::npos);
    CHECK(harbour.host->notices.find("-left") != std::string::npos);
    CHECK(harbour.world.lines().open_count() == 0);
    harbour.enter(11);
    CHECK(harbour.guests.back()->notices == " joined");
    harbour.host->net.leave();
    harbour.run(1_s);
    CHECK(harbour.guests.back()->notices == " joined closed/left");
    CHECK(harbour.world.lines().open_count() == 0);
    CHECK(harbour.world.restless() <= 1); // who was sent off is told of with the next turn
}

TEST_CASE("a lost connection ends its peer at once, and it may come in again") {
    Harbour harbour(2);
    harbour.run(1_s);
    harbour.world.lines().sever(1, 2);
    harbour.run(100_ms);
    CHECK(harbour.guests[0]->notices == " joined + closed/connection_lost");
    CHECK(harbour.guests[1]->notices == " joined + -connection_lost");
    CHECK(harbour.host->notices == " joined + + -connection_lost");
    CHECK(harbour.guests[0]->net.join("host1:4000"));
    harbour.run(1_s);
    CHECK(harbour.host->net.roster().size() == 3);
    // Nobody listens there, and it is known at once.
    Sailor astray(harbour.world, 20);
    REQUIRE(astray.net.join("host1:4001"));
    harbour.run(200_ms);
    CHECK(astray.notices == " closed/connection_lost");
    // The host's program is started anew.
    harbour.world.remove(harbour.host->net);
    harbour.host = std::make_unique<Sailor>(harbour.world, 1);
    REQUIRE(harbour.host->net.host(4000));
    harbour.run(200_ms);
    for (auto& guest : harbour.guests) {
        CHECK(guest->net.status() == Status::closed);
        CHECK(guest->net.join("host1:4000"));
    }
    harbour.run(1_s);
    CHECK(harbour.host->net.roster().size() == 3);
}

TEST_CASE("who does not read is nobody else's trouble, and is let go when it has not for too long") {
    Harbour harbour(3, 2000);
    harbour.run(2_s);
    for (auto& guest : harbour.guests) guest->ships = 0, guest->oldest = {};
    const std::size_t before = harbour.world.lines().backlog_seen();
    harbour.world.pause(2, 5_s);
    harbour.run(5_s);
    Health stalled = *harbour.host->net.health(PeerId{1});
    CHECK(stalled.queue_time > 1_s);
    CHECK(stalled.level != Level::good);
    for (std::size_t i : {1u, 2u}) { // the others hear all as ever
        CHECK(harbour.guests[i]->ships >= 97);
        CHECK(harbour.guests[i]->oldest <= 26_ms);
        CHECK(harbour.host->net.health(harbour.guests[i]->net.self())->queue_time == Duration{});
    }
    CHECK(harbour.world.restless() == 0);
    // Behind the connection waits as much as it may, and in the queue one state of each.
    CHECK(harbour.world.lines().backlog_seen() <= std::max<std::size_t>(before, 8192));
    CHECK(stalled.queued_bytes < 3 * 2100 + 8192);
    harbour.run(1_s);
    CHECK(harbour.guests[0]->notices.find("closed") == std::string::npos);
    harbour.guests[0]->oldest = {};
    harbour.run(1_s);
    CHECK(harbour.guests[0]->oldest <= 26_ms); // what it sees is fresh again
    harbour.world.pause(2, 15_s);
    harbour.run(11_s);
    CHECK(harbour.host->net.roster().size() == 3);
    CHECK(harbour.host->notices == " joined + + + -timed_out");
}

TEST_CASE("behind a slow connection states are replaced before they are queued, so what comes is fresh") {
    for (const std::uint64_t bandwidth : {8'000u, 20'000u, 60'000u}) {
        CAPTURE(bandwidth);
        Harbour harbour(1, 1500); // 30,000 bytes a second
        sim::Line slow;
        slow.bandwidth = bandwidth;
        slow.system_bytes = 3000;
        slow.window_bytes = 3000;
        harbour.world.lines().set_line(1, 2, slow);
        harbour.run(5_s);
        Sailor& guest = *harbour.guests[0];
        guest.ships = 0, guest.oldest = {};
        harbour.run(10_s);
        // The budget, the system's own buffer, and the state itself.
        const Duration most = 75_ms + 26_ms + seconds(10'000.0 / static_cast<double>(bandwidth));
        CHECK_MESSAGE(guest.oldest <= most, guest.oldest.seconds());
        CHECK(guest.ships >= std::min<std::size_t>(195, bandwidth * 10 / 1600 * 4 / 10));
        CHECK(harbour.world.lines().backlog_seen() <= 8'000);
    }
}

TEST_CASE("what must arrive waits in a bounded queue before a slow connection, and none is lost") {
    Harbour harbour(1);
    sim::Line slow;
    slow.bandwidth = 50'000;
    slow.system_bytes = 3000;
    slow.window_bytes = 8000;
    harbour.world.lines().set_line(1, 2, slow);
    Sailor& guest = *harbour.guests[0];
    std::uint32_t said = 0;
    Result<> sent;
    while ((sent = harbour.host->net.send(guest.net.self(), Parcel{said, std::string(1000, 'p')}))) ++said;
    CHECK(sent.error() == Error::queue_full);
    CHECK(said > 200);
    guest.ships = 0;
    harbour.run(2_s);
    CHECK_MESSAGE(guest.ships > 15, guest.ships); // states don't starve beside it
    CHECK_MESSAGE(guest.oldest < 400_ms, guest.oldest.seconds());
    CHECK(harbour.world.lines().backlog_seen() < 8'000);
    harbour.run(5_s);
    CHECK(guest.parcels == said);
    CHECK(guest.notices == " joined");
}

TEST_CASE(
    "a road that carries datagrams beside its stream, and one that does not, are told apart at the door") {
    using sim::Stream, sim::StreamAndDatagrams;
    CHECK(comes_to<Stream, Stream>() == " joined");
    CHECK(comes_to<StreamAndDatagrams, StreamAndDatagrams>() == " joined");
    CHECK(comes_to<StreamAndDatagrams, Stream>() ==
          " closed/datagrams_mismatch: the host's road carries datagrams beside its stream, yours does not");
    CHECK(comes_to<Stream, StreamAndDatagrams>() ==
          " closed/datagrams_mismatch: your road carries datagrams beside its stream, the host's does not");
}

TEST_CASE("what a road carries stands among the features, and reads so by the book") {
    const auto plain = asks_with<sim::Stream>(), both = asks_with<sim::StreamAndDatagrams>();
    CHECK(plain.kind == meeting::connect);
    CHECK(plain.features == 4);
    CHECK(plain.required == 4);
    CHECK(both.kind == meeting::connect);
    CHECK(both.features == 68);
    CHECK(both.required == 68);
}

TEST_CASE("who calls and is not let in does not keep its connection") {
    Harbour harbour(1);
    auto line = harbour.world.stream(30);
    REQUIRE(line.open(0));
    const auto to = *line.resolve("host1:4000");
    std::byte hello[200];
    const std::size_t size = write(BytesOut(hello), Hello{7, stable_id("port"), protocol_version}, Plain());
    CHECK(line.send(to, {}, BytesIn(hello).first(size)) == Sent::sent);
    line.flush();
    harbour.run(5_s);
    CHECK(harbour.world.lines().open_count() == 2);
    harbour.run(6_s);
    CHECK(harbour.world.lines().open_count() == 1);
    CHECK(harbour.world.restless() == 0);
}

TEST_CASE_TEMPLATE("a hall has its rooms over connections too, and loses the guests whose connections break",
                   Wire, sim::Stream, sim::StreamAndDatagrams) {
    using Net = NetOver<Wire>;
    using Guest = SailorOver<Wire>;
    sim::World world(3);
    Hall<Plays<Net, Match<Net>>> hall({}, world.stream<Wire>(1));
    REQUIRE(hall.open(4000));
    const RoomKey red = *hall.template host<Net>(Options{.room = "red"}),
                  blue = *hall.template host<Net>(Options{.room = "blue"});
    world.add(hall);
    std::vector<std::unique_ptr<Guest>> guests;
    for (std::uint32_t i = 0; i < 6; ++i) {
        guests.push_back(std::make_unique<Guest>(world, i + 2, std::size_t(40),
                                                 Options{.room = i % 2 == 0 ? "red" : "blue"}));
        REQUIRE(guests.back()->net.join("host1:4000"));
    }
    guests.push_back(std::make_unique<Guest>(world, 20, std::size_t(40), Options{.room = "green"}));
    REQUIRE(guests.back()->net.join("host1:4000"));
    using OtherWire = std::conditional_t<Wire::traits.datagrams, sim::Stream, sim::StreamAndDatagrams>;
    SailorOver<OtherWire> stranger(world, 21, 40, {.room = "red"});
    REQUIRE(stranger.net.join("host1:4000"));
    world.run(1_s);
    CHECK(hall.guest_count() == 6);
    CHECK(guests[6]->notices == " closed/wrong_room");
    CHECK(stranger.notices == " closed/datagrams_mismatch");
    CHECK(world.lines().open_count() == 6);
    CHECK(guests[0]->net.broadcast(Parcel{0, std::string(60'000, 'p')}));
    CHECK(guests[1]->net.broadcast(Spark{1}));
    world.run(1_s);
    CHECK(guests[2]->parcels == 2); // passed on, and said again by the room
    CHECK(guests[3]->parcels == 0);
    CHECK(hall.template handlers<Net>(blue)->sparks == 1);
    CHECK((world.lines().datagrams() > 100) == Wire::traits.datagrams);
    // One stands still, one is cut off, one leaves; and so does a room.
    world.pause(2, 14_s);
    world.lines().sever(1, 3);
    guests[2]->net.leave();
    world.run(500_ms);
    CHECK(hall.guest_count() == 4);
    CHECK(hall.template handlers<Net>(blue)->left == " connection_lost");
    CHECK(hall.template handlers<Net>(red)->left == " left");
    CHECK(guests[1]->net.join("host1:4000"));
    CHECK(guests[4]->net.broadcast(Parcel{1, std::string(60'000, 'p')}));
    world.run(15_s);
    CHECK(hall.guest_count() == 4);
    CHECK(hall.template handlers<Net>(red)->left == " left timed_out");
    CHECK(hall.close(red));
    world.run(1_s);
    CHECK(guests[4]->notices.find("closed/left") != std::string::npos);
    CHECK(hall.room_count() == 1);
    CHECK(hall.guest_count() == 3);
    CHECK(world.lines().open_count() == 3);
    hall.close();
    world.run(1_s);
    CHECK(!hall.is_open());
    CHECK(world.lines().open_count() == 0);
}

TEST_CASE("who sends more over a connection than it may is sent away, and nobody else") {
    // Nothing can be dropped there: what is missing would be missed for good.
    Harbour harbour(2, 40, {.limits = {.packets = {120, 60}}});
    harbour.run(1_s);
    for (int ms = 0; ms < 3000; ++ms) {
        (void)harbour.guests[0]->net.send(PeerId::host(), Spark{});
        if (ms % 50 == 0) (void)harbour.guests[1]->net.send(PeerId::host(), Spark{});
        harbour.world.run(1_ms);
    }
    harbour.run(1_s);
    CHECK(harbour.host->notices == " joined + + -flooded");
    CHECK(harbour.guests[0]->notices.find("closed/flooded") != std::string::npos);
    CHECK(harbour.guests[1]->net.status() == Status::joined);
    CHECK(harbour.guests[1]->net.health(PeerId::host())->limited == 0);
}

// ---- with datagrams beside the streams

TEST_CASE("rooms over connections with datagrams beside keep their promises, whatever of those is lost") {
    const auto report = rooms_over<reliability::AckVector, sim::StreamAndDatagrams>(8);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("what is lost of a stream holds up no state and no command that goes beside it") {
    const auto sail = [](auto& harbour) {
        sim::Line lossy;
        lossy.loss = 0.05;
        harbour.world.lines().set_line(lossy);
        auto &host = *harbour.host, &guest = *harbour.guests[0];
        host.flies = true;
        guest.ships = 0, guest.oldest = {};
        const std::uint32_t before = host.steered[1];
        for (std::uint32_t i = 0; i < 200; ++i) { // so that there is something to be held up behind
            REQUIRE(host.net.send(guest.net.self(), Parcel{i, std::string(200, 'p')}));
            REQUIRE(guest.net.broadcast(Parcel{i, std::string(200, 'p')}));
            harbour.run(50_ms);
        }
        harbour.run(2_s);
        CHECK(guest.parcels == 200);
        CHECK(host.parcels == 200);
        CHECK(guest.notices == " joined");
        CHECK(host.notices == " joined +");
        CHECK(host.steered[1] - before >= 580); // at 60 a second, less those on their way
        CHECK(guest.backwards == 0);
        CHECK(harbour.world.restless() == 0);
        MESSAGE("the oldest state, in ms: ", guest.oldest / milliseconds(1), " of ", guest.ships);
    };
    HarbourOver<sim::StreamAndDatagrams> beside(1);
    sail(beside);
    CHECK(beside.guests[0]->oldest <= 26_ms); // as on the day on which nothing is lost
    CHECK(beside.guests[0]->ships >= 215);    // of 240
    CHECK(beside.world.lines().lost() > 20);
    CHECK(beside.host->net.health().loss > 0.02);
    CHECK(beside.host->net.health().rtt <= 41_ms);
    Harbour within(1); // and so does it hold them up where there is nothing beside it
    sail(within);
    CHECK(within.guests[0]->oldest >= 200_ms);
}

TEST_CASE("what no datagram holds goes in the stream, and stays in its place among those that do") {
    HarbourOver<sim::StreamAndDatagrams> harbour(1, 2000);
    harbour.host->other_ballast = 40;
    sim::Line lossy;
    lossy.loss = 0.1;
    lossy.resent_after = 80_ms;
    lossy.spread = 60_ms;
    harbour.world.lines().set_line(lossy);
    harbour.run(1_s);
    auto& guest = *harbour.guests[0];
    const std::uint64_t datagrams = harbour.world.lines().datagrams(),
                        frames = harbour.world.lines().frames();
    guest.ships = 0;
    harbour.run(10_s);
    CHECK(guest.ships >= 100);
    CHECK(guest.backwards == 0);
    CHECK(harbour.world.lines().datagrams() - datagrams > 500);
    CHECK(harbour.world.lines().frames() - frames > 90);
}

TEST_CASE("a way beside the stream may come late and go again, and no command is missed or comes twice") {
    HarbourOver<sim::StreamAndDatagrams> harbour(1);
    auto &host = *harbour.host, &guest = *harbour.guests[0];
    sim::Line line;
    for (int turn = 0; turn < 6; ++turn) {
        line.datagram_bytes = turn % 2 == 0 ? 0 : 1100;
        harbour.world.lines().set_line(line);
        harbour.run(20_ms); // what is on its way
        const std::uint64_t datagrams = harbour.world.lines().datagrams();
        guest.ships = 0;
        harbour.run(2_s);
        CHECK((harbour.world.lines().datagrams() - datagrams > 100) == (turn % 2 != 0));
        CAPTURE(turn);
        CHECK(host.net.health().rtt <= 45_ms);
        CHECK(guest.ships >= 39);
    }
    CHECK(guest.backwards == 0);
    CHECK(guest.notices == " joined");
    CHECK(host.notices == " joined +");
    CHECK(host.steered[1] + 6 >= guest.beat);
    CHECK(harbour.world.restless() == 0);
}

TEST_CASE("who stands still gets states again at once, and what was said beside it is not kept") {
    HarbourOver<sim::StreamAndDatagrams> harbour(2);
    harbour.run(1_s);
    harbour.world.pause(2, 5_s);
    harbour.run(5_s);
    harbour.guests[0]->oldest = harbour.guests[1]->oldest = {};
    harbour.run(100_ms); // in which it sees what has piled up
    harbour.guests[0]->oldest = {};
    harbour.run(1_s);
    CHECK(harbour.guests[0]->oldest <= 26_ms);
    CHECK(harbour.guests[1]->oldest <= 26_ms);
    CHECK(harbour.guests[0]->notices == " joined +");
    CHECK(harbour.host->net.health(PeerId{1})->queued_bytes < 4096);
}

namespace {

// Parcels a few times a second while chests cross, each way: how late the latest was, and how many were.
template <class Transport>
struct Freight {
    HarbourOver<Transport> harbour{1};
    Duration latest{};
    int late = 0;

    explicit Freight(double loss) {
        sim::Line line;
        line.bandwidth = 100'000;
        line.loss = loss;
        harbour.world.lines().set_line(line);
        auto &host = *harbour.host, &guest = *harbour.guests[0];
        host.flies = guest.flies = false;
        harbour.run(1_s); // each has heard the other
        std::uint32_t chests = 0;
        for (std::uint32_t i = 0; i < 100; ++i) {
            if (i % 12 == 0 && i < 60) { // six seconds' worth, in five
                CHECK(host.net.send(guest.net.self(), Chest{chests, std::string(60'000, 'c')}));
                CHECK(guest.net.broadcast(Chest{chests++, std::string(60'000, 'c')}));
            }
            const Instant said = harbour.world.now();
            REQUIRE(host.net.send(guest.net.self(), Parcel{i, std::string(40, 'p')}));
            REQUIRE(guest.net.broadcast(Parcel{i, std::string(40, 'p')}));
            for (int turn = 0; turn < 10 || guest.parcels <= i || host.parcels <= i; ++turn) {
                REQUIRE(turn < 2000);
                harbour.run(5_ms);
                if (guest.parcels > i && host.parcels > i && turn >= 10) break;
                latest = max(latest, guest.parcels <= i || host.parcels <= i ? harbour.world.now() - said
                                                                             : Duration{});
            }
            late += harbour.world.now() - said > 100_ms;
        }
        harbour.run(8_s);
        CHECK(guest.chests.size() == chests);
        CHECK(host.chests.size() == chests);
        CHECK(guest.notices == " joined");
        CHECK(host.notices == " joined +");
        CHECK(harbour.world.restless() == 0);
        MESSAGE("the latest parcel, in ms: ", latest / milliseconds(1), ", late: ", late);
    }
};

} // namespace

TEST_CASE("what is small and ordered does not wait for what is large and needs no order") {
    Freight<sim::ManyStreams> apart(0);
    CHECK(apart.latest <= 50_ms); // the way, and a packet that was leaving
    CHECK(apart.late == 0);
    CHECK(apart.harbour.world.lines().bulk() == 10);
    Freight<sim::StreamAndDatagrams> within(0); // and so it waits where there is but one
    CHECK(within.latest >= 300_ms);
    CHECK(within.harbour.world.lines().bulk() == 0);
}

TEST_CASE("what is lost of a stream for something large holds up nothing else") {
    Freight<sim::ManyStreams> apart(0.02);
    CHECK(apart.late <= 10); // whose own packet was
    CHECK(apart.harbour.world.lines().bulk() == 10);
    Freight<sim::StreamAndDatagrams> within(0.02);
    CHECK(within.late > apart.late + 3);
}

TEST_CASE("what is large is bounded, and said before the goodbye is") {
    HarbourOver<sim::ManyStreams> harbour(1);
    sim::Line line;
    line.bandwidth = 50'000;
    harbour.world.lines().set_line(line);
    auto &host = *harbour.host, &guest = *harbour.guests[0];
    host.flies = guest.flies = false;
    std::uint32_t taken = 0;
    for (; taken < 100 && guest.net.broadcast(Chest{taken, std::string(30'000, 'c')}); ++taken) {
    }
    CHECK(taken >= 8);
    CHECK(taken < 20); // the rest is refused where it is said
    harbour.run(12_s);
    CHECK(host.chests.size() == taken);
    CHECK(guest.net.broadcast(Chest{taken, std::string(30'000, 'c')}));
    CHECK(guest.net.broadcast(Parcel{0, std::string(10, 'p')}));
    guest.net.leave();
    harbour.run(3_s);
    CHECK(host.chests.size() == taken + 1);
    CHECK(host.parcels == 1);
    CHECK(host.notices == " joined + -left");
}
