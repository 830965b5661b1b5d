#include "tenon/bus/hybrid.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrating.hpp"
#include "searching.hpp"
#include "tenon/bus/lobby.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/sim/bus.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/topology/mesh.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using OnBus = topology::Hybrid<sim::Bus>;
using Players = migrating::Room<OnBus>;
static_assert(BusPolicy<sim::Bus>);

constexpr std::string_view usual = "latency_ms=60,spread=0.3,jitter_ms=20,loss=0.03";

template <class Scenario>
void hold(std::string_view name, std::string_view faults, Scenario&& scenario, std::uint64_t seeds = 10,
          std::uint64_t seeds_long = 1000) {
    const auto report = sim::explore(searching::search(name, faults, seeds, seeds_long), scenario);
    CHECK_MESSAGE(report, report.text());
}

// ---- rooms that are found

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Dot {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
using Talk = Game<"found", 1, State<Dot>, Event<Word, Reliable>>;
template <class Base>
using NetOf = Session<Talk, transport::Memory, codec::Bits, clock::Independent<migrating::rates>,
                      topology::Hybrid<sim::Bus, Base>, reliability::AckVector>;

template <class Base>
struct Guest {
    using Net = NetOf<Base>;
    std::uint32_t host;
    Net net;
    std::uint32_t beat = 0, joined = 0, closed = 0;
    std::vector<std::uint32_t> heard{};
    Error reason = Error::none;

    Guest(sim::World& world, std::uint32_t h, const Options& options)
        : host(h), net(options, world.port(h)) {}
    Dot state() { return {++beat}; }
    void on(PeerId, const Word& word) {
        if (heard.size() <= word.number) heard.resize(word.number + 1);
        ++heard[word.number];
    }
    void on(const Joined&) { ++joined; }
    void on(const Closed& why) {
        ++closed;
        reason = why.reason;
    }
};

template <class Base = topology::AuthorityHosted<>>
struct Crowd {
    sim::World& world;
    std::vector<std::unique_ptr<Guest<Base>>> all{};
    std::uint32_t said = 0;

    explicit Crowd(sim::World& w) : world(w) {}
    Guest<Base>& add(bool meets = true) {
        Options options;
        options.room = "fire";
        options.name = "somebody";
        options.timeout = 6_s;
        options.succeed_after = 1500_ms;
        options.seed = world.random().next() | 1;
        const auto host = static_cast<std::uint32_t>(all.size()) + 1;
        all.push_back(std::make_unique<Guest<Base>>(world, host, options));
        world.add(all.back()->net, *all.back());
        if (meets) meet(*all.back());
        return *all.back();
    }
    void meet(Guest<Base>& guest) { (void)guest.net.meet(world.bus(guest.host)); }
    void kill(std::size_t i) {
        world.remove(all[i]->net);
        dead.push_back(std::move(all[i]));
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
    std::vector<std::unique_ptr<Guest<Base>>> dead{};

    Guest<Base>* host() {
        Guest<Base>* found = nullptr;
        for (auto& guest : all)
            if (guest->net.status() == Status::hosting) {
                if (found != nullptr) return nullptr;
                found = guest.get();
            }
        return found;
    }
    // One room, with all of them in it and nobody else.
    bool together() {
        if (host() == nullptr) return false;
        for (auto& guest : all) {
            const Status status = guest->net.status();
            std::size_t there = 0;
            for (const PeerId peer : guest->net.roster()) there += guest->net.roster().is_away(peer) ? 0 : 1;
            if ((status != Status::joined && status != Status::hosting) || there != all.size()) return false;
        }
        return true;
    }
    std::string who() {
        std::string text;
        for (auto& guest : all)
            text += "; " + std::to_string(guest->host) + " " + std::string(name(guest->net.status())) +
                    " with " + std::to_string(guest->net.roster().size()) + " closed " +
                    std::string(name(guest->reason)) + " in room " +
                    std::to_string(guest->net.meeting().instance() % 1000) + " epoch " +
                    std::to_string(guest->net.epoch());
        return text;
    }
    // What each says, all others hear once.
    std::string all_hear() {
        for (auto& guest : all) guest->heard.clear();
        const std::uint32_t first = said;
        for (auto& guest : all)
            if (!guest->net.broadcast(Word{said++})) return "a word was not taken";
        world.run(6_s);
        for (std::size_t i = 0; i < all.size(); ++i)
            for (std::uint32_t number = first; number < said; ++number) {
                const auto& heard = all[i]->heard;
                const std::uint32_t times = number < heard.size() ? heard[number] : 0;
                if (times != (number - first == i ? 0 : 1))
                    return "word " + std::to_string(number - first) + " was heard " + std::to_string(times) +
                           " times by " + std::to_string(i);
            }
        return {};
    }
    std::string come_together(Duration within = 20_s) {
        if (!world.run_until([&] { return together(); }, within)) return "they did not find together" + who();
        world.run(2_s);
        return together() ? all_hear() : "they parted again" + who();
    }
};

} // namespace

TEST_CASE("everybody finds the room by its name, one after another or all at once") {
    hold("test_sim -tc='everybody finds*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 6; ++i) {
            crowd.add();
            world.run(milliseconds(static_cast<std::int64_t>(world.random().below(900))));
        }
        return crowd.come_together();
    });
}

