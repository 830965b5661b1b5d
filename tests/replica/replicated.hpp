#pragma once
// A world that lives its own life from a seed, and the line between its authority and one client.

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/replica/replica.hpp"
#include "tenon/replica/snapshot_sender.hpp"
#include "tenon/replica/world.hpp"

namespace replicated {

enum class Mood : std::uint8_t { calm, cross, asleep };

struct Body {
    float x = 0, y = 0, z = 0, qx = 0, qy = 0, qz = 0, qw = 1, heading = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-64, 64, 0.01, x, y, z), tenon::rotation(qx, qy, qz, qw, 0.002),
           tenon::angle(heading, 0.01));
    }
};
struct Health {
    std::int32_t points = 100;
    Mood mood = Mood::calm;
    bool shield = false;
    double exact = 0;
    void serialize(auto& ar) { ar(tenon::ranged(points, 0, 100), mood, shield, exact); }
};
struct Hello {
    int word = 0;
    void serialize(auto& ar) { ar(word); }
};
struct Push {
    float by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Game = tenon::Game<"replicated", 1, tenon::Event<Hello>, tenon::Component<Body>,
                         tenon::Component<Health>, tenon::Command<Push>>;
using World = tenon::World<Game>;
using Replica = tenon::Replica<Game>;

// Bodies that fly, bounce, turn, rest, come and go.
class Life {
  public:
    Life(World& world, std::uint64_t seed) : world_(world), random_(seed) {}

    void step() {
        if (things_.size() < 20 || random_.chance(0.05)) spawn();
        if (things_.size() > 5 && random_.chance(0.05)) {
            const auto at = static_cast<std::size_t>(random_.below(things_.size()));
            world_.despawn(things_[at].entity);
            things_.erase(things_.begin() + static_cast<std::ptrdiff_t>(at));
        }
        for (Thing& thing : things_) move(thing);
        world_.commit({++tick_ * 2 + 1'000'000});
    }

  private:
    struct Thing {
        tenon::EntityId entity;
        Body body;
        float speed[3] = {}, spin = 0;
        bool rests = false;
        Health health;
    };
    void spawn() {
        Thing thing;
        thing.entity = world_.spawn(tenon::PeerId{static_cast<std::uint32_t>(random_.below(4))});
        if (!thing.entity) return;
        const auto any = [&](double reach) { return static_cast<float>((random_.real() * 2 - 1) * reach); };
        thing.body.x = any(60), thing.body.y = any(60), thing.body.z = any(60);
        for (float& speed : thing.speed) speed = any(0.3);
        thing.spin = any(0.1);
        things_.push_back(thing);
    }
    void move(Thing& thing) {
        if (random_.chance(0.02)) thing.rests = !thing.rests;
        if (random_.chance(0.01)) thing.spin = -thing.spin;
        if (random_.chance(0.01)) thing.body.x = -thing.body.x; // somewhere else at once
        if (random_.chance(0.02)) world_.set_owner(thing.entity, tenon::PeerId{7});
        if (!thing.rests) {
            float* at[] = {&thing.body.x, &thing.body.y, &thing.body.z};
            for (int k = 0; k < 3; ++k) {
                *at[k] += thing.speed[k];
                if (*at[k] > 60 || *at[k] < -60) thing.speed[k] = -thing.speed[k];
            }
            const float s = thing.spin, c = 1 - s * s / 2;
            Body& b = thing.body;
            const float x = b.qx * c + b.qw * s, w = b.qw * c - b.qx * s, y = b.qy * c + b.qz * s,
                        z = b.qz * c - b.qy * s;
            b.qx = x, b.qy = y, b.qz = z, b.qw = w;
            b.heading += s * 3;
        }
        world_.set(thing.entity, thing.body);
        if (random_.chance(0.03)) {
            Health& health = thing.health;
            health.points = static_cast<std::int32_t>(random_.below(101));
            health.mood = static_cast<Mood>(random_.below(3));
            health.shield = random_.chance(0.5);
            health.exact = random_.real();
            world_.set(thing.entity, health);
        } else if (random_.chance(0.005)) {
            world_.remove<Health>(thing.entity);
        }
    }

    World& world_;
    tenon::Random random_;
    std::uint64_t tick_ = 0;
    std::vector<Thing> things_;
};

// Whether a slot of a replica is, to the bit, what it is in a row of the history.
inline bool same_slot(const tenon::Layout& layout, const tenon::Row& a, const tenon::Row& b,
                      std::size_t slot) {
    if (a.tenant(slot).generation == 0 && b.tenant(slot).generation == 0) return true;
    if (a.tenant(slot) != b.tenant(slot)) return false;
    for (std::size_t c = 0; c < layout.components(); ++c)
        if ((a.tenant(slot).components >> c & 1) != 0 &&
            std::memcmp(a.cells(c, slot), b.cells(c, slot),
                        layout.component(c).cells * sizeof(tenon::Cell)) != 0)
            return false;
    return true;
}
// Every entity of the replica is as the authority had it at the tick at which it is known here.
inline bool agrees(const World& world, const Replica& replica) {
    for (std::size_t slot = 0; slot < world.used(); ++slot) {
        const tenon::Tick at = replica.known_at({static_cast<std::uint16_t>(slot), 1});
        for (std::uint64_t commit = world.commits(); commit-- > 0 && world.has(commit);) {
            if (world.at(commit).tick() != at.value) continue;
            if (!same_slot(world.layout(), world.at(commit), replica.row(), slot)) return false;
            break;
        }
    }
    return true;
}
inline bool is_same_world(const World& world, const Replica& replica) {
    const tenon::Row newest = world.at(world.commits() - 1);
    for (std::size_t slot = 0; slot < world.used(); ++slot)
        if (!same_slot(world.layout(), newest, replica.row(), slot)) return false;
    return true;
}

// Datagrams one way and acknowledgements the other, each late, lost, doubled or out of order.
struct Line {
    struct Datagram {
        std::uint64_t due;
        std::vector<std::byte> bytes;
    };
    tenon::Random random;
    double loss = 0.05, doubled = 0.02;
    std::uint64_t latency = 3, jitter = 3;
    std::vector<Datagram> under_way;

    void send(std::uint64_t now, tenon::BytesIn bytes) {
        for (int copies = random.chance(doubled) ? 2 : 1; copies-- > 0;)
            if (!random.chance(loss))
                under_way.push_back({now + latency + random.below(jitter + 1), {bytes.begin(), bytes.end()}});
    }
    std::optional<std::vector<std::byte>> receive(std::uint64_t now) {
        for (std::size_t i = 0; i < under_way.size(); ++i) {
            if (under_way[i].due > now) continue;
            auto bytes = std::move(under_way[i].bytes);
            under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(i));
            return bytes;
        }
        return std::nullopt;
    }
};

} // namespace replicated
