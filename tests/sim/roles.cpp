// Whole rooms with roles that change while all play, whatever the network does and whoever hosts: nobody is
// ever blamed for what it could not know, and nobody is heard with what it may not say.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ports.hpp"
#include "searching.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/profile/lockstep.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/contract.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/topology/mesh.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Cursor {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Wave {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Sketch : Wave {}; // by editors, and may be lost
struct Edit : Wave {};
struct Chat : Wave {};
struct Stamp : Wave {};

using Studio = Game<"studio", 1, State<Cursor>, Event<Wave>, Event<Sketch>, Event<Edit, Ordered>,
                    Event<Stamp, Reliable>, Event<Chat, Ordered>,
                    Roles<Role<"viewer", Wave, Chat>, Role<"editor", Cursor, Wave, Sketch, Edit, Stamp, Chat>,
                          Role<"admin", Everything>>>;
template <class Topology, class Transport = transport::Memory>
using NetOf = Session<Studio, Transport, codec::Bits, clock::Independent<>, Topology, reliability::AckVector>;

template <class Topology, class Transport>
struct Artist {
    NetOf<Topology, Transport> net;
    sim::World& world;
    std::uint32_t said = 0, beat = 0, chats_said = 0;
    std::array<std::uint32_t, 32> chats{}; // the newest of each, by who said it
    std::uint32_t edits = 0, stamps = 0, sketches = 0, waves = 0, changes = 0, violations = 0, closed = 0;
    std::string broken{};

    Artist(sim::World& w, std::uint32_t host)
        : net(options(w), rooms::PortOf<Transport>::make(w, host)), world(w) {}
    static Options options(sim::World& world) {
        Options options;
        options.room = "lobby";
        options.timeout = 6_s;
        options.succeed_after = 1_s;
        options.seed = world.random().next() | 1;
        return options;
    }
    Cursor state() {
        if (!net.template may<Cursor>()) broken = "it was asked for a state that it may not say";
        return {++beat};
    }
    void on(PeerId, const Wave&) { ++waves; }
    void on(PeerId, const Sketch&) { ++sketches; }
    void on(PeerId, const Edit&) { ++edits; }
    void on(PeerId, const Stamp&) { ++stamps; }
    void on(PeerId from, const Chat& chat) {
        if (chat.number != ++chats[from.value % 32]) broken = "a line that all may say was lost";
    }
    void on(const RoleChanged&) { ++changes; }
    void on(const Violation&) { ++violations; }
    void on(const Closed&) { ++closed; }

    std::string_view role() { return net.role_of(net.self()); }
    // As much as its role lets it, and it tries the rest.
    void speak() {
        const auto check = [&](const Result<>& sent, bool may) {
            if ((sent.error() == Error::forbidden) == may) broken = "its role is not what it said it may say";
        };
        check(net.broadcast(Edit{{++said}}), net.template may<Edit>());
        check(net.broadcast(Stamp{{++said}}), net.template may<Stamp>());
        check(net.broadcast(Sketch{{++said}}), net.template may<Sketch>());
        if (const auto sent = net.broadcast(Chat{{chats_said + 1}}); sent) ++chats_said;
    }
};

template <class Topology, class Transport = transport::Memory>
struct Atelier {
    using Player = Artist<Topology, Transport>;
    sim::World& world;
    std::vector<std::unique_ptr<Player>> players{};

    Atelier(sim::World& w, std::uint32_t count) : world(w) {
        for (std::uint32_t host = 1; host <= count; ++host) {
            players.push_back(std::make_unique<Player>(world, host));
            Player& player = *players.back();
            world.add(player.net, player);
            if (host == 1) (void)player.net.host(4000);
            for (int i = 0; host != 1 && i < 20 && player.net.status() != Status::joined; ++i) {
                (void)player.net.join("host1:4000");
                world.run_until([&] { return player.net.status() != Status::joining; }, 10_s);
            }
        }
        world.run(2_s);
    }
    Player& operator[](std::size_t i) { return *players[i]; }
    Player* authority() {
        for (auto& player : players)
            if (player->net.status() == Status::hosting) return player.get();
        return nullptr;
    }
    std::string roles(std::size_t of) {
        std::string all;
        for (const PeerId peer : (*this)[of].net.roster())
            all += std::to_string(peer.value) + ":" + std::string((*this)[of].net.role_of(peer)) + " ";
        return all;
    }
    std::string complaint() {
        for (auto& player : players) {
            if (!player->broken.empty()) return player->broken;
            if (player->closed != 0) return "somebody was sent away";
            if (player->violations != 0 || player->net.health().violations != 0) return "somebody was blamed";
        }
        return {};
    }
};

