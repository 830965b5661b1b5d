// A recording of anything: it is played or refused, and what was played is what a right recording of as many
// ticks would have been. A second byte at the front makes the checksums right, so that frames are reached.
//   input: u8 whether checksums are made right, then the file
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tenon/codec/bits.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/replica/recording.hpp"
#include "tenon/replica/replay.hpp"

namespace {

using namespace tenon;

struct Move {
    std::int32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
struct Unit {
    std::int32_t x = 0;
    std::string name;
    void serialize(auto& ar) { ar(x, bounded(name, 40)); }
};
using Rules = Game<"fuzz", 1, Command<Move>>;

struct Battle {
    std::uint64_t sum = 0, steps = 0;
    std::vector<Unit> units;
    std::map<std::uint32_t, Unit> heroes;

    void step(Tick, const Inputs<Move>& inputs) {
        ++steps;
        for (const Input<Move>& input : inputs) sum = sum * 3 + static_cast<std::uint64_t>(input.order.by);
    }
    void serialize(auto& ar) { ar(sum, steps, bounded(units, 100), heroes); }
};

void must(bool holds) {
    if (!holds) std::abort();
}

// Gives every frame the checksum that it would have, and ticks that of the state they lead to stay as they
// are.
void make_right(std::vector<std::byte>& file) {
    const RecordingHead head = detail::recording_head<Rules, codec::Bits>(60);
    std::vector<std::byte> right;
    RecordingWriter writer;
    writer.begin(head, [&](BytesIn bytes) { right.insert(right.end(), bytes.begin(), bytes.end()); });
    if (file.size() < right.size()) return;
    std::copy(right.begin(), right.end(), file.begin());
    std::uint32_t chain = load_le<std::uint32_t>(&right[right.size() - 4]);
    ByteReader in(BytesIn(file).subspan(right.size()));
    while (in.left() != 0) {
        const auto kind = static_cast<RecordedKind>(in.u8());
        const BytesIn payload = in.sized();
        const std::size_t at = right.size() + in.position();
        in.u32();
        if (!in.ok()) return;
        chain = RecordingWriter::chain(chain, kind, payload);
        store_le(&file[at], chain);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> file(bytes + 1, bytes + size);
    if (data[0] & 1) make_right(file);
    Battle battle;
    Replay<Rules, codec::Bits> replay(file);
    std::uint64_t played = 0;
    for (;;) {
        const auto more = replay.step(battle);
        if (!more || !*more) {
            must(more || more.error() != Error::none);
            break;
        }
        must(++played <= size); // a tick takes bytes
    }
    return 0;
}
