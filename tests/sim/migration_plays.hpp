#pragma once
// What is played with rooms that outlive their host, whatever they are sent over: each gives a sentence when
// something was not as it should be.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrating.hpp"

namespace migrating {

inline constexpr std::string_view usual = "latency_ms=80,jitter_ms=30,loss=0.05";

template <class T>
T median(std::vector<T> all) {
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

// What the others last heard of the one that was killed, and when they hear its successor.
template <class Transport = transport::Memory>
struct Killing {
    std::vector<double> gaps; // in round trips, from when its silence was long enough

    std::string play(sim::World& world) {
        Room<topology::FirstJoiner, Transport> room(world);
        if (const std::string broken = room.open(16); !broken.empty()) return broken;
        room.watches_clock = true;
        room.talk(1_s + milliseconds(static_cast<std::int64_t>(world.random().below(1000))));
        room.kill(room[1]);
        room.talk(300_ms); // what was on its way has come by now, and nobody is missed yet
        std::vector<Instant> due;
        std::vector<std::vector<std::uint32_t>> held(64);
        for (auto* player : room.living()) {
            due.push_back(player->net.health(PeerId::host())->last_rx + 1_s);
            const auto scores = player->scores();
            for (const auto& [peer, points] : scores) held[peer].push_back(points);
        }
        const auto others = room.living();
        std::vector<bool> heard(others.size());
        const auto hear = [&] {
            bool all = true;
            for (std::size_t i = 0; i < others.size(); ++i) {
                auto& net = others[i]->net;
                if (heard[i] || net.status() == Status::hosting) continue;
                const auto score = net.template latest<Score>(net.self());
                heard[i] = score && score->by != 1;
                if (heard[i]) gaps.push_back((world.now() - due[i]).seconds() / 0.16);
                all = all && heard[i];
            }
            return all && room.authority() != nullptr;
        };
        for (int i = 0; i < 100 && !hear(); ++i) {
            for (auto* player : others)
                if (world.random().chance(room.chatter)) room.speak(*player);
            room.run_until(hear, 50_ms);
        }
        auto* next = room.authority();
        if (next == nullptr) return room.book.broken.empty() ? "nobody decides" : room.book.broken;
        for (std::uint32_t i = 0; i < 16; ++i)
            if (next->began_with[i] < median(held[i]))
                return "it went on from " + std::to_string(next->began_with[i]) + ", and most had " +
                       std::to_string(median(held[i]));
        room.talk(2_s);
        return room.settle();
    }
};

template <class Transport>
struct Plays {
    using Players = Room<topology::FirstJoiner, Transport>;

    // Two sides of a room that don't hear each other for a while; the first `side` players are one of them.
    static std::string part(sim::World& world, std::uint32_t count, std::uint32_t side, Duration time) {
        Players room(world);
        if (const std::string broken = room.open(count); !broken.empty()) return broken;
        room.talk(1_s);
        room.one_rule = false;
        // What was on its way to a peer when that came back may overtake what is said to it again.
        room.book.directs_ordered = false;
        std::vector<std::uint32_t> group;
        for (std::uint32_t i = 1; i <= side; ++i) group.push_back(i);
        world.partition(group, time);
        room.talk(time);
        const auto ends = world.now() + 2_s;
        while (world.now() < ends && !room.obeyed()) room.talk(100_ms);
        if (!room.obeyed()) return "two seconds later they do not obey one" + room.who();
        room.one_rule = true;
        room.talk(1_s);
        if (const std::string broken = room.settle(); !broken.empty()) return broken;
        // Who obeyed one that others did not was told of the change.
        for (auto* player : room.living()) {
            if (player->net.authority() == PeerId::host() && player->changes.empty()) continue;
            if (player->changes.empty()) return std::to_string(player->index) + " was not told of the change";
            const AuthorityChanged& last = player->changes.back();
            if (last.authority != player->net.authority())
                return std::to_string(player->index) + " was told of another change than there was";
        }
        return {};
    }
    static std::string stands_still(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.talk(1_s);
        room.one_rule = false; // it can't know before it wakes up
        world.pause(1, 4_s);
        room.talk(4_s);
        const auto ends = world.now() + 2_s;
        while (world.now() < ends && !room.obeyed()) room.talk(100_ms);
        if (!room.obeyed()) return "two seconds later they do not obey one" + room.who();
        room.one_rule = true;
        room.talk(1_s);
        return room.settle();
    }
    static std::string leaves(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.talk(1_s);
        room[1].net.leave();
        room[1].dead = true;
        const Instant left = world.now();
        if (!room.run_until([&] { return room.authority() != nullptr && room.agreed(); }, 5_s))
            return "nobody came after it" + room.who();
        if (world.now() - left > 2500_ms) return std::string("it took too long");
        room.talk(1_s);
        for (auto* player : room.living())
            if (player->changes.empty()) return std::string("somebody was not told");
        // To one who lost all three goodbyes it fell silent.
        std::size_t knew = 0;
        for (auto* player : room.living()) knew += player->changes[0].reason == Error::left ? 1 : 0;
        if (knew * 2 <= room.living().size()) return std::string("they were not told why");
        return room.settle();
    }
    static std::string hands_over(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.watches_clock = true;
        room.talk(1_s);
        if (!room[1].net.set_authority(room[4].net.self())) return std::string("it could not");
        room.talk(2_s);
        if (room.authority() != &room[4]) return "it is not the one that was chosen" + room.who();
        for (auto* player : room.living())
            if (player->changes.size() != 1 || player->changes[0].reason != Error::none)
                return std::to_string(player->index) + " was told wrong";
        // Straight on, and back.
        if (!room[4].net.set_authority(room[5].net.self())) return std::string("it could not go on");
        if (!room.run_until(
                [&] { return room[5].net.status() == Status::hosting && room[5].changes.size() == 2; }, 3_s))
            return "it does not go on" + room.who();
        if (!room[5].net.set_authority(room[1].net.self())) return std::string("it could not go back");
        room.talk(2_s);
        if (room.authority() != &room[1]) return "it is not back" + room.who();
        return room.settle();
    }
    static std::string dies_at_once(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.talk(1_s);
        if (!room[1].net.set_authority(room[3].net.self())) return std::string("it could not");
        room.book.chosen[3] = true;
        room.run(milliseconds(static_cast<std::int64_t>(world.random().below(400))));
        room.kill(room[3]);
        room.one_rule = false;
        room.talk(4_s);
        return room.settle();
    }
    static std::string two_die(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(7); !broken.empty()) return broken;
        room.talk(1_s);
        room.kill(room[1]);
        room.kill(room[2]);
        room.talk(4_s);
        if (room.authority() != &room[3]) return "the third does not decide" + room.who();
        return room.settle();
    }
    static std::string room_of_two(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(2); !broken.empty()) return broken;
        room.talk(1_s);
        if (world.random().chance(0.5)) {
            room.kill(room[1]);
            room.talk(3_s);
            if (room.authority() != &room[2]) return "it does not go on" + room.who();
        } else {
            room.one_rule = false;
            world.partition({1}, 4_s);
            room.talk(6_s);
        }
        return room.settle();
    }
    static std::string comes_late(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        room.talk(1_s);
        room.kill(room[1]);
        room.talk(3_s);
        auto* host = room.authority();
        if (host == nullptr) return "nobody decides" + room.who();
        for (int i = 0; i < 2; ++i)
            if (const std::string broken = room.add(host->index); !broken.empty()) return broken;
        room.run(1_s);
        room.talk(1_s);
        room.kill(*host);
        room.talk(3_s);
        if (!room.run_until([&] { return room.authority() != nullptr; }, 3_s))
            return "nobody decides at last" + room.who();
        return room.settle();
    }
    static std::string away_meanwhile(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        room.talk(1_s);
        room.one_rule = false;
        world.partition({4}, 6_s);
        room.talk(500_ms);
        room.kill(room[1]);
        room.talk(7_s);
        return room.settle();
    }
    static std::string twenty_times(sim::World& world) {
        Players room(world);
        if (const std::string broken = room.open(5); !broken.empty()) return broken;
        room.chatter = 0.2;
        for (int i = 0; i < 20; ++i) {
            auto* host = room.authority();
            if (host == nullptr) return "nobody decides" + room.who();
            const auto others = room.living();
            auto* next = others[world.random().below(others.size())];
            if (i % 4 == 3) {
                if (const std::string broken = room.add(host->index); !broken.empty()) return broken;
                room.run(500_ms);
                // Who has not heard the room's key could not go on with the others.
                if (!room.run_until([&] { return room.agreed(); }, 3_s))
                    return "who came is not in the room" + room.who();
                // What was said to it before it was the authority may still be on its way.
                room.book.chosen[host->index] = true;
                room.kill(*host);
                room.talk(3_s);
            } else {
                if (!host->net.set_authority(next->net.self())) return std::string("it could not");
                room.talk(1_s);
                if (!room.run_until([&] { return room.authority() == next; }, 3_s))
                    return "it did not take over" + room.who();
            }
        }
        return room.settle();
    }
    static std::string by_merit(sim::World& world) {
        Room<topology::ByMerit<25>, Transport> room(world);
        if (const std::string broken = room.open(6); !broken.empty()) return broken;
        for (std::uint32_t i = 1; i <= 6; ++i) room[i].net.set_merit(10);
        room[5].net.set_merit(12);
        room.talk(8_s);
        if (room.authority() != &room[1]) return "it was replaced for little" + room.who();
        room[3].net.set_merit(20);
        room.talk(6_s);
        if (room.authority() != &room[3]) return "the best does not decide" + room.who();
        // They change a little, to and fro.
        for (int i = 0; i < 10; ++i) {
            room[3].net.set_merit(20 + static_cast<float>(world.random().below(3)));
            room[5].net.set_merit(20 + static_cast<float>(world.random().below(4)));
            room.talk(1_s);
        }
        if (room.authority() != &room[3] || room[3].changes.size() != 1)
            return "two equals hand it to and fro" + room.who();
        room.kill(room[3]);
        room.talk(4_s);
        if (room.authority() != &room[5]) return "the next best does not decide" + room.who();
        return room.settle();
    }
};

} // namespace migrating
