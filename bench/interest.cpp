// What a server with a world of entities spends on clients who see a part of it each: CPU of one core,
// memory, bytes, and what twice as many of anything cost. Some clients have a replica, which is compared to
// the bit.

#include <cmath>
#include <memory>

#include "counting.hpp"
#include "replicate.hpp"
#include "tenon/replica/byte_budget.hpp"
#include "tenon/replica/interest.hpp"

namespace {

struct Actor {
    float x = 0, y = 0, z = 0, heading = 0;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-1024, 1024, 0.01, x, y, z), tenon::angle(heading, 0.01));
    }
};
struct Vitals {
    std::int32_t health = 100, ammo = 30;
    bool crouches = false;
    void serialize(auto& ar) { ar(tenon::ranged(health, 0, 100), tenon::ranged(ammo, 0, 63), crouches); }
};
using Game = tenon::Game<"interest", 1, tenon::Component<Actor>, tenon::Component<Vitals>>;

struct Setup {
    std::size_t clients = 1000, entities = 1000, interest = 64;
    double rate = 30;
    int ticks = 90;
    double standing = .3; // of the time
};
struct Outcome {
    bool exact = true;
    double seconds = 0, snapshots = 0, bytes = 0, seen = 0, memory = 0;
};

// Somebody who walks, and now and then turns, stops, shoots or is hit.
struct Walker {
    tenon::EntityId id;
    Actor at;
    Vitals vitals;
    double speed = 0, way = 0;

    void step(tenon::Random& random, double dt, double side, double standing) {
        if (random.chance(dt / 1.5)) way = random.real() * 6.28;
        if (random.chance(dt / 1.5)) speed = random.chance(standing) ? 0 : 3 + random.real() * 3;
        at.x += static_cast<float>(std::cos(way) * speed * dt);
        at.y += static_cast<float>(std::sin(way) * speed * dt);
        if (std::fabs(at.x) > side / 2 || std::fabs(at.y) > side / 2) way += 3.14;
        at.heading += static_cast<float>(std::remainder(way - at.heading, 6.283185) * std::min(1.0, dt * 8));
        if (random.chance(dt / 3)) vitals.ammo = vitals.ammo == 0 ? 30 : vitals.ammo - 1;
        if (random.chance(dt / 10)) vitals.health = static_cast<std::int32_t>(random.below(101));
    }
};

struct Client {
    tenon::Interest<2> interest;
    tenon::SnapshotSender sender;
    std::unique_ptr<tenon::Replica<Game>> replica;
    std::size_t late;
    std::uint32_t heard[16] = {}; // by the tick at which the acknowledgement comes, its number and one more

    Client(const Setup& setup, const tenon::World<Game>& world, tenon::SnapshotCache& cache,
           tenon::DeltaModels& models, std::size_t late_in)
        : interest({.entities_max = setup.interest, .radius_max = 1e6f}),
          sender(world, cache, models, {.entities_max = setup.interest * 2}),
          late(late_in) {}
};

bool same_in_sight(const tenon::World<Game>& world, const Client& client) {
    const tenon::Row row = world.at(world.commits() - 1), copy = client.replica->row();
    std::size_t there = 0;
    client.replica->each([&](tenon::EntityId) { ++there; });
    if (there != client.interest.seen().size()) return false;
    for (const tenon::InSight& it : client.interest.seen()) {
        if (row.tenant(it.slot) != copy.tenant(it.slot)) return false;
        for (std::size_t c = 0; c < world.layout().components(); ++c)
            if (std::memcmp(row.cells(c, it.slot), copy.cells(c, it.slot),
                            world.layout().component(c).cells * sizeof(tenon::Cell)) != 0)
                return false;
    }
    return true;
}

