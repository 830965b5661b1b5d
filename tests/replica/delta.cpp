#include "tenon/replica/delta.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "replicated.hpp"
#include "tenon/replica/usual.hpp"

using namespace replicated;
using tenon::DeltaCoder;
using tenon::DeltaModels;
using tenon::RangeDecoder;
using tenon::RangeEncoder;
using tenon::References;
using tenon::Row;

namespace {

// A world's last ticks, the newest told by those before it.
struct Told {
    World world{{.entities_max = 64, .ticks = 64}};
    DeltaModels models{world.layout()};
    std::array<std::byte, 8000> bytes;

    References references(std::size_t count, std::size_t back) const {
        References known;
        for (std::size_t i = 0; i < count; ++i) known.rows[i] = world.at(world.commits() - 1 - back - i);
        return known;
    }
    static std::uint64_t mask(std::size_t count) {
        return count == 0 ? 0 : ~std::uint64_t(0) >> (64 - count);
    }
    std::size_t encode(std::size_t count, std::size_t back) {
        RangeEncoder out(bytes);
        models.reset();
        const References known = references(count, back);
        const Row row = world.at(world.commits() - 1);
        DeltaCoder<RangeEncoder> coder(out, models, known, row);
        for (std::size_t slot = 0; slot < world.used(); ++slot) REQUIRE(coder.code(slot, mask(count)));
        return out.finish();
    }
    bool decode(std::size_t size, std::size_t count, std::size_t back, tenon::History& into) {
        RangeDecoder in(tenon::BytesIn(bytes).first(size));
        models.reset();
        const References known = references(count, back);
        into.set_tick(0, world.newest_tick());
        const Row row = into.row(0);
        DeltaCoder<RangeDecoder> coder(in, models, known, row);
        for (std::size_t slot = 0; slot < world.used(); ++slot)
            if (!coder.code(slot, mask(count))) return false;
        return bool(in.finish());
    }
};

} // namespace

TEST_CASE("whatever both sides know, the decoder finds what the encoder had") {
    Told told;
    Life life(told.world, 3);
    tenon::History copy(told.world.layout(), 64, 1);
    for (int tick = 0; tick < 400; ++tick) {
        life.step();
        const std::size_t back = 1 + static_cast<std::size_t>(tick) % 9;
        const std::size_t most = static_cast<std::size_t>(tick) / 8;
        const std::size_t count = static_cast<std::size_t>(tick) < back ? 0 : std::min<std::size_t>(most, 40);
        const std::size_t size = told.encode(count, back);
        REQUIRE(size != 0);
        REQUIRE(told.decode(size, count, back, copy));
        for (std::size_t slot = 0; slot < told.world.used(); ++slot)
            REQUIRE(
                same_slot(told.world.layout(), told.world.at(told.world.commits() - 1), copy.row(0), slot));
    }
}

TEST_CASE("the bytes are the same on every machine") {
    Told told;
    std::vector<tenon::EntityId> entities;
    for (int i = 0; i < 6; ++i) entities.push_back(told.world.spawn());
    for (std::uint64_t tick = 1; tick <= 40; ++tick) {
        for (std::size_t i = 0; i < entities.size(); ++i) {
            // Integers alone make the state, so that no machine's rounding shows.
            const auto step = static_cast<float>(static_cast<int>(tick * i * i % 97)) / 4;
            told.world.set(entities[i], Body{.x = step, .y = static_cast<float>(tick) / 8, .heading = 1});
        }
        told.world.commit({tick});
    }
    const std::size_t size = told.encode(16, 3);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum = sum * 31 + std::to_integer<std::uint64_t>(told.bytes[i]);
    CHECK(size == 11);
    CHECK(sum == 183212286528060674u);
}

TEST_CASE("what moves evenly or rests costs little, and without its past it costs more") {
    Told told;
    std::vector<tenon::EntityId> entities;
    for (int i = 0; i < 64; ++i) entities.push_back(told.world.spawn());
    for (std::uint64_t tick = 1; tick <= 60; ++tick) {
        for (std::size_t i = 0; i < entities.size(); ++i)
            told.world.set(entities[i],
                           Body{.x = i < 32 ? static_cast<float>(i) : static_cast<float>(tick) * 0.137f,
                                .y = static_cast<float>(i)});
        told.world.commit({tick});
    }
    const std::size_t even = told.encode(30, 3), bare = told.encode(1, 3), whole = told.encode(0, 3);
    CHECK(even * 8 < 64 * 2);
    CHECK(bare > even * 3 / 2);
    CHECK(whole > 64 * 8);
}

TEST_CASE("a field out of its range, a tenant that is nobody, and bytes that end are refused") {
    Told told;
    Life life(told.world, 4);
    for (int i = 0; i < 60; ++i) life.step();
    const std::size_t size = told.encode(20, 2);
    tenon::History copy(told.world.layout(), 64, 1);
    REQUIRE(told.decode(size, 20, 2, copy));
    std::size_t refused = 0, tried = 0;
    for (std::size_t cut = 0; cut + 9 < size; cut += 3, ++tried) refused += !told.decode(cut, 20, 2, copy);
    CHECK(refused == tried);
    // Noise is decoded to something within every range, or refused; never beyond.
    tenon::Random random(9);
    for (int round = 0; round < 300; ++round) {
        for (std::byte& byte : told.bytes) byte = static_cast<std::byte>(random.below(256));
        (void)told.decode(400, static_cast<std::size_t>(random.below(30)), 2, copy);
    }
}
