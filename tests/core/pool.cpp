#include "tenon/core/pool.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::Pool;

TEST_CASE("a pool gives as many blocks as its limit allows, and then none") {
    Pool pool(64, 64 * 5 + 63);
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 5; ++i) blocks.push_back(pool.take());
    CHECK(std::set<std::byte*>(blocks.begin(), blocks.end()).size() == 5);
    CHECK(blocks.back() != nullptr);
    CHECK(pool.take() == nullptr);
    CHECK(pool.blocks_in_use() == 5);
    CHECK(pool.bytes_reserved() == 320);
    pool.give(blocks.back());
    CHECK(pool.take() == blocks.back());
    CHECK(pool.take() == nullptr);
}

TEST_CASE("a pool smaller than one block gives nothing, and costs nothing before it is asked") {
    Pool none(64, 63);
    CHECK(none.take() == nullptr);
    CHECK(none.bytes_reserved() == 0);
    Pool idle(1200, 1 << 20);
    CHECK(idle.bytes_reserved() == 0);
}

TEST_CASE("blocks are a multiple of 16 bytes and aligned to it") {
    CHECK(Pool(0, 1000).block_bytes() == 16);
    CHECK(Pool(1, 1000).block_bytes() == 16);
    CHECK(Pool(16, 1000).block_bytes() == 16);
    Pool pool(17, 1 << 16);
    CHECK(pool.block_bytes() == 32);
    for (int i = 0; i < 100; ++i) REQUIRE(reinterpret_cast<std::uintptr_t>(pool.take()) % 16 == 0);
}

TEST_CASE("what is written into one block never shows in another") {
    Pool pool(48, 48 * 1000);
    tenon::Random random(1);
    std::vector<std::pair<std::byte*, int>> held;
    for (int turn = 0; turn < 20'000; ++turn) {
        if (held.empty() || random.chance(0.55)) {
            std::byte* block = pool.take();
            REQUIRE((block != nullptr) == (held.size() < 1000));
            if (block == nullptr) continue;
            std::memset(block, turn & 0xFF, pool.block_bytes());
            held.emplace_back(block, turn & 0xFF);
        } else {
            auto& one = held[static_cast<std::size_t>(random.below(held.size()))];
            for (std::size_t i = 0; i < pool.block_bytes(); ++i)
                REQUIRE(std::to_integer<int>(one.first[i]) == one.second);
            pool.give(one.first);
            one = held.back();
            held.pop_back();
        }
        REQUIRE(pool.blocks_in_use() == held.size());
        REQUIRE(pool.bytes_reserved() <= pool.bytes_max());
    }
}

TEST_CASE("blocks that were given back are used again before the store grows") {
    Pool pool(64, 1 << 20);
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 100; ++i) blocks.push_back(pool.take());
    const std::size_t reserved = pool.bytes_reserved();
    for (int round = 0; round < 10; ++round) {
        for (std::byte* block : blocks) pool.give(block);
        CHECK(pool.blocks_in_use() == 0);
        for (std::byte*& block : blocks) block = pool.take();
    }
    CHECK(pool.bytes_reserved() == reserved);
    pool.give(nullptr);
    CHECK(pool.blocks_in_use() == 100);
}

TEST_CASE("a pool that moves takes its blocks with it") {
    Pool first(32, 320);
    std::byte* block = first.take();
    std::memset(block, 7, 32);
    Pool second(std::move(first));
    CHECK(second.blocks_in_use() == 1);
    CHECK(block[31] == std::byte{7});
    second.give(block);
    CHECK(second.take() == block);
    Pool third(16, 16);
    third = std::move(second);
    CHECK(third.block_bytes() == 32);
    CHECK(third.blocks_in_use() == 1);
}