TEST_CASE("of those who open at once one has the room, and all are in it") {
    hold("test_sim -tc='*open at once*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 5; ++i) crowd.add();
        const std::string broken = crowd.come_together();
        std::uint32_t closed = 0;
        for (auto& guest : crowd.all) closed += guest->closed;
        return closed == 0 ? broken : "somebody was shown out" + crowd.who();
    });
}

TEST_CASE("rooms that were opened where the bus did not reach become one when it does, the larger going on") {
    hold("test_sim -tc='rooms that were opened*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 5; ++i) (void)crowd.add(false);
        (void)world.bus(9);           // so that there is a broker to be cut off from
        world.partition({1, 2}, 8_s); // from the broker as well as from the others
        for (auto& guest : crowd.all) crowd.meet(*guest);
        world.run(7_s);
        // Alone without the bus, each of the two opened a room.
        if (crowd.all[0]->net.status() != Status::hosting || crowd.all[1]->net.status() != Status::hosting)
            return "they did not open one each" + crowd.who();
        const auto others = crowd.all[2]->net.roster().size();
        if (others != 3) return "the others are not together" + crowd.who();
        const std::uint64_t instance = crowd.all[2]->net.meeting().instance();
        const std::string broken = crowd.come_together();
        return broken.empty() && crowd.all[0]->net.meeting().instance() != instance ? "the smaller went on"
                                                                                    : broken;
    });
}

TEST_CASE("two rooms of one name with guests in both become one") {
    hold("test_sim -tc='two rooms of one name*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 7; ++i) (void)crowd.add(false);
        for (std::size_t i = 0; i < 3; ++i) crowd.meet(*crowd.all[i]);
        world.run_until([&] { return crowd.all[0]->net.roster().size() == 3; }, 10_s);
        world.partition({1, 2, 3}, 13_s);
        world.run(4_s);
        for (std::size_t i = 3; i < 7; ++i) crowd.meet(*crowd.all[i]);
        world.run(8_s);
        std::size_t sizes[2] = {crowd.all[0]->net.roster().size(), crowd.all[3]->net.roster().size()};
        if (sizes[0] != 3 || sizes[1] != 4) return "there are not two rooms" + crowd.who();
        return crowd.come_together(30_s);
    });
}

TEST_CASE("a room that was parted for so long that both sides have forgotten each other becomes one") {
    hold("test_sim -tc='a room that was parted*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 5; ++i) crowd.add();
        if (const std::string broken = crowd.come_together(); !broken.empty()) return broken;
        world.partition({1, 3}, 70_s);
        world.run(71_s);
        if (crowd.all[0]->net.roster().size() + crowd.all[1]->net.roster().size() != 5)
            return "they remember each other" + crowd.who();
        return crowd.come_together(40_s);
    });
}

TEST_CASE("the host is lost, the room goes on, and who comes later finds it") {
    hold("test_sim -tc='the host is lost*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 5; ++i) {
            crowd.add();
            world.run(500_ms);
        }
        if (const std::string broken = crowd.come_together(); !broken.empty()) return broken;
        std::size_t host = 0;
        while (crowd.all[host]->net.status() != Status::hosting) ++host;
        crowd.kill(host);
        // Somebody comes at any moment of the change.
        world.run(milliseconds(static_cast<std::int64_t>(world.random().below(6000))));
        crowd.add();
        return crowd.come_together(40_s);
    });
}

TEST_CASE("in a mesh it is the same, and states go straight") {
    hold("test_sim -tc='in a mesh it is*'", usual, [](sim::World& world) {
        Crowd<topology::Mesh<>> crowd(world);
        for (int i = 0; i < 5; ++i) crowd.add();
        if (const std::string broken = crowd.come_together(); !broken.empty()) return broken;
        for (auto& guest : crowd.all)
            if (const Health health = guest->net.health(); health.detours != 0)
                return std::to_string(guest->host) + " takes a detour";
        std::size_t host = 0;
        while (crowd.all[host]->net.status() != Status::hosting) ++host;
        crowd.kill(host);
        world.run(milliseconds(static_cast<std::int64_t>(world.random().below(6000))));
        crowd.add();
        return crowd.come_together(40_s);
    });
}

