// Bits for each of 901 cubes in a snapshot, 60 a second, each built on those that were acknowledged six
// frames ago; beside a packing by hand of the same integers against the frame six back.

#include <algorithm>

#include "packed.hpp"
#include "replicate.hpp"

namespace {

// As precise as the published workload: 1/512 of a metre, and nine bits for each of the smallest three.
struct Cube {
    float x = 0, y = 0, z = 0, qx = 0, qy = 0, qz = 0, qw = 1;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-256, 256 - 1.0 / 512, 1.0 / 512, x, y),
           tenon::quantized(z, 0, 32 - 1.0 / 512, 1.0 / 512),
           tenon::rotation(qx, qy, qz, qw, 0.70710678118654752440 / 255));
    }
};
using Game = tenon::Game<"cubes", 1, tenon::Component<Cube>>;

} // namespace

int main(int argc, char** argv) {
    constexpr std::size_t late = 6, warm = 120;
    const auto frames =
        captures::cubes(static_cast<std::size_t>(bench::argument(argc, argv, "--frames", 3600)),
                        static_cast<std::uint64_t>(bench::argument(argc, argv, "--seed", 1)));
    std::vector<std::vector<packed::Cube>> past;
    std::vector<packed::Cube> back(frames[0].size());
    std::vector<std::byte> buffer(1 << 16);
    double packed_bytes = 0, changed = 0, packed_out = 0, packed_in = 0;
    bool exact = true;
    const auto note = [&](const auto& world) {
        const tenon::Row row = world.at(world.commits() - 1);
        past.emplace_back(world.used());
        for (std::size_t slot = 0; slot < world.used(); ++slot)
            std::memcpy(&past.back()[slot], row.cells(0, slot), sizeof(packed::Cube));
    };
    const bench::Replicated ours = bench::replicate<Game, Cube>(
        frames, late, warm - late, [&](const auto& world, std::size_t, std::size_t) {
            note(world);
            if (past.size() <= late) return;
            const auto &now = past.back(), &base = past[past.size() - 1 - late];
            const double start = bench::cpu();
            const std::size_t size = packed::encode(buffer, base, now);
            const double middle = bench::cpu();
            exact = packed::decode(tenon::BytesIn(buffer).first(size), base, back) && back == now && exact;
            packed_in += bench::cpu() - middle, packed_out += middle - start;
            packed_bytes += static_cast<double>(size);
            for (std::size_t i = 0; i < now.size(); ++i) changed += !(now[i] == base[i]);
        });
    const double cubes = static_cast<double>(frames[0].size()),
                 count = static_cast<double>(past.size() - late);
    const double bits = ours.bytes * 8 / static_cast<double>(ours.frames) / cubes;
    const double reference = packed_bytes * 8 / count / cubes;
    bench::figure("cubes.changed", changed / count, "cubes");
    bench::figure("cubes.bits", bits, "bits");
    bench::figure("cubes.packed.bits", reference, "bits");
    bench::figure("cubes.bits_vs_packed", bits / reference, "ratio");
    bench::figure("cubes.bandwidth", bits * cubes * 60 / 1000, "kbit/s");
    bench::figure("cubes.encode", ours.seconds_out / static_cast<double>(ours.frames) * 1e6, "us");
    bench::figure("cubes.decode", ours.seconds_in / static_cast<double>(ours.frames) * 1e6, "us");
    bench::figure("cubes.packed.encode", packed_out / count * 1e6, "us");
    bench::figure("cubes.packed.decode", packed_in / count * 1e6, "us");
    if (!ours.exact) std::puts("the replica differed from the world");
    if (!exact) std::puts("the packing by hand differed from the world");
    return ours.exact && exact ? 0 : 1;
}
