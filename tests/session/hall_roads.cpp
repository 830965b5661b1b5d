// A hall on several roads: its rooms have guests over datagrams, over connections, and such as change from
// one to the other, in virtual time.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "parts.hpp"
#include "tenon/hall.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/several.hpp"

using namespace play;
using transport::Memory;

namespace {

using Roads = transport::Several<Memory, sim::Stream, sim::StreamAndDatagrams>;
using HostNet = NetOver<Roads>;

struct WorldNow {
    const sim::World* world = nullptr;
    Instant operator()() const { return world->now(); }
};
using Either = transport::FallbackOver<WorldNow, Memory, sim::Stream>;

// What is said in a room is said to all in it, with its name.
struct Keeper {
    HallRoom<HostNet>& room;
    std::string notices;
    std::uint32_t shots = 0;

    explicit Keeper(HallRoom<HostNet>& in) : room(in) {}
    void on(PeerId, const Line& line) {
        (void)room.broadcast(Line{std::string(room.name()) + "/" + line.text});
    }
    void on(PeerId, const Shot&) { ++shots; }
    void on(PeerId, const Steer&) {}
    void on(const PeerJoined& joined) { notices += "+" + std::string(joined.name); }
    void on(const PeerLeft& left) {
        notices += "-" + std::string(left.name) + "/" + std::string(name(left.reason));
    }
};
using Inn = tenon::Hall<Plays<HostNet, Keeper>>;

constexpr std::uint32_t inn_at = 1;

struct Village {
    sim::World world;
    Inn inn;
    RoomKey red, blue;

    explicit Village(std::uint64_t seed, const sim::Faults& faults = sim::Faults::none())
        : world(seed, faults),
          inn({.seed = seed + 1}, Roads({0, 0, 4001}, world.port(inn_at), world.stream(inn_at),
                                        world.stream<sim::StreamAndDatagrams>(inn_at))) {
        REQUIRE(inn.open(4000));
        red = open("red", seed + 2);
        blue = open("blue", seed + 3);
        world.add(inn);
    }
    ~Village() { world.remove(inn); }

    RoomKey open(std::string_view room, std::uint64_t seed) {
        const auto key = inn.host<HostNet>({.room = room, .seed = seed});
        REQUIRE(key);
        return *key;
    }
    auto& room(RoomKey key) { return *inn.room<HostNet>(key); }
    Keeper& keeper(RoomKey key) { return *inn.handlers<HostNet>(key); }
};

// A guest, which is in the world as long as it lives.
template <class Transport>
struct Guest {
    Village& village;
    NetOver<Transport> net;
    Player player;

    Guest(Village& in, std::string_view room, std::string_view name, Transport road,
          std::string_view where = "host1:4000")
        : village(in), net({.room = room, .name = name, .seed = 77}, std::move(road)) {
        REQUIRE(net.join(where));
        village.world.add(net, player);
    }
    ~Guest() { village.world.remove(net); }
    bool in(std::size_t many) const { return net.status() == Status::joined && net.roster().size() == many; }
};

std::size_t count_of(const std::string& in, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++count;
    return count;
}

} // namespace