Outcome play(const Setup& setup) {
    constexpr std::size_t buffer_bytes = 1200;
    const double radius = 100, pi = 3.14159265;
    const double side =
        radius * std::sqrt(pi * static_cast<double>(setup.entities) / static_cast<double>(setup.interest));
    const int warm = static_cast<int>(setup.rate) * 2;
    tenon::Random random(7);
    tenon::World<Game> world({.entities_max = setup.entities, .ticks = 64});
    tenon::Stage<2> stage(setup.entities, static_cast<float>(radius));
    tenon::SnapshotCache cache(setup.entities, buffer_bytes, 8, 1);
    tenon::DeltaModels models(world.layout());
    std::vector<Walker> walkers(setup.entities);
    for (Walker& w : walkers) {
        w.id = world.spawn();
        w.at.x = static_cast<float>((random.real() - .5) * side);
        w.at.y = static_cast<float>((random.real() - .5) * side);
        world.set(w.id, w.at), world.set(w.id, w.vitals);
        stage.place(w.id, {{w.at.x, w.at.y}});
    }
    const std::uint64_t before = bench::heap.live;
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < setup.clients; ++i) {
        // Acknowledged 30 to 200 ms later.
        const auto late = static_cast<std::size_t>(setup.rate * (0.03 + random.real() * 0.17)) + 1;
        clients.push_back(
            std::make_unique<Client>(setup, world, cache, models, std::min<std::size_t>(late, 15)));
    }
    Outcome sum;
    sum.memory = static_cast<double>(bench::heap.live - before) / static_cast<double>(setup.clients);
    for (std::size_t i = 0; i < setup.clients; i += (setup.clients + 7) / 8)
        clients[i]->replica = std::make_unique<tenon::Replica<Game>>(setup.entities);
    std::vector<std::byte> buffer(buffer_bytes);
    for (int tick = 1; tick <= warm + setup.ticks; ++tick) {
        for (Walker& w : walkers) w.step(random, 1 / setup.rate, side, setup.standing);
        const bool counts = tick > warm;
        const double start = bench::cpu();
        for (Walker& w : walkers) {
            world.set(w.id, w.at), world.set(w.id, w.vitals);
            stage.place(w.id, {{w.at.x, w.at.y}});
        }
        world.commit({static_cast<std::uint64_t>(tick)});
        sum.seconds += counts ? bench::cpu() - start : 0;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            Client& client = *clients[i];
            const bool lost = random.chance(0.01);
            const double from = bench::cpu();
            std::uint32_t& ack = client.heard[static_cast<std::size_t>(tick) % 16];
            if (ack != 0) (void)client.sender.acknowledged(static_cast<std::uint16_t>(ack - 1));
            ack = 0;
            const Actor& eye = walkers[i % walkers.size()].at;
            const tenon::Viewpoint<2> view{{{eye.x, eye.y}}, static_cast<float>(radius)};
            client.interest.look_from({&view, 1});
            const auto seen = client.interest.update(stage, world, {tenon::PeerId{1}});
            const std::size_t size = client.sender.write(buffer, seen);
            const double until = bench::cpu();
            if (counts) {
                sum.seconds += until - from;
                ++sum.snapshots;
                sum.bytes += static_cast<double>(size);
                sum.seen += static_cast<double>(seen.size());
            }
            if (size == 0 || lost) continue;
            const auto number = tenon::load_le<std::uint16_t>(buffer.data());
            client.heard[(static_cast<std::size_t>(tick) + client.late) % 16] = number + 1u;
            if (!client.replica) continue;
            const bool good = bool(client.replica->handle(tenon::BytesIn(buffer).first(size)));
            sum.exact = sum.exact && good;
            if (client.replica->is_whole()) sum.exact = sum.exact && same_in_sight(world, client);
        }
    }
    return sum;
}

bool exact = true;

// Of one core, in percent.
double share(const Setup& setup) {
    const Outcome sum = play(setup);
    exact = exact && sum.exact;
    return sum.seconds / setup.ticks * setup.rate * 100;
}

} // namespace

int main(int argc, char** argv) {
    Setup full;
    full.ticks = static_cast<int>(bench::argument(argc, argv, "--ticks", 90));
    bench::pin(0);
    Setup some = full;
    some.clients = 100;
    bench::figure("interest100.cpu", share(some), "percent");
    const Outcome sum = play(full);
    exact = exact && sum.exact;
    const double cpu = sum.seconds / full.ticks * full.rate * 100;
    bench::figure("interest1000.cpu", cpu, "percent");
    bench::figure("interest1000.snapshot", sum.seconds / sum.snapshots * 1e6, "us");
    bench::figure("interest1000.seen", sum.seen / sum.snapshots, "entities");
    bench::figure("interest1000.bytes", sum.bytes / sum.snapshots, "bytes");
    bench::figure("interest1000.bits", sum.bytes * 8 / sum.seen, "bits_an_entity");
    bench::figure("interest1000.memory", sum.memory, "bytes_a_client");
    Setup twice = full;
    twice.clients = 2000;
    bench::figure("interest1000.twice_clients", share(twice) / cpu, "ratio");
    twice = full, twice.entities = 2000;
    bench::figure("interest1000.twice_entities", share(twice) / cpu, "ratio");
    twice = full, twice.interest = 128;
    bench::figure("interest1000.twice_interest", share(twice) / cpu, "ratio");
    twice = full, twice.rate = 60;
    bench::figure("interest1000.twice_rate", share(twice) / cpu, "ratio");

    if (!exact) std::puts("a replica differed from what its client sees");
    return exact ? 0 : 1;
}
