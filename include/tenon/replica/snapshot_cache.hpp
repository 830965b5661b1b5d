#pragma once
// The bodies of snapshots that were coded lately, so that clients who need the same one get a copy. All
// senders of a world share one.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"

namespace tenon {

class SnapshotCache {
  public:
    // For worlds of at most so many slots, and datagrams of at most so many bytes. The secret keeps clients
    // from choosing acknowledgements whose keys collide.
    SnapshotCache(std::size_t slots, std::size_t bytes_max, std::size_t entries, std::uint64_t secret)
        : words_((slots + 63) / 64),
          bytes_max_(bytes_max),
          entries_(entries == 0 ? 1 : entries),
          secret_(secret) {
        entry_ = new Entry[entries_];
        chosen_ = new std::uint64_t[entries_ * words_];
        bytes_ = static_cast<std::byte*>(::operator new(entries_* bytes_max_ + 1));
    }
    SnapshotCache(const SnapshotCache&) = delete;
    SnapshotCache& operator=(const SnapshotCache&) = delete;
    ~SnapshotCache() {
        delete[] entry_;
        delete[] chosen_;
        ::operator delete(bytes_);
    }

    struct Body {
        BytesIn bytes;
        const std::uint64_t* chosen = nullptr; // a bit for each slot that it tells of
        explicit operator bool() const { return chosen != nullptr; }
    };

    std::uint64_t secret() const { return secret_; }
    Body find(std::uint64_t key) {
        for (std::size_t i = 0; i < entries_; ++i)
            if (entry_[i].key == key && entry_[i].size != 0) {
                ++hits_;
                return {{bytes_ + i * bytes_max_, entry_[i].size}, chosen_ + i * words_};
            }
        ++misses_;
        return {};
    }
    // In place of the oldest.
    void keep(std::uint64_t key, BytesIn bytes, const std::uint64_t* chosen, std::size_t words) {
        if (bytes.size() > bytes_max_ || words > words_) return;
        const std::size_t i = next_++ % entries_;
        entry_[i] = {key, bytes.size()};
        copy(bytes_ + i * bytes_max_, bytes);
        for (std::size_t w = 0; w < words_; ++w) chosen_[i * words_ + w] = w < words ? chosen[w] : 0;
    }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }

  private:
    struct Entry {
        std::uint64_t key = 0;
        std::size_t size = 0;
    };
    std::size_t words_, bytes_max_, entries_, next_ = 0;
    std::uint64_t secret_, hits_ = 0, misses_ = 0;
    Entry* entry_;
    std::uint64_t* chosen_;
    std::byte* bytes_;
};

} // namespace tenon
