// A hall that lives: two hundred rooms that come and go under guests who do too, on bad lines and from a
// seed; and one in which nothing changes any more, which needs no memory.
#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "halls.hpp"
#include "tenon/sim/world.hpp"

using namespace halls;

namespace {

constexpr std::uint32_t rooms_max = 200, guests_max = 60;

// Who says it, the how manieth room of that name it is, and a number that counts in it.
struct Tale {
    std::uint32_t room = 0, stay = 0, number = 0;
    void serialize(auto& ar) { ar(room, stay, number); }
};
struct Reply {
    std::uint32_t room = 0;
    void serialize(auto& ar) { ar(room); }
};
using Tales = Game<"tales", 1, State<Ship>, Event<Tale, Ordered>, Event<Reply, Reliable>>;
using Quiet = Game<"quiet", 1, Event<Tale, Ordered>, Event<Reply, Reliable>>;
using TalesNet = NetOf<Tales>;
using QuietNet = NetOf<Quiet>;

template <class NetType>
struct Teller {
    HallRoom<NetType>& room;
    std::uint32_t number, stay, told = 0, wrong = 0;

    Teller(HallRoom<NetType>& in, std::uint32_t which, std::uint32_t how_manieth)
        : room(in), number(which), stay(how_manieth) {}
    Ship state() { return {static_cast<float>(number)}; }
    void on(PeerId, const Tale&) { ++wrong; } // only rooms tell them
    void on(PeerId, const Reply& reply) { wrong += reply.room != number; }
    void tell() { (void)room.broadcast(Tale{number, stay, told++}); }
};
using Hotel = tenon::Hall<Plays<TalesNet, Teller<TalesNet>>, Plays<QuietNet, Teller<QuietNet>>>;

// Even rooms are of the one game, odd ones of the other.
template <class NetType>
struct Traveller {
    NetType net;
    std::uint32_t room, stay = 0, next = 0, heard = 0, wrong = 0;
    bool begun = false, in = false;

    Traveller(const Options& options, transport::Memory port, std::uint32_t where)
        : net(options, std::move(port)), room(where) {}
    void on(PeerId from, const Tale& tale) {
        ++heard;
        const bool right = tale.room == room && from == PeerId::host() && in &&
                           (!begun || (tale.stay == stay && tale.number == next));
        wrong += !right;
        begun = true;
        stay = tale.stay;
        next = tale.number + 1;
        (void)net.send(PeerId::host(), Reply{room});
    }
    void on(PeerId, const Reply&) { ++wrong; }
    void on(const Joined&) { in = true; }
    void on(const Closed&) { in = begun = false; }
};

struct Life {
    sim::World world;
    Random& random = world.random();
    Hotel hall;
    std::vector<RoomKey> rooms{rooms_max};
    std::vector<std::unique_ptr<Traveller<TalesNet>>> even{guests_max};
    std::vector<std::unique_ptr<Traveller<QuietNet>>> odd{guests_max};
    std::uint32_t stays = 0, heard = 0, wrong = 0, joins = 0;

    explicit Life(std::uint64_t seed)
        : world(seed, *sim::Faults::parse("latency_ms=20,spread=0.5,jitter_ms=10,loss=0.05,duplicate=0.02,"
                                          "reorder=0.05,corrupt=0.01")),
          hall({.rooms_max = rooms_max + 8}, world.port(1)) {
        REQUIRE(hall.open(4000));
        world.add(hall);
        for (std::uint32_t i = 0; i < rooms_max; ++i) open(i);
    }
    static std::string name(std::uint32_t room) { return "room " + std::to_string(room); }
    void open(std::uint32_t room) {
        const std::string called = name(room);
        const Options options{.room = called, .peers_max = 4, .timeout = 2_s, .away_for = 1_s};
        const auto key = room % 2 == 0 ? hall.host<TalesNet>(options, room, ++stays)
                                       : hall.host<QuietNet>(options, room, ++stays);
        REQUIRE(key);
        rooms[room] = *key;
    }
    void turn_over(std::uint32_t room) {
        CHECK(hall.close(rooms[room]));
        open(room);
    }
    // Whoever came last is thrown out.
    void kick(std::uint32_t room) {
        const auto from = [](auto& in) { (void)in.kick(in.roster()[in.roster().size() - 1].id); };
        if (auto* in = hall.room<TalesNet>(rooms[room])) from(*in);
        if (auto* in = hall.room<QuietNet>(rooms[room])) from(*in);
    }
    void tell(std::uint32_t room) {
        if (auto* teller = hall.handlers<TalesNet>(rooms[room])) teller->tell();
        if (auto* teller = hall.handlers<QuietNet>(rooms[room])) teller->tell();
    }
    // A new guest; the one before goes without a word, or has said goodbye.
    void travel(auto& into, std::uint32_t who, std::uint32_t room) {
        using Guest = typename std::remove_cvref_t<decltype(*into[who])>;
        vanish(into[who]);
        const std::uint32_t host = 2 + who * 2 + (room % 2);
        into[who] = std::make_unique<Guest>(Options{.room = name(room), .timeout = 2_s, .away_for = 1_s},
                                            world.port(host), room);
        world.add(into[who]->net, *into[who]);
        REQUIRE(into[who]->net.join("host1:4000"));
        ++joins;
    }
    void vanish(auto& guest) {
        if (!guest) return;
        world.remove(guest->net);
        heard += guest->heard;
        wrong += guest->wrong;
        guest.reset();
    }
    void for_each_guest(auto&& f) {
        for (std::uint32_t i = 0; i < guests_max; ++i) {
            f(even, i, random.below(rooms_max / 2) * 2);
            f(odd, i, random.below(rooms_max / 2) * 2 + 1);
        }
    }
    void live(Duration time) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            world.run(20_ms);
            for (int i = 0; i < 40; ++i) tell(static_cast<std::uint32_t>(random.below(rooms_max)));
            if (random.chance(0.3)) turn_over(static_cast<std::uint32_t>(random.below(rooms_max)));
            for (int i = 0; i < 2; ++i) kick(static_cast<std::uint32_t>(random.below(rooms_max)));
            for_each_guest([&](auto& guests, std::uint32_t i, std::uint64_t room) {
                auto& guest = guests[i];
                const bool idle = !guest || !is_open(guest->net.status());
                if (random.chance(idle ? 0.05 : 0.005))
                    travel(guests, i, static_cast<std::uint32_t>(room));
                else if (!idle && random.chance(0.005))
                    guest->net.leave();
                else if (!idle && random.chance(0.01))
                    (void)guest->net.move();
            });
            check();
        }
    }
    void check() {
        // What was closed has had no turn yet to say goodbye; everything else is exact.
        world.run(1_ms);
        std::size_t guests = 0, count = 0;
        const auto look = [&](auto& room, auto& teller) {
            guests += room.roster().size() - 1;
            wrong += teller.wrong;
            ++count;
        };
        hall.for_each<TalesNet>(look);
        hall.for_each<QuietNet>(look);
        REQUIRE(count == rooms_max);
        REQUIRE(hall.room_count() == rooms_max);
        REQUIRE(hall.guest_count() == guests);
        REQUIRE(wrong == 0);
    }
};

