// Noise read as bits and numbers of every model: nothing past the end is looked at, every number is within
// its bound, and what was read, written again, reads as the same.
//   input: u8 seed of the order in which models are asked, then the coded bytes
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/wire/range_models.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

struct Models {
    tenon::BitModel bits[4];
    tenon::BitTree<5> tree;
    tenon::MagnitudeModel magnitude;
    tenon::SignedModel number;
};

// One value of a kind, the same way for either coder.
template <class Coder>
std::int64_t code(Coder& coder, Models& models, std::uint64_t kind, std::int64_t value) {
    const auto plain = static_cast<std::uint64_t>(value);
    if (kind < 4) return coder.bit(value != 0, models.bits[kind]);
    if (kind == 4) return models.tree.code(coder, static_cast<std::uint32_t>(value));
    if (kind == 5) return static_cast<std::int64_t>(models.magnitude.code(coder, plain));
    if (kind == 6) return models.number.code(coder, value);
    if (kind < 71) return static_cast<std::int64_t>(coder.bits(plain, static_cast<unsigned>(kind - 6)));
    return static_cast<std::int64_t>(
        typename Coder::Plain(coder).bits(plain, static_cast<unsigned>(kind - 71)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    tenon::Random random(data[0]);
    tenon::RangeDecoder in({reinterpret_cast<const std::byte*>(data) + 1, size - 1});
    struct Step {
        std::uint64_t kind;
        std::int64_t value;
    };
    std::vector<Step> steps;
    Models models;
    while (in.ok() && steps.size() < 20'000) {
        const std::uint64_t kind = random.below(104);
        const std::int64_t value = code(in, models, kind, 0);
        must(kind != 4 || value < 32);
        must(kind != 5 || value < std::int64_t(1) << 40);
        must(kind != 6 || (value <= std::int64_t(1) << 40 && value >= -(std::int64_t(1) << 40)));
        if (in.ok()) steps.push_back({kind, value});
    }
    (void)in.finish();
    std::vector<std::byte> bytes(size + 64 + steps.size() * 12);
    tenon::RangeEncoder out(bytes);
    Models writing, reading;
    for (const Step& step : steps) code(out, writing, step.kind, step.value);
    const std::size_t written = out.finish();
    must(out.ok());
    tenon::RangeDecoder again(tenon::BytesIn(bytes).first(written));
    for (const Step& step : steps) must(code(again, reading, step.kind, 0) == step.value);
    must(bool(again.finish()));
    return 0;
}