// Everybody talks; now and then somebody's role is another.
template <class Transport>
std::string change_roles(sim::World& world) {
    constexpr std::string_view names[] = {"viewer", "editor", "admin"};
    Atelier<topology::ClientServer, Transport> room(world, 5);
    for (int round = 0; round < 300; ++round) {
        for (auto& player : room.players)
            if (world.random().chance(0.5)) player->speak();
        if (world.random().chance(0.2))
            (void)room[0].net.set_role(PeerId{static_cast<std::uint32_t>(1 + world.random().below(4))},
                                       names[world.random().below(3)]);
        world.run(40_ms);
        if (const std::string broken = room.complaint(); !broken.empty()) return broken;
    }
    world.calm();
    world.run(10_s);
    for (std::size_t i = 1; i < 5; ++i)
        if (room.roles(i) != room.roles(0)) return room.roles(i) + "and not " + room.roles(0);
    for (std::size_t i = 0; i < 5; ++i)
        for (std::uint32_t from = 0; from < 5; ++from)
            if (from != i && room[i].chats[from] != room[from].chats_said) return "a line was not heard";
    return room.complaint();
}

// Says what it likes in a room of any topology: nobody on its own side looks at its role.
template <class Topology>
struct Forger {
    using Bare =
        tenon::Room<transport::MemoryAddress, reliability::AckVector, Topology, Plain, RightsOf<Studio>>;
    using Contract = typename NetOf<Topology>::RoomType::Contract;
    transport::Memory port;
    Bare room;
    Error closed = Error::none;

    Forger(sim::World& world, std::uint32_t host)
        : port(world.port(host)),
          room({.room = "lobby", .succeed_after = 1_s, .seed = 9}, Contract::terms({.room = "lobby"}),
               Contract::carriage(), 1200, Pulse{milliseconds(200)}, 9) {
        (void)port.open(0);
    }
    void step(Instant now) {
        port.poll([&](const transport::MemoryAddress& from, Lane, BytesIn datagram) {
            room.handle_datagram(now, from, datagram);
            drain();
        });
        room.handle_timeout(now);
        drain();
        std::byte buffer[1200];
        while (const auto out = room.poll_transmit(now, buffer))
            (void)port.send(out.to, {}, BytesIn(buffer, out.size));
    }
    void drain() {
        RoomEvent event;
        while (room.poll_event(event))
            if (event.kind == RoomEvent::Kind::closed) closed = event.reason;
    }
};
template <class Topology>
void run(sim::World& world, Forger<Topology>& forger, Duration time) {
    for (const Instant end = world.now() + time; world.now() < end; world.run(10_ms))
        forger.step(world.now());
}
BytesIn number(std::uint32_t value) {
    static std::byte bytes[8];
    return BytesIn(bytes, *codec::Bits::encode(bytes, Wave{value}));
}

} // namespace