void live_from(std::uint64_t seed) {
    CAPTURE(seed);
    Life life(seed);
    life.live(12_s);
    life.world.calm();
    life.for_each_guest([&](auto& guests, std::uint32_t i, std::uint64_t) { life.vanish(guests[i]); });
    CHECK(life.heard > 1000);
    CHECK(life.joins > 200);
    CHECK(life.wrong == 0);
    // Nobody is there any more, and nothing is kept of anybody.
    CHECK(life.world.run_until([&] { return life.hall.guest_count() == 0; }, 10_s));
    life.for_each_guest([&](auto& guests, std::uint32_t i, std::uint64_t) {
        life.travel(
            guests, i,
            i % (rooms_max / 2) * 2 + (std::is_same_v<decltype(guests), decltype((life.odd))> ? 1 : 0));
    });
    const auto everybody = [&](auto&& holds) {
        bool all = true;
        life.for_each_guest(
            [&](auto& guests, std::uint32_t i, std::uint64_t) { all = all && holds(*guests[i]); });
        return all;
    };
    CHECK(life.world.run_until([&] { return everybody([](auto& guest) { return guest.in; }); }, 10_s));
    for (std::uint32_t room = 0; room < rooms_max; ++room) life.tell(room);
    CHECK(
        life.world.run_until([&] { return everybody([](auto& guest) { return guest.heard == 1; }); }, 10_s));
    CHECK(life.hall.guest_count() == guests_max * 2);
    life.check();
    life.hall.close();
    CHECK(life.world.run_until([&] { return everybody([](auto& guest) { return !guest.in; }); }, 10_s));
    CHECK_FALSE(life.hall.is_open());
}

} // namespace

TEST_CASE("two hundred rooms come and go under their guests, and nothing goes astray or stays behind") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) live_from(seed);
}

TEST_CASE("a hall that has settled allocates nothing, whatever is said in its rooms") {
    Street street;
    std::vector<RoomKey> rooms;
    for (const char* name : {"red", "blue", "green"}) {
        rooms.push_back(*street.hall.host<Net>({.room = name}));
        for (int i = 0; i < 2; ++i) street.player(name);
    }
    const auto chat = street.hall.host<ChatNet>({.room = "red"});
    street.talker("red");
    Random random(9);
    const auto play = [&](int turns, double loss) {
        for (int i = 0; i < turns; ++i, street.now += 5_ms) {
            const auto n = static_cast<std::uint32_t>(i);
            for (const RoomKey room : rooms) (void)street.hall.room<Net>(room)->broadcast(Shot{n});
            (void)street.hall.room<ChatNet>(*chat)->broadcast(Spark{n});
            for (auto& player : street.players) (void)player->net.broadcast(Spark{n});
            for (auto& player : street.players) (void)player->net.send(PeerId::host(), Shot{n});
            (void)street.talkers[0]->net.broadcast(Spark{n});
            street.hall.tick(street.now);
            for (auto& guest : street.players) guest->net.tick(street.now, guest->listener);
            for (auto& guest : street.talkers) guest->net.tick(street.now, guest->listener);
            street.exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (!random.chance(loss)) street.exchange.deliver(to, from, lane, bytes);
            });
        }
    };
    street.run(200_ms);
    REQUIRE(street.hall.guest_count() == 7);
    play(3000, 0.1); // worse than what is counted, so that queues have been as long as they will get
    const allocations::Count count;
    play(4000, 0.02);
    CHECK(count.calls() == 0);
    CHECK(street.players[0]->listener.shots > 5000);
}
