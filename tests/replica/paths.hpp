#pragma once
// One client and its authority in virtual time: paths that are known at every moment, a line that loses,
// delays and reorders, and what the client shows of it all.

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/playback.hpp"
#include "tenon/replica/replica.hpp"
#include "tenon/replica/snapshot_sender.hpp"
#include "tenon/replica/world.hpp"

namespace paths {

using tenon::Duration;
using tenon::Instant;

constexpr double quantum = 0.01;

struct Ship {
    float x = 0, y = 0, heading = 0, qx = 0, qy = 0, qz = 0, qw = 1;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-500, 500, quantum, x, y), tenon::angle(heading, 0.001),
           tenon::rotation(qx, qy, qz, qw, 0.001));
    }
};
struct Label {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
// Turns a ship and drives it on; and a shot at what is seen at a place.
struct Steer {
    float turn = 0;
    bool fire = false;
    float aim_x = 0, aim_y = 0;
    void serialize(auto& ar) { ar(turn, fire, aim_x, aim_y); }
};
using Game = tenon::Game<"play", 1, tenon::Component<Ship>, tenon::Component<Label>, tenon::Command<Steer>>;
using World = tenon::World<Game>;
using Replica = tenon::Replica<Game>;
using Playback = tenon::Playback<Game>;

// A datagram's way, in virtual time: 100 +- 30 ms, and one in twenty is lost.
template <class Datagram>
class Line {
  public:
    explicit Line(std::uint64_t seed) : random(seed) {}

    tenon::Random random;
    double loss = 0.05, doubled = 0.01;
    Duration latency = tenon::milliseconds(70), jitter = tenon::milliseconds(60);

    void send(Instant now, const Datagram& datagram) {
        for (int copies = random.chance(doubled) ? 2 : 1; copies-- > 0;)
            if (!random.chance(loss))
                under_way_.push_back(
                    {now + latency + tenon::seconds(random.real() * jitter.seconds()), datagram});
    }
    // The first that has come, of those that came at the same time.
    std::optional<Datagram> receive(Instant now) {
        std::size_t first = under_way_.size();
        for (std::size_t i = 0; i < under_way_.size(); ++i)
            if (under_way_[i].first <= now &&
                (first == under_way_.size() || under_way_[i].first < under_way_[first].first))
                first = i;
        if (first == under_way_.size()) return std::nullopt;
        Datagram datagram = std::move(under_way_[first].second);
        under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(first));
        return datagram;
    }

  private:
    std::vector<std::pair<Instant, Datagram>> under_way_;
};

// Where something is at a time in seconds, at a steady speed along a winding path, or standing now and then.
struct Path {
    double radius = 10, speed = 5, phase = 0;
    bool halts = false;
    bool varies = false; // at another speed after each halt
    double eases = 0;    // for so many seconds it comes to its speed, and loses it

    static Path random(tenon::Random& random) {
        return {4 + random.real() * 30, 2 + random.real() * 8, random.real() * 6};
    }
    Ship at(double time) const {
        if (halts) {
            const double cycle = 1.7, part = std::fmod(time + phase, cycle), on = part > 1 ? 1 : part;
            const double cycles = std::floor((time + phase) / cycle);
            time = (varies ? gone(cycles) : cycles) + eased(on) * (varies ? pace(cycles) : 1) - phase;
        }
        const double turn = phase + time * speed / radius;
        Ship ship;
        ship.x = static_cast<float>(radius * std::cos(turn));
        ship.y = static_cast<float>(radius * std::sin(turn));
        ship.heading = static_cast<float>(turn + 1.5707963);
        ship.qz = static_cast<float>(std::sin(turn / 2));
        ship.qw = static_cast<float>(std::cos(turn / 2));
        return ship;
    }

  private:
    // Of the way of one second.
    double eased(double part) const {
        if (eases == 0) return part;
        const double top = 1 / (1 - eases);
        if (part < eases) return top * part * part / (2 * eases);
        if (part > 1 - eases) return 1 - top * (1 - part) * (1 - part) / (2 * eases);
        return top * (part - eases / 2);
    }
    static double pace(double cycle) { return 1 + 0.5 * std::sin(cycle * 2.4); }
    static double gone(double cycles) {
        double sum = 0;
        for (double i = 0; i < cycles; ++i) sum += pace(i);
        return sum;
    }
};

// What a command does to a thing of its client, alike on both sides: a ship turns and goes on, and what has a
// label is a shot that flies for so many ticks more.
struct Rules {
    template <class AnyWorld>
    void operator()(AnyWorld& world, tenon::EntityId entity, const Steer& steer, std::uint32_t number) const {
        auto ship = world.template get<Ship>(entity);
        if (!ship) return;
        auto label = world.template get<Label>(entity);
        if (label && label->number == 0) return void(world.despawn(entity));
        const double heading =
            static_cast<double>(ship->heading) + (label ? 0 : static_cast<double>(steer.turn));
        const double length = label ? 0.3 : 0.1;
        ship->heading = static_cast<float>(heading);
        ship->x += static_cast<float>(std::cos(heading) * length);
        ship->y += static_cast<float>(std::sin(heading) * length);
        world.set(entity, *ship);
        if (label) return void(world.set(entity, Label{label->number - 1}));
        if (!steer.fire) return;
        const auto shot = world.spawn(world.owner(entity), {number, 1});
        world.set(shot, *ship);
        world.set(shot, Label{60});
    }
};

inline double distance(const Ship& a, const Ship& b) {
    return std::hypot(static_cast<double>(a.x - b.x), static_cast<double>(a.y - b.y));
}

} // namespace paths
