// A server under a flood of handshakes from addresses that are not their senders'.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

#include "../link/plain_words.hpp"

using namespace plain;

namespace {
std::size_t allocations = 0;
void* counted(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    std::abort();
}
} // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

using namespace tenon;
using transport::Memory;
using transport::MemoryAddress;

using namespace plain;

namespace {

struct Beat {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Flooded = Game<"flooded", 1, Event<Beat, Reliable>>;
using Net = Session<Flooded, Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

struct Player {
    int joined = 0;
    void on(PeerId, const Beat&) {}
    void on(const PeerJoined&) { ++joined; }
};
struct Nothing {};

// The server, with an eye on what it allocates.
struct Watched {
    Net net;
    std::size_t allocated = 0;

    explicit Watched(sim::World& world) : net({.room = "lobby"}, world.port(1)) {}
    void tick(Instant now, Player& player) {
        const std::size_t before = allocations;
        net.tick(now, player);
        allocated += allocations - before;
    }
    Instant next_deadline() const { return net.next_deadline(); }
    const Memory& transport() const { return net.transport(); }
};

// Stands between a player and the server, and keeps the player's request to be let in for itself.
struct Thief {
    Memory port;
    std::vector<std::byte> stolen;

    explicit Thief(sim::World& world) : port(world.port(50)) { REQUIRE(port.open(4000)); }
    void tick(Instant, Nothing&) {
        port.poll([&](const MemoryAddress& from, Lane lane, BytesIn bytes) {
            if (from.host != 1) player = from;
            if (meeting_kind(bytes) == meeting::connect)
                stolen.assign(bytes.begin(), bytes.end());
            else
                (void)port.send(from.host == 1 ? player : MemoryAddress{1, 4000}, lane, bytes);
        });
    }
    Instant next_deadline() const { return Instant::never(); }
    const Memory& transport() const { return port; }

    MemoryAddress player;
};

// A server, and a thief who holds a player's request to be let in.
struct Siege {
    sim::World world{1, *sim::Faults::parse("latency_ms=10")};
    Watched server{world};
    Player host, robbed;
    Nothing nothing;
    Net victim{{.room = "lobby"}, world.port(3)};
    Thief thief{world};

