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

// Bits of a few kinds, each with its own odds; in between some as they are, among the others or behind them.
struct Script {
    struct Step {
        unsigned kind; // 0 to 3: an adaptive bit of that kind; to 67: so many bits less three; above: so many
                       // plain bits less 68
        std::uint64_t value;
    };
    std::vector<Step> steps;

    static unsigned width(const Step& step) { return step.kind < 68 ? step.kind - 3 : step.kind - 68; }
    // The same step for either coder.
    template <class Coder>
    static std::uint64_t code(Coder& coder, BitModel* models, const Step& step, std::uint64_t value) {
        if (step.kind < 4) return coder.bit(value != 0, models[step.kind]);
        if (step.kind < 68) return coder.bits(value, width(step));
        return typename Coder::Plain(coder).bits(value, width(step));
    }

    Script(tenon::Random& random, std::size_t count, bool has_plain = true) {
        constexpr double odds[] = {0.5, 0.1, 0.01, 0.9999};
        for (std::size_t i = 0; i < count; ++i) {
            const auto kind = static_cast<unsigned>(
                random.chance(0.8) ? random.below(4) : 4 + random.below(has_plain ? 97 : 64));
            Step step{kind, 0};
            const std::uint64_t below =
                kind < 4 || width(step) == 64 ? ~std::uint64_t(0) : (std::uint64_t(1) << width(step)) - 1;
            step.value = kind < 4 ? random.chance(odds[kind]) : random.next() & below;
            steps.push_back(step);
        }
    }
    std::size_t encode(tenon::BytesOut out) const {
        RangeEncoder coder(out);
        BitModel models[4];
        for (const Step& step : steps) code(coder, models, step, step.value);
        const std::size_t most = coder.size(), size = coder.finish();
        CHECK(size <= most);
        return size;
    }
    // How many steps come out as they went in.
    std::size_t decode(BytesIn in, tenon::Result<>& end) const {
        RangeDecoder coder(in);
        BitModel models[4];
        std::size_t right = 0;
        for (const Step& step : steps) {
            if (code(coder, models, step, 0) != step.value) break;
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

TEST_CASE("plain bits lie behind the others, from the end backwards") {
    std::array<std::byte, 64> bytes{};
    RangeEncoder coder(bytes);
    RangeEncoder::Plain(coder).bits(0x5, 3);
    coder.bits(0xABC, 12);
    {
        RangeEncoder::Plain plain(coder);
        plain.bits(0x1234'5678, 32);
        plain.bits(0, 0);
        plain.bits(1, 1);
    }
    const std::size_t size = coder.finish();
    std::vector<unsigned> got;
    for (std::size_t i = 0; i < size; ++i) got.push_back(std::to_integer<unsigned>(bytes[i]));
    // 36 bits are 5 bytes; in front of them ABC and as much as keeps it apart from what they could be.
    CHECK(got == std::vector<unsigned>{0xAB, 0xC0, 0x08, 0x91, 0xA2, 0xB3, 0xC5});

    // The four bits above the last plain one are 0, or it is not an encoder's.
    for (const unsigned spoilt : {0u, 0x10u, 0x80u}) {
        std::vector<std::byte> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        copy[2] |= static_cast<std::byte>(spoilt);
        RangeDecoder back(copy);
        CHECK(RangeDecoder::Plain(back).bits(0, 3) == 0x5);
        CHECK(back.bits(0, 12) == 0xABC);
        CHECK(RangeDecoder::Plain(back).bits(0, 32) == 0x1234'5678);
        CHECK(RangeDecoder::Plain(back).bits(0, 1) == 1);
        CHECK(back.finish().error() == (spoilt == 0 ? Error::none : Error::malformed));
    }
}

TEST_CASE("plain bits alone, none of them, and more than there are") {
    std::array<std::byte, 8> bytes{};
    RangeEncoder coder(tenon::BytesOut(bytes).first(4));
    RangeEncoder::Plain(coder).bits(0x12'3456, 24);
    REQUIRE(coder.finish() == 4);
    RangeDecoder back(BytesIn(bytes).first(4));
    CHECK(RangeDecoder::Plain(back).bits(0, 24) == 0x12'3456);
    CHECK(back.finish());
    CHECK(RangeDecoder::Plain(back).bits(0, 32) == 0);
    CHECK(back.finish().error() == Error::truncated);

    RangeEncoder nothing{tenon::BytesOut()};
    RangeEncoder::Plain(nothing).bits(0, 0);
    CHECK(nothing.finish() == 0);
    CHECK(nothing.ok());
    RangeEncoder full{tenon::BytesOut(bytes).first(3)};
    RangeEncoder::Plain(full).bits(1, 32);
    CHECK(!full.ok());
    CHECK(full.finish() == 0);
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
        for (const Script::Step& step : script.steps) Script::code(coder, models, step, 0);
        REQUIRE(!coder.finish());
    }
    std::vector<std::byte> longer = bytes;
    longer.resize(bytes.size() + 9);
    REQUIRE(script.decode(longer, end) < script.steps.size()); // the plain bits have moved
    const Script plainless(random, 800, false);
    longer.assign(4000, std::byte{});
    longer.resize(plainless.encode(longer) + 9);
    REQUIRE(plainless.decode(longer, end) == plainless.steps.size());
    CHECK(end.error() == Error::trailing_bytes);
    bytes[bytes.size() / 2] ^= std::byte{4};
    CHECK(script.decode(bytes, end) < script.steps.size());
}
