#include "tenon/wire/range_models.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::BytesIn;
using tenon::RangeDecoder;
using tenon::RangeEncoder;

namespace {

struct Models {
    tenon::BitTree<3> tree;
    tenon::MagnitudeModel magnitude;
    tenon::SignedModel number;
};

} // namespace

TEST_CASE("numbers of every size come back") {
    tenon::Random random(1);
    std::vector<std::byte> bytes(1 << 16);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::int64_t> numbers(static_cast<std::size_t>(random.below(300)));
        const unsigned widest = static_cast<unsigned>(1 + random.below(40));
        for (std::int64_t& n : numbers) {
            n = static_cast<std::int64_t>(random.next() >> (64 - random.below(widest) - 1));
            if (random.chance(0.5)) n = -n;
        }
        RangeEncoder out(bytes);
        Models writing, reading;
        for (const std::int64_t n : numbers) {
            writing.number.code(out, n);
            writing.magnitude.code(out, static_cast<std::uint64_t>(n < 0 ? -n : n));
            writing.tree.code(out, static_cast<std::uint32_t>(n & 7));
        }
        const std::size_t size = out.finish();
        REQUIRE(out.ok());
        RangeDecoder in(BytesIn(bytes).first(size));
        for (const std::int64_t n : numbers) {
            REQUIRE(reading.number.code(in, 0) == n);
            REQUIRE(reading.magnitude.code(in, 0) == static_cast<std::uint64_t>(n < 0 ? -n : n));
            REQUIRE(reading.tree.code(in, 0) == static_cast<std::uint32_t>(n & 7));
        }
        REQUIRE(in.finish());
    }
}

TEST_CASE("small numbers cost little, and a number that no encoder writes is refused") {
    std::vector<std::byte> bytes(4096);
    RangeEncoder out(bytes);
    tenon::SignedModel model;
    for (int i = 0; i < 1000; ++i) model.code(out, i % 20 == 0 ? 1 : 0);
    CHECK(out.finish() < 60);

    tenon::Random random(5);
    bool refused = false;
    for (int round = 0; round < 100 && !refused; ++round) {
        std::vector<std::byte> noise(600, std::byte{0xFF});
        for (std::byte& byte : noise) byte = random.chance(0.1) ? std::byte(random.below(256)) : byte;
        RangeDecoder in(noise);
        tenon::MagnitudeModel magnitude;
        for (int i = 0; i < 100; ++i) REQUIRE(magnitude.code(in, 0) < (std::uint64_t(1) << 40));
        refused = !in.ok();
    }
    CHECK(refused);
}