TEST_CASE("who can't reach the host straight is in the room over the bus") {
    hold("test_sim -tc='who can*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        world.network().cut(1, 2);
        world.network().cut(2, 3);
        for (int i = 0; i < 4; ++i) {
            crowd.add();
            world.run(1_s);
        }
        if (const std::string broken = crowd.come_together(); !broken.empty()) return broken;
        Guest<topology::AuthorityHosted<>>& parted = *crowd.all[1];
        const auto heard = crowd.host()->net.latest<Dot>(parted.net.self());
        world.run(2_s);
        if (parted.net.health().detours == 0) return std::string("no detour is told");
        if (crowd.host()->net.latest<Dot>(parted.net.self())->beat <= heard->beat)
            return std::string("it is not heard");
        world.network().heal();
        world.run(4_s);
        const auto before = parted.net.meeting().detours().sent;
        world.run(5_s);
        if (parted.net.health().detours != 0 || parted.net.meeting().detours().sent != before)
            return std::string("it does not go straight again");
        return crowd.all_hear();
    });
}

TEST_CASE("a straight path is cut and comes back, and no reliable event is lost or doubled") {
    hold("test_sim -tc='a straight path is cut*'", usual, [](sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        const auto host = room.authority()->index;
        room.talk(2_s);
        for (int round = 0; round < 2; ++round) {
            std::uint32_t other = host;
            while (other == host) other = 1 + static_cast<std::uint32_t>(world.random().below(5));
            world.network().cut(host, other, world.now() + 6_s);
            const PeerId parted = room[other].net.self();
            const auto beat = [&] { return room[host].net.latest<migrating::Ship>(parted)->beat; };
            room.talk(3_s);
            if (room[other].net.health().detours != 1)
                return std::to_string(other) + " takes " + std::to_string(room[other].net.health().detours) +
                       " detours";
            const std::uint32_t before = beat();
            room.talk(1_s);
            if (beat() < before + 10) return std::string("it is not heard over the bus");
            room.talk(5_s);
            if (room[other].net.health().detours != 0) return std::string("it does not go straight again");
            if (room[host].net.status() != Status::hosting) return "the host was replaced" + room.who();
            for (auto* player : room.living())
                if (player->away != 0) return "somebody was missed" + room.who();
        }
        return room.settle();
    });
}

TEST_CASE("the bus goes away, the room goes on without it, even without its host, and the bus comes back") {
    hold("test_sim -tc='the bus goes away*'", usual, [](sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        room.talk(2_s);
        world.bus_out(25_s);
        room.talk(8_s);
        for (auto* player : room.living())
            if (player->away != 0 || !player->changes.empty())
                return "the room did not just go on" + room.who();
        auto* host = room.authority();
        room.one_rule = false;
        room.kill(*host);
        room.talk(8_s);
        if (room.authority() == nullptr || !room.obeyed())
            return "nobody decides without the bus" + room.who();
        room.talk(10_s);
        if (const std::string broken = room.add(); !broken.empty()) return broken;
        return room.settle(30_s);
    });
}

TEST_CASE("a room that parts finds together again, over straight paths and the bus alike") {
    hold("test_sim -tc='a room that parts*'", usual, [](sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.talk(1_s);
        room.one_rule = false;
        room.book.directs_ordered = false;
        world.partition({1, 4}, 12_s);
        room.talk(20_s);
        return room.settle(30_s);
    });
}

TEST_CASE("a program in no room sees which there are and who is in them") {
    hold("test_sim -tc='a program in no room*'", usual, [](sim::World& world) {
        Crowd<> crowd(world);
        bus::Lobby lobby(world.bus(99), Talk::name);
        for (int i = 0; i < 4; ++i) crowd.add();
        const auto look = [&](Duration time) {
            for (const Instant end = world.now() + time; world.now() < end;) {
                world.run(100_ms);
                lobby.tick(world.now());
            }
        };
        look(8_s);
        std::size_t rooms = 0, players = 0;
        lobby.directory().for_each_room([&](const bus::Directory::Room& room) {
            ++rooms;
            players += room.what.players;
            if (room.what.room.view() != "fire" || room.what.addresses.size() == 0) players = 0;
        });
        if (rooms != 1 || players != 4) return std::to_string(rooms) + " rooms, " + std::to_string(players);
        if (lobby.directory().peers().size() != 4) return std::string("not all are shown");
        // One goes in good order, one is lost; then all go.
        std::size_t guest = 0;
        while (crowd.all[guest]->net.status() != Status::joined) ++guest;
        crowd.all[guest]->net.leave();
        look(2_s);
        if (lobby.directory().peers().size() > 3 && world.faults().loss == 0)
            return std::string("who left is shown");
        look(15_s);
        if (lobby.directory().peers().size() != 3) return std::string("who left is still shown");
        for (auto& one : crowd.all) one->net.leave();
        look(20_s);
        if (lobby.directory().peers().size() != 0 || lobby.directory().room_count() != 0)
            return std::string("a room of nobody is shown");
        return std::string();
    });
}

