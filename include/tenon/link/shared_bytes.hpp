#pragma once
// A payload that the queues of many links wait to send: written once, counted, and given back to the room's
// pool by the last one. What goes to everybody is not copied for each.

#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/pool.hpp"

namespace tenon {

class SharedBytes {
  public:
    // With one holder, who has to release it; nullptr where the pool has nothing so large.
    static SharedBytes* make(Pool& pool, BytesIn payload) {
        if (payload.size() + sizeof(SharedBytes) > pool.block_bytes()) return nullptr;
        std::byte* block = pool.take();
        if (block == nullptr) return nullptr;
        copy(block + sizeof(SharedBytes), payload);
        return new (block) SharedBytes(pool, static_cast<std::uint32_t>(payload.size()));
    }
    SharedBytes(const SharedBytes&) = delete;
    SharedBytes& operator=(const SharedBytes&) = delete;

    void hold() { ++holders_; }
    void release() {
        if (--holders_ != 0) return;
        Pool& pool = *pool_;
        pool.give(reinterpret_cast<std::byte*>(this));
    }
    BytesIn bytes() const { return {reinterpret_cast<const std::byte*>(this) + sizeof(SharedBytes), size_}; }

  private:
    SharedBytes(Pool& pool, std::uint32_t size) : pool_(&pool), size_(size) {}

    Pool* pool_;
    std::uint32_t size_, holders_ = 1;
};

} // namespace tenon
