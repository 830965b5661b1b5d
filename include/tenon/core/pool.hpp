#pragma once
// Blocks of one size from a store that grows to its high-water mark and never past its limit. A room has one
// pool for the bytes that its links hold back, so an idle link holds none. For one thread.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/config.hpp"
#include "tenon/core/swap.hpp"

#if TENON_HAS_ADDRESS_SANITIZER
// The sanitizer's own names: a block that was given back is poison until it is taken again.
extern "C" void __asan_poison_memory_region(const volatile void*, std::size_t);
extern "C" void __asan_unpoison_memory_region(const volatile void*, std::size_t);
#endif

namespace tenon {

class Pool {
  public:
    Pool(std::size_t block_bytes, std::size_t bytes_max)
        : block_bytes_(block_bytes == 0 ? grain : (block_bytes + grain - 1) / grain * grain),
          bytes_max_(bytes_max) {}
    Pool(Pool&& other) noexcept : Pool(other.block_bytes_, other.bytes_max_) { swap(other); }
    Pool& operator=(Pool&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Pool() {
        while (slabs_ != nullptr) {
            Slab* next = slabs_->next;
            unpoison(reinterpret_cast<std::byte*>(slabs_ + 1), slabs_->bytes);
            ::operator delete(slabs_->memory);
            slabs_ = next;
        }
    }

    // A block of whatever bytes, aligned to 16, or nullptr: at the limit, or out of memory.
    std::byte* take() {
        std::byte* block = nullptr;
        if (free_ != nullptr) {
            block = reinterpret_cast<std::byte*>(free_);
            unpoison(block, block_bytes_);
            free_ = free_->next;
        } else {
            if (fresh_ == fresh_end_ && !grow()) return nullptr;
            block = fresh_;
            unpoison(block, block_bytes_);
            fresh_ += block_bytes_;
        }
        ++in_use_;
        return block;
    }
    void give(std::byte* block) {
        if (block == nullptr) return;
        TENON_ASSERT(in_use_ != 0, "a block was given back twice");
        free_ = new (block) Free{free_};
        --in_use_;
        poison(block, block_bytes_);
    }

    std::size_t block_bytes() const { return block_bytes_; }
    std::size_t bytes_max() const { return bytes_max_; }
    std::size_t blocks_in_use() const { return in_use_; }
    std::size_t bytes_reserved() const { return reserved_; }

  private:
    static constexpr std::size_t grain = 16, first_blocks = 16, slab_bytes_max = std::size_t(1) << 20;

    struct Free {
        Free* next;
    };
    struct alignas(grain) Slab {
        Slab* next;
        void* memory; // as new gave it, which some systems align less than they say
        std::size_t bytes;
    };

    // Each slab doubles the store until slabs are large, so that a busy room grows in few steps and an idle
    // one holds little. Blocks are cut off when they are first taken, so memory that nobody needs is not
    // touched.
    TENON_COLD bool grow() {
        std::size_t blocks = reserved_ / block_bytes_;
        if (blocks > slab_bytes_max / block_bytes_) blocks = slab_bytes_max / block_bytes_;
        if (blocks < first_blocks) blocks = first_blocks;
        const std::size_t allowed = (bytes_max_ - reserved_) / block_bytes_;
        if (blocks > allowed) blocks = allowed;
        if (blocks == 0) return false;
        const std::size_t bytes = blocks * block_bytes_;
        void* memory = ::operator new(sizeof(Slab) + bytes + grain - 1, std::nothrow);
        if (memory == nullptr) return false;
        const std::size_t odd = reinterpret_cast<std::uintptr_t>(memory) % grain;
        std::byte* at = static_cast<std::byte*>(memory) + (odd == 0 ? 0 : grain - odd);
        slabs_ = new (at) Slab{slabs_, memory, bytes};
        fresh_ = reinterpret_cast<std::byte*>(slabs_ + 1);
        fresh_end_ = fresh_ + bytes;
        reserved_ += bytes;
        poison(fresh_, bytes);
        return true;
    }
    void swap(Pool& other) {
        swap_values(block_bytes_, other.block_bytes_);
        swap_values(bytes_max_, other.bytes_max_);
        swap_values(reserved_, other.reserved_);
        swap_values(in_use_, other.in_use_);
        swap_values(free_, other.free_);
        swap_values(fresh_, other.fresh_);
        swap_values(fresh_end_, other.fresh_end_);
        swap_values(slabs_, other.slabs_);
    }
    static void poison([[maybe_unused]] std::byte* at, [[maybe_unused]] std::size_t bytes) {
#if TENON_HAS_ADDRESS_SANITIZER
        __asan_poison_memory_region(at, bytes);
#endif
    }
    static void unpoison([[maybe_unused]] std::byte* at, [[maybe_unused]] std::size_t bytes) {
#if TENON_HAS_ADDRESS_SANITIZER
        __asan_unpoison_memory_region(at, bytes);
#endif
    }

    std::size_t block_bytes_, bytes_max_, reserved_ = 0, in_use_ = 0;
    Free* free_ = nullptr;
    std::byte *fresh_ = nullptr, *fresh_end_ = nullptr; // of the newest slab, never taken yet
    Slab* slabs_ = nullptr;
};

} // namespace tenon