    Siege() {
        world.add(server, host);
        world.add(victim, robbed);
        world.add(thief, nothing);
        REQUIRE(server.net.host(4000));
        REQUIRE(victim.join("host50:4000"));
        REQUIRE(world.run_until([&] { return !thief.stolen.empty(); }, seconds(2)));
        world.remove(victim);
    }
};

// What strangers may say, one kind after the other.
std::size_t forge(BytesOut into, std::uint64_t turn, Random& random, BytesIn stolen) {
    Hello hello{random.next(), stable_id(Flooded::name), protocol_version};
    switch (turn % 7) {
        case 0:
            return write(into, hello);
        case 1: // of another game, which deserves an answer
            hello.game = random.next();
            return write(into, hello);
        case 2: // of another time
            hello.protocol = 7;
            return write(into, hello);
        case 3: { // so short that an answer would be longer
            ByteWriter out = detail::begin_meeting(into, meeting::hello);
            out.u16(hello.protocol);
            out.u64(hello.nonce);
            out.u64(hello.game);
            return detail::seal_meeting(into, out, 0);
        }
        case 4: { // with a cookie out of thin air
            Connect connect;
            connect.nonce = random.next();
            connect.cookie = random.next();
            connect.stamp = static_cast<std::uint32_t>(turn);
            return write(into, connect);
        }
        case 5: // with another's cookie
            copy(into.data(), stolen);
            return stolen.size();
        default:
            for (std::size_t i = 0; i < 100; ++i) into[i] = static_cast<std::byte>(random.below(256));
            return static_cast<std::size_t>(random.below(100));
    }
}

} // namespace

TEST_CASE("a flood of forged handshakes leaves nothing behind and is not amplified") {
    Siege siege;
    sim::World& world = siege.world;
    Watched& server = siege.server;
    Player friendly;
    Net honest({.room = "lobby"}, world.port(2));
    world.add(honest, friendly);

    constexpr std::uint32_t first = 1000, each_ms = 20, milliseconds_long = 1000;
    std::uint32_t stranger = first;
    std::uint64_t turn = 0;
    std::byte bytes[1500];
    const auto flood = [&](std::uint32_t for_ms) {
        for (std::uint32_t ms = 0; ms < for_ms; ++ms) {
            for (std::uint32_t i = 0; i < each_ms; ++i) {
                const std::size_t size = forge(bytes, turn++, world.random(), siege.thief.stolen);
                world.network().send(world.now(), MemoryAddress{stranger++, 1234}, MemoryAddress{1, 4000},
                                     Lane{}, BytesIn(bytes, size));
            }
            world.run(milliseconds(1));
        }
    };
    flood(200); // until every buffer has its size
    server.allocated = 0;
    flood(milliseconds_long);
    CHECK(server.allocated == 0);
    CHECK(server.net.roster().size() == 1);
    CHECK(server.net.health().peer_count == 0);
    CHECK(server.net.health().refused > 1000);
    CHECK(siege.host.joined == 0);

    std::uint64_t answered = 0;
    for (std::uint32_t address = first; address < stranger; ++address) {
        const std::uint64_t got = world.network().counters(1, address).bytes_sent;
        answered += got != 0;
        if (got > world.network().counters(address, 1).bytes_sent)
            CHECK_MESSAGE(false, "host " << address << " got " << got << " bytes");
    }
    CHECK(answered > (stranger - first) / 3); // three kinds of seven deserve an answer

    // Who is honest gets in all the same, in the midst of it.
    REQUIRE(honest.join("host1:4000"));
    flood(500);
    CHECK(honest.status() == Status::joined);
    CHECK(server.net.roster().size() == 2);
}

namespace {

// Hears when what others said was said.
struct Timed {
    sim::World& world;
    std::vector<Duration> late{};
    std::vector<Instant> said{}; // by a Beat's number
    void on(PeerId, const Beat& beat) { late.push_back(world.now() - said[beat.number]); }
    Duration p99() {
        REQUIRE(late.size() > 100);
        std::sort(late.begin(), late.end());
        return late[late.size() * 99 / 100];
    }
};
struct Mute {
    void on(PeerId, const Beat&) {}
};

struct Figures {
    Duration p99{};
    std::size_t allocated = 0;
    std::uint64_t refused = 0;
};
// Three who play at sixty frames a second with a server of as many, while strangers say so much a
// millisecond.
Figures besieged(std::uint32_t each_ms) {
    sim::World world(3, *sim::Faults::parse("latency_ms=10,jitter_ms=5,loss=0.01"));
    struct Server {
        Net net;
        std::size_t allocated = 0;
        explicit Server(sim::World& w) : net({.room = "lobby"}, w.port(1)) {}
        void tick(Instant now, Timed& timed) {
            const std::size_t before = allocations;
            net.tick(now, timed);
            allocated += allocations - before;
        }
        Instant next_deadline() const { return net.next_deadline(); }
        const Memory& transport() const { return net.transport(); }
    } server(world);
    Timed timed{world};
    Mute mute;
    Net guests[3] = {Net({.room = "lobby"}, world.port(2)), Net({.room = "lobby"}, world.port(3)),
                     Net({.room = "lobby"}, world.port(4))};
    world.add(server, timed, {.frame_hz = 60});
    REQUIRE(server.net.host(4000));
    for (Net& guest : guests) {
        world.add(guest, mute, {.frame_hz = 60});
        REQUIRE(guest.join("host1:4000"));
    }
    world.run(seconds(1));
    std::byte bytes[1500];
    std::uint64_t turn = 0;
    const std::vector<std::byte> stolen(1200, std::byte{0x83});
    const auto play = [&](int for_ms) {
        for (int ms = 0; ms < for_ms; ++ms) {
            for (std::uint32_t i = 0; i < each_ms; ++i) {
                const std::size_t size = forge(bytes, turn++, world.random(), stolen);
                const auto host = static_cast<std::uint32_t>(1000 + world.random().below(500));
                const auto port = static_cast<std::uint16_t>(world.random().below(60'000));
                world.network().send(world.now(), {host, port}, {1, 4000}, Lane{}, BytesIn(bytes, size));
            }
            if (ms % 20 == 0)
                for (Net& guest : guests) {
                    const auto number = static_cast<std::uint32_t>(timed.said.size());
                    if (guest.send(PeerId::host(), Beat{number})) timed.said.push_back(world.now());
                }
            world.run(milliseconds(1));
        }
    };
    timed.said.reserve(10'000);
    timed.late.reserve(10'000);
    play(300); // until every buffer has its size
    server.allocated = 0;
    play(1200);
    CHECK(server.net.roster().size() == 4);
    return {timed.p99(), server.allocated, server.net.health().refused};
}

} // namespace

TEST_CASE("a hundred thousand forged handshakes a second take nothing from those who play, and no memory") {
    const Figures quiet = besieged(0), siege = besieged(100);
    CHECK(siege.allocated == 0);
    CHECK(siege.refused > 60'000);
    CHECK(siege.p99 <= quiet.p99 * 2);
    MESSAGE("p99 " << quiet.p99.ms() << " ms, under siege " << siege.p99.ms() << " ms");
}

namespace {

struct Line {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Junk {
    std::uint32_t number = 0;
    std::array<std::uint8_t, 100> bytes{};
    void serialize(auto& ar) { ar(number, bytes); }
};
using Crowded = Game<"crowded", 1, Event<Beat, Reliable>, Event<Junk>, Event<Line, Ordered>>;
using CrowdNet = Session<Crowded, Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                         reliability::AckVector>;

struct Honest {
    sim::World& world;
    std::vector<Instant>& said;
    std::vector<Duration> late{};
    std::string closed{};

    void on(PeerId, const Beat& beat) { late.push_back(world.now() - said[beat.number]); }
    void on(PeerId, const Junk&) {}
    void on(PeerId, const Line&) {}
    void on(const Closed& ended) { closed = name(ended.reason); }
};
struct Hostile {
    void on(PeerId, const Beat&) {}
    void on(PeerId, const Junk&) {}
    void on(PeerId, const Line&) {}
};

// Four who play with a server, each telling all others something fifty times a second, while so many guests
// do their worst at the same time, each in another way.
struct Crowd {
    Duration p99{};
    std::uint64_t hostile_said = 0;
    std::string closed;
};
Crowd crowded(std::size_t hostile_count) {
    sim::World world(5, *sim::Faults::parse("latency_ms=10,jitter_ms=5,loss=0.01"));
    std::vector<Instant> said;
    said.reserve(10'000);
    CrowdNet server({.room = "lobby"}, world.port(1));
    Honest at_server{world, said};
    world.add(server, at_server, {.frame_hz = 60});
    REQUIRE(server.host(4000));
    std::vector<std::unique_ptr<CrowdNet>> honest, hostile;
    std::vector<std::unique_ptr<Honest>> players;
    Hostile nobody;
    for (std::uint32_t i = 0; i < 4 + hostile_count; ++i) {
        auto& group = i < 4 ? honest : hostile;
        group.push_back(
            std::make_unique<CrowdNet>(Options{.room = "lobby", .seed = i + 1}, world.port(2 + i)));
        if (i < 4) {
            players.push_back(std::make_unique<Honest>(Honest{world, said}));
            world.add(*group.back(), *players.back(), {.frame_hz = 60});
        } else {
            world.add(*group.back(), nobody);
        }
        REQUIRE(group.back()->join("host1:4000"));
    }
    world.run(seconds(1));
    Crowd crowd;
    for (int ms = 0; ms < 1500; ++ms) {
        for (std::size_t i = 0; i < hostile.size(); ++i) {
            for (int n = 0; n < 20; ++n) {
                const auto number = static_cast<std::uint32_t>(n);
                bool sent = false;
                if (i == 0) // what may be lost, to everybody
                    sent = bool(hostile[i]->broadcast(Junk{number, {}}));
                else if (i == 1) // what must arrive, to everybody
                    sent = bool(hostile[i]->broadcast(Line{number}));
                else // both, to one alone
                    sent = n % 2 == 0 ? bool(hostile[i]->send(honest[0]->self(), Line{number}))
                                      : bool(hostile[i]->send(honest[0]->self(), Junk{number, {}}));
                crowd.hostile_said += sent ? 1 : 0;
            }
        }
        if (ms % 20 == 0)
            for (auto& net : honest) {
                if (net->broadcast(Beat{static_cast<std::uint32_t>(said.size())}))
                    said.push_back(world.now());
            }
        world.run(milliseconds(1));
    }
    world.run(seconds(1));
    std::vector<Duration> late = at_server.late;
    for (const auto& player : players) {
        late.insert(late.end(), player->late.begin(), player->late.end());
        crowd.closed += player->closed;
    }
    // Everybody has heard each of the others.
    CHECK(late.size() == said.size() * 4);
    std::sort(late.begin(), late.end());
    crowd.p99 = late[late.size() * 99 / 100];
    return crowd;
}

} // namespace

TEST_CASE(
    "two or three guests who flood together, each in its own way, leave the others as quick as they were") {
    const Crowd quiet = crowded(0);
    for (const std::size_t hostile : {2u, 3u}) {
        CAPTURE(hostile);
        const Crowd siege = crowded(hostile);
        CHECK(siege.closed.empty());
        CHECK(siege.hostile_said > hostile * 10'000);
        CHECK(siege.p99 <= quiet.p99 * 2);
        MESSAGE("p99 " << quiet.p99.ms() << " ms, among " << hostile << " who flood " << siege.p99.ms()
                       << " ms");
    }
}

TEST_CASE("a stolen request to be let in is good from its own address alone") {
    Siege siege;
    sim::World& world = siege.world;
    const auto replay = [&](std::uint32_t from, std::uint16_t port) {
        world.network().send(world.now(), MemoryAddress{from, port}, MemoryAddress{1, 4000}, Lane{},
                             siege.thief.stolen);
        world.run(milliseconds(100));
        return siege.host.joined;
    };
    CHECK(replay(51, 4000) == 0);
    CHECK(replay(50, 4001) == 0);
    CHECK(replay(50, 4000) == 1);
    CHECK(replay(50, 4000) == 1); // it is the same caller, however often it asks
    CHECK(siege.server.net.roster().size() == 2);
}

TEST_CASE("a cookie goes stale") {
    Siege siege;
    sim::World& world = siege.world;
    world.run(cookie_life + milliseconds(100));
    world.network().send(world.now(), MemoryAddress{50, 4000}, MemoryAddress{1, 4000}, Lane{},
                         siege.thief.stolen);
    world.run(milliseconds(100));
    CHECK(siege.host.joined == 0);
}
