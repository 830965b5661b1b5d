#pragma once
// Blocks of one size from a store that grows to its high-water mark and never past its limit. A room has one pool for the
// bytes that its links hold back, so an idle link holds none.

#include <cstddef>
#include <new>

namespace tenon {

class Pool {
  public:
    Pool(std::size_t block_bytes, std::size_t bytes_max)
        : block_bytes_((block_bytes + 15) / 16 * 16), bytes_max_(bytes_max) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() {
        while (slabs_ != nullptr) {
            Slab* next = slabs_->next;
            ::operator delete(slabs_);
            slabs_ = next;
        }
    }

    // A block, or nullptr: at the limit, or out of memory.
    std::byte* take() {
        if (free_ == nullptr && !grow()) return nullptr;
        Free* block = free_;
        free_ = block->next;
        ++in_use_;
        return reinterpret_cast<std::byte*>(block);
    }
    void give(std::byte* block) {
        if (block == nullptr) return;
        free_ = new (block) Free{free_};
        --in_use_;
    }

    std::size_t block_bytes() const { return block_bytes_; }
    std::size_t blocks_in_use() const { return in_use_; }
    std::size_t bytes_reserved() const { return reserved_; }

  private:
    struct Free {
        Free* next;
    };
    struct alignas(16) Slab {
        Slab* next;
    };

    // Each slab doubles the store, so that a busy room grows in few steps.
    bool grow() {
        std::size_t blocks = reserved_ / block_bytes_;
        if (blocks < 16) blocks = 16;
        if (reserved_ + blocks * block_bytes_ > bytes_max_) blocks = (bytes_max_ - reserved_) / block_bytes_;
        if (blocks == 0) return false;
        void* memory = ::operator new(sizeof(Slab) + blocks * block_bytes_, std::nothrow);
        if (memory == nullptr) return false;
        slabs_ = new (memory) Slab{slabs_};
        std::byte* first = static_cast<std::byte*>(memory) + sizeof(Slab);
        for (std::size_t i = blocks; i-- > 0;) free_ = new (first + i * block_bytes_) Free{free_};
        reserved_ += blocks * block_bytes_;
        return true;
    }

    std::size_t block_bytes_, bytes_max_, reserved_ = 0, in_use_ = 0;
    Free* free_ = nullptr;
    Slab* slabs_ = nullptr;
};

} // namespace tenon
