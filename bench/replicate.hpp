#pragma once
// Plays a capture through a world, a sender and a replica whose acknowledgements come some ticks late, and
// adds up what it took. Every snapshot is compared with the world to the bit.

#include <cstring>
#include <vector>

#include "captures.hpp"
#include "harness.hpp"
#include "tenon/replica/replica.hpp"
#include "tenon/replica/snapshot_sender.hpp"
#include "tenon/replica/world.hpp"

namespace bench {

struct Replicated {
    bool exact = true;
    std::size_t frames = 0, packets = 0;
    double bytes = 0, seconds_out = 0, seconds_in = 0;
};

// Of this thread alone: what else the machine does is not in it.
inline double cpu() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline bool same(const tenon::WorldHistory& world, const tenon::ReplicaHistory& replica) {
    const tenon::Row row = world.at(world.commits() - 1), copy = replica.row();
    for (std::size_t slot = 0; slot < world.used(); ++slot) {
        if (row.tenant(slot) != copy.tenant(slot)) return false;
        for (std::size_t c = 0; c < world.layout().components(); ++c)
            if (std::memcmp(row.cells(c, slot), copy.cells(c, slot),
                            world.layout().component(c).cells * sizeof(tenon::Cell)) != 0)
                return false;
    }
    return true;
}

// From the moment when `warm` frames have passed; each acknowledged `late` frames after it was sent.
template <class Game, class Component, class Each>
Replicated replicate(const std::vector<captures::Frame>& frames, std::size_t late, std::size_t warm,
                     Each&& each) {
    const std::size_t count = frames[0].size();
    tenon::World<Game> world({.entities_max = count, .ticks = 128});
    tenon::SnapshotCache cache(count, 1 << 16, 1, 1);
    tenon::DeltaModels models(world.layout());
    tenon::SnapshotSender sender(world, cache, models);
    tenon::Replica<Game> replica(count);
    std::vector<tenon::EntityId> entities;
    for (std::size_t i = 0; i < count; ++i) entities.push_back(world.spawn());
    std::vector<std::vector<std::uint16_t>> heard(frames.size() + late + 1);
    std::vector<std::byte> buffer(1 << 16);
    Replicated sum;
    for (std::size_t t = 0; t < frames.size(); ++t) {
        for (const std::uint16_t number : heard[t]) sum.exact = sender.acknowledged(number) && sum.exact;
        for (std::size_t i = 0; i < count; ++i) {
            const captures::Pose& p = frames[t][i];
            world.set(entities[i], Component{p.x, p.y, p.z, p.qx, p.qy, p.qz, p.qw});
        }
        world.commit({t + 1});
        const double start = cpu();
        const std::size_t size = sender.write(buffer);
        const double middle = cpu();
        if (size != 0) {
            const auto number = replica.handle(tenon::BytesIn(buffer).first(size));
            if (number) heard[t + late].push_back(*number);
            sum.exact = number && sum.exact;
        }
        const double end = cpu();
        sum.exact = same(world, replica) && sum.exact;
        if (t < warm) continue;
        ++sum.frames;
        sum.packets += size != 0;
        sum.bytes += static_cast<double>(size);
        sum.seconds_out += middle - start;
        sum.seconds_in += end - middle;
        each(world, t, size);
    }
    return sum;
}

} // namespace bench