TEST_CASE(
    "a hall has guests by datagrams and by connections in each of its rooms, and keeps the rooms apart") {
    Village village(3);
    auto& world = village.world;
    Guest fly(village, "red", "fly", world.port(10));
    Guest walk(village, "red", "walk", world.stream(11));
    Guest ride(village, "red", "ride", world.stream<sim::StreamAndDatagrams>(12), "host1:4001");
    Guest far_fly(village, "blue", "fly", world.port(20));
    Guest far_walk(village, "blue", "walk", world.stream(21));
    REQUIRE(world.run_until(
        [&] { return fly.in(4) && walk.in(4) && ride.in(4) && far_fly.in(3) && far_walk.in(3); }, 5_s));
    CHECK(village.inn.guest_count() == 5);
    REQUIRE(fly.net.send(PeerId::host(), Line{"f"}));
    REQUIRE(walk.net.send(PeerId::host(), Line{"w"}));
    REQUIRE(ride.net.send(PeerId::host(), Line{"r"}));
    REQUIRE(far_walk.net.send(PeerId::host(), Line{"w"}));
    world.run(1_s);
    const auto heard = [](const Player& player) {
        return std::string() + std::to_string(count_of(player.lines, "red/")) + "/" +
               std::to_string(count_of(player.lines, "blue/"));
    };
    CHECK(heard(fly.player) == "3/0");
    CHECK(heard(walk.player) == "3/0");
    CHECK(heard(ride.player) == "3/0");
    CHECK(heard(far_fly.player) == "0/1");
    CHECK(heard(far_walk.player) == "0/1");
    // Health says by which road a guest is reached.
    CHECK(village.room(village.red).health(fly.net.self())->road == 0);
    CHECK(village.room(village.red).health(walk.net.self())->road == 1);
    CHECK(village.room(village.red).health(ride.net.self())->road == 2);
    CHECK(village.inn.health().refused == 0);

    SUBCASE("what is large reaches all, and who leaves is told to all") {
        const std::string large(60'000, 'x');
        REQUIRE(village.room(village.red).broadcast(Line{large}));
        world.run(5_s);
        CHECK(count_of(fly.player.lines, large) == 1);
        CHECK(count_of(walk.player.lines, large) == 1);
        CHECK(count_of(ride.player.lines, large) == 1);
        walk.net.leave();
        fly.net.leave();
        world.run(1_s);
        CHECK(village.keeper(village.red).notices.find("-walk/left") != std::string::npos);
        CHECK(village.keeper(village.red).notices.find("-fly/left") != std::string::npos);
        CHECK(count_of(ride.player.notices, "-walk/left") == 1);
        CHECK(village.inn.guest_count() == 3);
        CHECK(world.lines().open_count() == 2); // the hall hung up on the one that left
    }
    SUBCASE("a broken connection ends its guest, and a silent path keeps its place until it is back") {
        world.lines().sever(inn_at, 11);
        world.network().cut(inn_at, 10);
        world.run(12_s);
        CHECK(village.keeper(village.red).notices.find("-walk/connection_lost") != std::string::npos);
        CHECK(village.room(village.red).health(fly.net.self())->level != Level::good);
        world.network().heal();
        world.run(3_s);
        CHECK(fly.in(3));
        REQUIRE(fly.net.send(PeerId::host(), Line{"back"}));
        world.run(1_s);
        CHECK(count_of(ride.player.lines, "red/back") == 1);
    }
    SUBCASE("a room that closes tells its guests on every road, and the other goes on") {
        CHECK(village.inn.close(village.red));
        world.run(3_s);
        CHECK(fly.net.status() == Status::closed);
        CHECK(walk.net.status() == Status::closed);
        CHECK(ride.net.status() == Status::closed);
        CHECK(far_fly.in(3));
        CHECK(village.inn.room_count() == 1);
        // Its name is free, and so are its guests.
        village.red = village.open("red", 99);
        REQUIRE(walk.net.join("host1:4000"));
        CHECK(world.run_until([&] { return walk.in(2); }, 5_s));
    }
    SUBCASE("the hall closes, and with it all its roads") {
        village.inn.close();
        world.run(3_s);
        CHECK_FALSE(village.inn.is_open());
        CHECK(far_walk.net.status() == Status::closed);
        CHECK(world.lines().open_count() == 0);
    }
}

TEST_CASE("callers over every road are told by a hall why they are not let in") {
    Village village(5);
    auto& world = village.world;
    Guest fly(village, "green", "fly", world.port(10));
    Guest walk(village, "green", "walk", world.stream(11));
    Guest wrong(village, "red", "wrong", world.stream<sim::StreamAndDatagrams>(12)); // of another road
    world.run(3_s);
    CHECK(count_of(fly.player.notices, "closed/wrong_room") == 1);
    CHECK(count_of(walk.player.notices, "closed/wrong_room") == 1);
    CHECK(count_of(wrong.player.notices, "closed/datagrams_mismatch") == 1);
    CHECK(village.inn.guest_count() == 0);
    CHECK(world.lines().open_count() == 0);
}

TEST_CASE("a guest of a hall changes its road in mid-game and back, and loses nothing, from seeds") {
    sim::Faults faults = sim::Faults::none();
    faults.latency_ms = 30;
    faults.loss = 0.05;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        Village village(seed, faults);
        auto& world = village.world;
        Guest roams(village, "red", "roams", Either(WorldNow{&world}, {}, world.port(10), world.stream(10)));
        Guest stays(village, "red", "stays", world.stream(11));
        REQUIRE(world.run_until([&] { return roams.in(3) && stays.in(3); }, 10_s));
        const PeerId self = roams.net.self();
        std::uint32_t said = 0;
        const auto talk = [&](int times) {
            for (int i = 0; i < times; ++i) {
                CHECK(roams.net.broadcast(Shot{++said}));
                CHECK(village.room(village.red).send(self, Line{std::to_string(said)}));
                world.run(30_ms);
            }
        };
        talk(20);
        CHECK(village.room(village.red).health(self)->road == 0);
        world.network().cut(inn_at, 10);
        talk(100);
        CHECK(village.room(village.red).health(self)->road == 1);
        world.network().heal();
        CHECK(world.run_until([&] { return village.room(village.red).health(self)->road == 0; }, 20_s));
        talk(20);
        world.run(2_s);
        CHECK(roams.net.self() == self);
        CHECK(roams.in(3));
        CHECK(village.keeper(village.red).shots == said);
        for (std::uint32_t i = 1; i <= said; ++i) {
            CHECK(count_of(stays.player.shots + " ", ":" + std::to_string(i) + " ") == 1);
            CHECK(count_of(roams.player.lines + " ", ":" + std::to_string(i) + " ") == 1);
        }
    }
}
