#include "tenon/wire/range_coder.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::BitModel;
using tenon::BytesIn;
using tenon::Error;
using tenon::RangeDecoder;
using tenon::RangeEncoder;

namespace {

// Bits of a few kinds, each with its own odds, and plain ones in between.
struct Script {
    struct Step {
        unsigned kind; // 0 to 3: an adaptive bit of that kind; above: so many plain bits less three
        std::uint64_t value;
    };
    std::vector<Step> steps;

    Script(tenon::Random& random, std::size_t count) {
        constexpr double odds[] = {0.5, 0.1, 0.01, 0.9999};
        for (std::size_t i = 0; i < count; ++i) {
            const auto kind =
                static_cast<unsigned>(random.chance(0.9) ? random.below(4) : 4 + random.below(64));
            steps.push_back({kind, kind < 4 ? random.chance(odds[kind]) : random.next()});
        }
    }
    std::size_t encode(tenon::BytesOut out) const {
        RangeEncoder coder(out);
        BitModel models[4];
        for (const Step& step : steps)
            if (step.kind < 4)
                coder.bit(step.value != 0, models[step.kind]);
            else
                coder.bits(step.value, step.kind - 3);
        return coder.finish();
    }
    // How many steps come out as they went in.
    std::size_t decode(BytesIn in, tenon::Result<>& end) const {
        RangeDecoder coder(in);
        BitModel models[4];
        std::size_t right = 0;
        for (const Step& step : steps) {
            if (step.kind < 4) {
                if (coder.bit(false, models[step.kind]) != (step.value != 0)) break;
            } else if (const unsigned count = step.kind - 3;
                       coder.bits(0, count) !=
                       (count == 64 ? step.value : step.value & ((1ull << count) - 1))) {
                break;
            }
            ++right;
        }
        end = coder.finish();
        return right;
    }
};

} // namespace

TEST_CASE("what goes in comes out, and the bytes are known to be all") {
    tenon::Random random(1);
    std::vector<std::byte> bytes(20'000);
    for (int round = 0; round < 400; ++round) {
        const Script script(random, static_cast<std::size_t>(random.below(1000)));
        const std::size_t size = script.encode(bytes);
        tenon::Result<> end;
        REQUIRE(script.decode(BytesIn(bytes).first(size), end) == script.steps.size());
        REQUIRE(end);
    }
}

TEST_CASE("the bytes are the same on every machine") {
    std::array<std::byte, 64> bytes{};
    RangeEncoder coder(bytes);
    BitModel model, rare(64000);
    for (unsigned i = 0; i < 40; ++i) coder.bit(i % 5 == 0, model);
    coder.bits(0x123456789ABCDEF, 60);
    for (unsigned i = 0; i < 40; ++i) coder.bit(i == 17, rare);
    const std::size_t size = coder.finish();
    std::vector<unsigned> got;
    for (std::size_t i = 0; i < size; ++i) got.push_back(std::to_integer<unsigned>(bytes[i]));
    CHECK(got == std::vector<unsigned>{137, 196, 43, 127, 37, 133, 171, 130, 166, 29, 149, 3, 164});
}

TEST_CASE("a carry runs through the bytes that are written already") {
    // The upper end of every interval, until the low end is all ones but for its last bits.
    std::array<std::byte, 256> bytes{};
    for (unsigned ones = 0; ones < 200; ++ones) {
        RangeEncoder coder(bytes);
        BitModel up[2];
        for (unsigned i = 0; i < ones; ++i) coder.bits(1, 1);
        for (unsigned i = 0; i < 30; ++i) coder.bit(i % 2 == 0, up[i % 2]);
        const std::size_t size = coder.finish();
        RangeDecoder back(BytesIn(bytes).first(size));
        BitModel down[2];
        bool same = true;
        for (unsigned i = 0; i < ones; ++i) same = back.bits(0, 1) == 1 && same;
        for (unsigned i = 0; i < 30; ++i) same = back.bit(false, down[i % 2]) == (i % 2 == 0) && same;
        REQUIRE(same);
        REQUIRE(back.finish());
    }
}

TEST_CASE("bits cost what they surprise") {
    std::vector<std::byte> bytes(60'000);
    tenon::Random random(2);
    for (const double odds : {0.5, 0.2, 0.05, 0.01, 0.001}) {
        RangeEncoder coder(bytes);
        BitModel model;
        constexpr int count = 200'000;
        for (int i = 0; i < count; ++i) coder.bit(random.chance(odds), model);
        const double each = static_cast<double>(coder.finish()) * 8 / count;
        const double entropy = -odds * std::log2(odds) - (1 - odds) * std::log2(1 - odds);
        CHECK(each < entropy * 1.02 + 0.01);
        CHECK(each > entropy * 0.9);
    }
    // It would be seen: a model of another kind of bits costs more.
    RangeEncoder coder(bytes);
    for (int i = 0; i < 1000; ++i) {
        BitModel wrong(60000);
        coder.bit(true, wrong);
    }
    CHECK(coder.finish() * 8 > 3000);
}

TEST_CASE("what does not fit is not written, and finish() says so") {
    tenon::Random random(3);
    const Script script(random, 500);
    std::vector<std::byte> whole(2000);
    const std::size_t size = script.encode(whole);
    REQUIRE(size > 20);
    for (std::size_t room = 0; room <= size; ++room) {
        std::vector<std::byte> bytes(room + 4, std::byte{0xAA});
        const std::size_t written = script.encode(tenon::BytesOut(bytes).first(room));
        REQUIRE(written == (room < size ? 0 : size));
        for (std::size_t i = room; i < bytes.size(); ++i) REQUIRE(bytes[i] == std::byte{0xAA});
    }
}

TEST_CASE("a cut is refused, too much is refused, and a flipped bit is another message") {
    tenon::Random random(4);
    const Script script(random, 800);
    std::vector<std::byte> bytes(4000);
    bytes.resize(script.encode(bytes));
    tenon::Result<> end;
    for (std::size_t size = 0; size + 9 < bytes.size(); ++size) {
        const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        RangeDecoder coder(cut);
        BitModel models[4];
        for (const Script::Step& step : script.steps)
            step.kind < 4 ? void(coder.bit(false, models[step.kind])) : void(coder.bits(0, step.kind - 3));
        REQUIRE(!coder.finish());
    }
    std::vector<std::byte> longer = bytes;
    longer.resize(bytes.size() + 9);
    REQUIRE(script.decode(longer, end) == script.steps.size());
    CHECK(end.error() == Error::trailing_bytes);
    bytes[bytes.size() / 2] ^= std::byte{4};
    CHECK(script.decode(bytes, end) < script.steps.size());
}
