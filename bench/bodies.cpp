// Bits for each of 250 bodies that fly about and collide, 30 updates a second to one client who acknowledges
// 100 ms later, with all headers; and the time to encode and to decode as many of them as have 4 KB of state.

#include "replicate.hpp"

namespace {

struct Body {
    float x = 0, y = 0, z = 0, qx = 0, qy = 0, qz = 0, qw = 1;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-64, 64, 0.01, x, y, z), tenon::rotation(qx, qy, qz, qw, 0.001));
    }
};
using Game = tenon::Game<"bodies", 1, tenon::Component<Body>>;

// IP and UDP, and a packet of tenon's in plaintext with one unreliable message (bench/overhead.cpp).
constexpr double headers = 28 + 9;

} // namespace

int main(int argc, char** argv) {
    constexpr std::size_t late = 3, warm = 60;
    const auto frames =
        captures::bodies(static_cast<std::size_t>(bench::argument(argc, argv, "--frames", 3600)),
                         static_cast<std::uint64_t>(bench::argument(argc, argv, "--seed", 1)));
    const auto nothing = [](const auto&, std::size_t, std::size_t) {};
    const bench::Replicated all = bench::replicate<Game, Body>(frames, late, warm, nothing);
    const double count = static_cast<double>(all.frames), bodies = static_cast<double>(frames[0].size());
    const double body_bits = all.bytes * 8 / count / bodies;
    const double wire_bits = (all.bytes + headers * static_cast<double>(all.packets)) * 8 / count / bodies;
    bench::figure("bodies.bits", body_bits, "bits");
    bench::figure("bodies.wire_bits", wire_bits, "bits");
    bench::figure("bodies.bandwidth", wire_bits * bodies * 30 / 8000, "kB/s");
    bench::figure("bodies.encode", all.seconds_out / count * 1e6, "us");
    bench::figure("bodies.decode", all.seconds_in / count * 1e6, "us");

    // A client on the same machine, as the published figures have it, acknowledges before the next update.
    const bench::Replicated near = bench::replicate<Game, Body>(frames, 1, warm, nothing);
    const double near_bits = (near.bytes + headers * static_cast<double>(near.packets)) * 8;
    bench::figure("bodies.near.wire_bits", near_bits / static_cast<double>(near.frames) / bodies, "bits");

    // 146 bodies of 28 bytes are 4 KB.
    std::vector<captures::Frame> some = frames;
    if (some.size() > 900) some.resize(900);
    for (captures::Frame& frame : some) frame.resize(4096 / 28);
    const bench::Replicated four = bench::replicate<Game, Body>(some, late, warm, nothing);
    const double times = static_cast<double>(four.frames);
    bench::figure("bodies.4k.bytes", four.bytes / times, "bytes");
    bench::figure("bodies.4k.encode", four.seconds_out / times * 1e6, "us");
    bench::figure("bodies.4k.decode", four.seconds_in / times * 1e6, "us");
    // And a packet of 4 KB as one who joins is sent it: bodies of which nothing is known, told whole.
    constexpr std::size_t count_all = 600;
    tenon::World<Game> world({.entities_max = count_all, .ticks = 4});
    tenon::SnapshotCache cache(count_all, 4096, 1, 1);
    tenon::DeltaModels models(world.layout());
    tenon::SnapshotSender sender(world, cache, models);
    tenon::Replica<Game> replica(count_all);
    std::vector<tenon::EntityId> entities;
    for (std::size_t k = 0; k < count_all; ++k) entities.push_back(world.spawn());
    std::vector<std::byte> buffer(4096);
    double bytes = 0, told = 0, out = 0, in = 0;
    bool whole = true;
    constexpr int joins = 500;
    for (int i = 0; i < joins; ++i) {
        for (std::size_t k = 0; k < count_all; ++k) {
            const captures::Pose& p = frames[static_cast<std::size_t>(i) + k / 250][k % 250];
            world.set(entities[k], Body{p.x, p.y, p.z, p.qx, p.qy, p.qz, p.qw});
        }
        world.commit({static_cast<std::uint64_t>(i) + 1});
        sender.heal_all();
        const double start = bench::cpu();
        const std::size_t size = sender.write(buffer);
        const double middle = bench::cpu();
        whole = bool(replica.handle(tenon::BytesIn(buffer).first(size))) && whole;
        in += bench::cpu() - middle, out += middle - start;
        bytes += static_cast<double>(size);
        for (const tenon::EntityId entity : entities)
            told += replica.known_at(entity).value == world.newest_tick();
    }
    bench::figure("bodies.join4k.bytes", bytes / joins, "bytes");
    bench::figure("bodies.join4k.bodies", told / joins, "bodies");
    bench::figure("bodies.join4k.encode", out / joins * 1e6, "us");
    bench::figure("bodies.join4k.decode", in / joins * 1e6, "us");
    if (!whole || !all.exact || !near.exact || !four.exact) std::puts("the replica differed from the world");
    return whole && all.exact && near.exact && four.exact ? 0 : 1;
}