TEST_CASE("roles that change on a bad line: nobody is blamed, all that all may say arrives, and all agree") {
    const auto report = sim::explore(searching::search("test_sim -tc='roles that change*'",
                                                       "latency_ms=70,jitter_ms=40,loss=0.15,reorder=0.1", 6),
                                     change_roles<transport::Memory>);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("roles that change while paths break: who was away is not blamed when it is back") {
    const auto report =
        sim::explore(searching::search("test_sim -tc='roles that change while*'",
                                       "latency_ms=40,loss=0.05,partitions=2,partition_ms=4000", 4),
                     change_roles<transport::Memory>);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("roles that change over slow connections: nobody is blamed there either") {
    const auto report = sim::explore(searching::search("test_sim -tc='roles that change over*'", "none", 3),
                                     [](sim::World& world) {
                                         sim::Line line;
                                         line.latency = milliseconds(world.random().between(20, 150));
                                         line.bandwidth = 40'000;
                                         world.lines().set_line(line);
                                         return change_roles<sim::Stream>(world);
                                     });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("roles survive the loss of the host, and its successor goes by them") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        CAPTURE(seed);
        sim::World world(seed, *sim::Faults::parse("latency_ms=40,jitter_ms=10,loss=0.03"));
        Atelier<topology::AuthorityHosted<>> room(world, 5);
        REQUIRE(room[0].net.set_role(PeerId{2}, "editor"));
        REQUIRE(room[0].net.set_role(PeerId{3}, "admin"));
        world.run(1_s);
        for (int i = 0; i < 20; ++i, world.run(50_ms))
            for (auto& player : room.players) player->speak();
        // What an editor says while it is made a viewer by one who is lost just then.
        REQUIRE(room[0].net.set_role(PeerId{2}, "viewer"));
        for (int i = 0; i < 3; ++i) room[2].speak();
        world.run(150_ms);
        room[2].speak();
        world.remove(room[0].net);
        for (int i = 0; i < 60; ++i, world.run(50_ms))
            for (std::size_t p = 1; p < 5; ++p) room[p].speak();
        world.run(6_s);
        REQUIRE(room[1].net.status() == Status::hosting);
        for (std::size_t i = 1; i < 5; ++i) {
            CHECK(room.roles(i) == "0:admin 1:viewer 2:viewer 3:admin 4:viewer ");
            CHECK(room[i].closed == 0);
            CHECK(room[i].broken == "");
            CHECK(room[i].net.health().violations == 0);
            // Lines are numbered with what was struck, and all the same each of them has arrived.
            for (std::uint32_t from = 1; from < 5; ++from)
                if (from != i) CHECK(room[i].chats[from] == room[from].chats_said);
        }
        CHECK(room[1].net.may<Edit>()); // it decides now
        CHECK_FALSE(room[2].net.may<Edit>());
        CHECK(room[3].net.may<Edit>());
        // And it may give roles, as the one before might.
        CHECK(room[2].net.set_role(PeerId{4}, "editor").error() == Error::not_authority);
        CHECK(room[1].net.set_role(PeerId{4}, "editor"));
        world.run(1_s);
        CHECK(room[4].role() == "editor");
        const std::uint32_t heard = room[2].edits;
        room[4].speak();
        world.run(1_s);
        CHECK(room[2].edits == heard + 1);
    }
}

TEST_CASE("who hands over is heard with what it said while it decided, whatever its role is then") {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        CAPTURE(seed);
        sim::World world(seed, *sim::Faults::parse("latency_ms=60,jitter_ms=20,loss=0.1"));
        Atelier<topology::AuthorityHosted<>> room(world, 4);
        REQUIRE(room[0].net.set_role(PeerId::host(), "viewer"));
        world.run(1_s);
        for (int i = 0; i < 5; ++i) {
            CHECK(room[0].net.broadcast(Edit{{1}}));
            if (i == 2) CHECK(room[0].net.set_authority(PeerId{2}));
            world.run(30_ms);
            if (room[0].net.status() != Status::hosting) break;
        }
        world.run(10_s);
        REQUIRE(room[2].net.status() == Status::hosting);
        CHECK(room[1].edits == 5);
        CHECK(room[2].edits == 5);
        CHECK(room[3].edits == 5);
        CHECK(room[0].net.broadcast(Edit{{1}}).error() == Error::forbidden);
        CHECK(room.complaint() == "");
        for (std::size_t i = 0; i < 4; ++i) CHECK(room.roles(i) == "0:viewer 1:viewer 2:viewer 3:viewer ");
    }
}

TEST_CASE("where events are filed, a forged one is struck: nobody hears it, and what follows is heard") {
    sim::World world(3, *sim::Faults::parse("latency_ms=20"));
    Atelier<topology::AuthorityHosted<>> room(world, 3);
    Forger<topology::AuthorityHosted<>> forger(world, 9);
    REQUIRE(forger.room.join(world.now(), *transport::MemoryAddress::parse("host1:4000")));
    run(world, forger, 2_s);
    REQUIRE(forger.room.status() == Status::joined);
    const auto file = [&](PeerId to, MessageType type, std::uint32_t value) {
        return forger.room.estate().file(forger.room, to, type, number(value));
    };
    const MessageType edit = Studio::type_of<Edit>, chat = Studio::type_of<Chat>;
    CHECK(file(PeerId::none(), edit, 1));
    CHECK(file(PeerId::none(), chat, 1));
    CHECK(file(PeerId{2}, edit, 1));
    CHECK(file(PeerId{2}, chat, 2));
    CHECK(file(PeerId::host(), edit, 1));
    CHECK(file(PeerId::host(), chat, 2));
    run(world, forger, 2_s);
    CHECK(room[0].net.health().violations == 3);
    for (auto& player : room.players) {
        CHECK(player->edits == 0);
        CHECK(player->broken == "");
    }
    CHECK(room[0].chats[3] == 2);
    CHECK(room[1].chats[3] == 1);
    CHECK(room[2].chats[3] == 2);
    CHECK(forger.room.estate().ledger().bytes() == 0); // all is settled
    // The same under the next one.
    world.remove(room[0].net);
    run(world, forger, 5_s);
    REQUIRE(room[1].net.status() == Status::hosting);
    const std::uint64_t before = room[1].net.health().pardoned;
    CHECK(file(PeerId::none(), edit, 2));
    run(world, forger, 10_s);
    CHECK(room[2].edits == 0);
    CHECK(room[1].net.health().violations + room[1].net.health().pardoned > before);
    for (int i = 0; i < 8; ++i) CHECK(file(PeerId::none(), edit, 2));
    run(world, forger, 1_s);
    CHECK(room[2].edits == 0);
    CHECK(forger.closed == Error::forbidden);
}