TEST_CASE("a flood of forged and damaged words is refused by name, and disturbs nobody") {
    hold(
        "test_sim -tc='a flood of*'", usual,
        [](sim::World& world) {
            Players room(world);
            if (const std::string broken = room.open(4); !broken.empty()) return broken;
            sim::Bus hostile = world.bus(66);
            const auto& meeting = room[1].net.meeting();
            const std::uint64_t game = stable_id(migrating::Talk::name);
            const bus::Subject subject = bus::room_subject(game, stable_id(""));
            const auto rounds = [&](int count, auto&& attack) {
                for (int i = 0; i < count; ++i) {
                    for (int k = 0; k < 20; ++k) attack();
                    room.talk(10_ms);
                }
            };
            std::byte bytes[2048];
            bus::Presence ghost;
            ghost.name = bus::Name("ghost");
            rounds(50, [&] { // of people who are made up
                ghost.from = world.random().next() | 1;
                ghost.number = 1;
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(write(bytes, ghost, game, 1)));
            });
            rounds(50, [&] { // too often of one
                ghost.from = 77;
                ++ghost.number;
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(write(bytes, ghost, game, 1)));
            });
            rounds(50, [&] { // for those who are there, that they go
                bus::Presence forged;
                forged.from = room[2].net.meeting().self();
                forged.instance = room[2].net.meeting().instance();
                forged.number = 1'000'000;
                forged.leaves = true;
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(write(bytes, forged, game, 1)));
                bus::Listing listing;
                listing.host = 5;
                listing.instance = forged.instance;
                listing.epoch.number = 99;
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(write(bytes, listing, game, 1)));
                listing.instance = 3; // a room that is made up, and larger than any
                listing.number = ++ghost.number;
                listing.players = 1000;
                listing.places = 1000;
                listing.schema = migrating::Talk::schema_hash();
                listing.game_version = migrating::Talk::version;
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(write(bytes, listing, game, 1)));
            });
            rounds(50, [&] { // nonsense, and datagrams in another's name
                for (std::byte& byte : BytesOut(bytes).first(64)) byte = std::byte(world.random().below(256));
                (void)hostile.publish(subject.view(), BytesIn(bytes).first(64));
                bus::Carried carried{room[2].net.meeting().self(), 5, 0, BytesIn(bytes).first(64)};
                bytes[0] = std::byte{3};
                std::byte word[256];
                (void)hostile.publish(bus::inbox_subject(meeting.self()).view(),
                                      BytesIn(word).first(write(word, carried, game)));
            });
            for (const Error why : {Error::flooded, Error::forged_presence, Error::bad_checksum})
                if (meeting.refused(why) == 0) return "nothing was refused as " + std::string(name(why));
            for (auto* player : room.living())
                if (player->away != 0 || !player->changes.empty() || player->net.health().detours != 0)
                    return "somebody is disturbed" + room.who();
            if (room[1].net.health().bus_refused != meeting.refused())
                return std::string("health does not tell");
            return room.settle();
        },
        5, 200);
}

TEST_CASE("whatever goes wrong, those who meet are in one room when it is over") {
    sim::Search all;
    all.seeds = 10;
    all.seeds_long = 1000;
    all.command = "test_sim -tc='whatever goes wrong, those who meet*'";
    const auto report = sim::explore(all, [](sim::World& world) {
        Crowd<> crowd(world);
        for (int i = 0; i < 5; ++i) {
            crowd.add();
            world.run(milliseconds(static_cast<std::int64_t>(world.random().below(2000))));
        }
        world.run(15_s);
        world.calm();
        // Who was shown out, as nobody can help while hosts are parted for long, comes again.
        const auto again = [&] {
            for (auto& guest : crowd.all)
                if (guest->net.status() == Status::closed) crowd.meet(*guest);
            return crowd.together();
        };
        if (!world.run_until(again, 60_s)) return "they do not find together" + crowd.who();
        return crowd.all_hear();
    });
    CHECK_MESSAGE(report, report.text());
}
