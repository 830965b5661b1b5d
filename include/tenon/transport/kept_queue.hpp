#pragma once
// KeptQueue: bytes that were given to a road which wants to look at them again, and so stay where they lie
// until the other side has them. Each connection of Quic has one.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

class KeptQueue {
  public:
    static constexpr std::size_t block_bytes = 4096;

    std::size_t size() const { return end_ - begin_; }        // all that is kept
    std::size_t waiting() const { return end_ - given_; }     // of it: was never given out
    std::size_t in_flight() const { return given_ - begin_; } // and the rest
    bool empty() const { return begin_ == end_; }

    // All of them or, where there is no memory, none.
    bool append(BytesIn head, BytesIn rest) {
        if (!reserve(head.size() + rest.size())) return false;
        add(head);
        add(rest);
        return true;
    }
    // What waits, in pieces: f(bytes) for each, until it gives false.
    template <class F>
    void each_waiting(F&& f) const {
        for (std::size_t at = given_; at != end_;) {
            const BytesIn piece = here(at, end_ - at);
            if (!f(piece)) return;
            at += piece.size();
        }
    }
    void give(std::size_t count) { given_ += count; }
    // The other side has so many more of those that were given.
    void settle(std::size_t count) {
        begin_ += count < in_flight() ? count : in_flight();
        while (begin_ >= block_bytes) {
            std::rotate(blocks_.begin(), blocks_.begin() + 1, blocks_.end());
            begin_ -= block_bytes;
            given_ -= block_bytes;
            end_ -= block_bytes;
        }
        const std::size_t wanted = used() + spare_most;
        if (blocks_.size() > wanted) blocks_.resize(wanted);
    }
    // What waits is not given out any more.
    void drop() { end_ = given_; }
    void clear() { begin_ = given_ = end_ = 0; }

  private:
    using Block = std::unique_ptr<std::byte[]>;
    static constexpr std::size_t spare_most = 16;

    std::size_t used() const { return (end_ + block_bytes - 1) / block_bytes; }
    bool reserve(std::size_t count) {
        while (blocks_.size() * block_bytes < end_ + count) {
            Block block(new (std::nothrow) std::byte[block_bytes]);
            if (block == nullptr) return false;
            blocks_.push_back(std::move(block));
        }
        return true;
    }
    // So much of `count` bytes from there as lies in one piece.
    BytesOut here(std::size_t at, std::size_t count) const {
        const std::size_t within = at % block_bytes;
        return {blocks_[at / block_bytes].get() + within, std::min(count, block_bytes - within)};
    }
    void add(BytesIn bytes) {
        while (!bytes.empty()) {
            const BytesOut into = here(end_, bytes.size());
            copy(into.data(), bytes.first(into.size()));
            bytes = bytes.subspan(into.size());
            end_ += into.size();
        }
    }

    std::vector<Block> blocks_;                   // those in use, in their order, and then spare ones
    std::size_t begin_ = 0, given_ = 0, end_ = 0; // from the first block's beginning
};

} // namespace tenon::transport::detail