TEST_CASE("where guests speak straight with each other, each goes by the speaker's role") {
    sim::World world(3, *sim::Faults::parse("latency_ms=20"));
    Atelier<topology::Mesh<>> room(world, 3);
    Forger<topology::Mesh<>> forger(world, 9);
    REQUIRE(forger.room.join(world.now(), *transport::MemoryAddress::parse("host1:4000")));
    run(world, forger, 3_s);
    REQUIRE(forger.room.status() == Status::joined);
    const auto spread = [&](MessageType type, std::uint32_t value) {
        return forger.room.spread({type, Delivery::best_effort, number(value), {}, 0},
                                  [](const auto& seat) { return seat.id != PeerId::host(); });
    };
    for (int i = 0; i < 5; ++i) {
        CHECK(spread(Studio::type_of<Sketch>, 1));
        CHECK(spread(Studio::type_of<Wave>, 1));
        run(world, forger, 100_ms);
    }
    for (const std::size_t i : {1u, 2u}) {
        CHECK(room[i].sketches == 0);
        CHECK(room[i].waves == 5);
        CHECK(room[i].net.health().violations == 5);
        CHECK(room[i].violations == 1);          // told once
        CHECK(room[i].net.roster().size() == 4); // nobody is sent away but by the host
    }
    // An honest editor's go straight, and are heard.
    REQUIRE(room[0].net.set_role(PeerId{1}, "editor"));
    run(world, forger, 1_s);
    CHECK(room[1].net.broadcast(Sketch{{1}}));
    run(world, forger, 1_s);
    CHECK(room[2].sketches == 1);
    CHECK(room[0].sketches == 1);
    CHECK(room[2].net.latest<Cursor>(PeerId{1}));
    CHECK_FALSE(room[1].net.latest<Cursor>(PeerId{2}));
    CHECK(room[1].net.health().detours == 0);
}

namespace {

struct Move {
    std::int32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Race = Game<"race", 1, Command<Move>, Roles<Role<"crowd">, Role<"runner", Move>>>;
using RaceNet = profile::Lockstep<Race, transport::Memory>;
struct Lanes {
    std::array<std::int64_t, 8> where{};
    int asked = 0, desyncs = 0, violations = 0;

    Move command() { return ++asked, Move{1}; }
    void step(Tick, const Inputs<Move>& inputs) {
        for (const Input<Move>& input : inputs) where[input.peer.value % 8] += input.order.by;
    }
    void serialize(auto& ar) { ar(where); }
    void on(const Desync&) { ++desyncs; }
    void on(const Violation&) { ++violations; }
};

} // namespace

TEST_CASE("in lockstep the inputs of a role that has none are nothing, on every peer") {
    sim::World world(3, *sim::Faults::parse("latency_ms=40,jitter_ms=5,loss=0.05"));
    RaceNet host({.room = "lobby", .seed = 1}, world.port(1)),
        ann({.room = "lobby", .seed = 2}, world.port(2)), bob({.room = "lobby", .seed = 3}, world.port(3));
    Lanes tracks[3];
    world.add(host, tracks[0], {.frame_hz = 60});
    world.add(ann, tracks[1], {.frame_hz = 60});
    world.add(bob, tracks[2], {.frame_hz = 60});
    REQUIRE(host.host(4000));
    REQUIRE(ann.join("host1:4000"));
    REQUIRE(bob.join("host1:4000"));
    REQUIRE(world.run_until(
        [&] { return ann.lockstep().settled.value > 60 && bob.lockstep().settled.value > 60; }, 20_s));
    const auto ran = [&](const RaceNet& net, Duration time) {
        const std::int64_t before = tracks[0].where[net.self().value];
        world.run(time);
        return tracks[0].where[net.self().value] - before;
    };
    CHECK(tracks[1].asked == 0);
    CHECK(ran(ann, 1_s) == 0);
    CHECK(ran(host, 1_s) > 50); // who hosts runs
    REQUIRE(host.set_role(ann.self(), "runner"));
    world.run(500_ms);
    CHECK(ran(ann, 1_s) > 50);
    CHECK(ran(bob, 1_s) == 0);
    for (int i = 0; i < 6; ++i) { // back and forth
        REQUIRE(host.set_role(ann.self(), i % 2 == 0 ? "crowd" : "runner"));
        REQUIRE(host.set_role(bob.self(), i % 2 == 0 ? "runner" : "crowd"));
        world.run(700_ms);
    }
    REQUIRE(host.set_role(ann.self(), "crowd"));
    world.run(700_ms);
    CHECK(ran(ann, 1_s) == 0);
    CHECK(tracks[0].violations == 0);
    CHECK(host.health().violations == 0);
    CHECK(host.health().pardoned > 0);
    for (const Lanes& track : tracks) CHECK(track.desyncs == 0);
    CHECK((ann.status() == Status::joined && bob.status() == Status::joined));
}
