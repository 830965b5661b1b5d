#pragma once
// What all senders of a world share: the bodies of snapshots that were coded lately, so that clients who need
// the same one get a copy, and the room in which each of them works.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/replica/delta_models.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/snapshot.hpp"

namespace tenon {

// Of one snapshot while it is made; nothing in it outlives that.
struct SnapshotWork {
    // One number, as many of them change places.
    struct Due {
        std::uint64_t rank; // the most urgent is the least, and of equals the lower slot

        Due() = default;
        Due(float due, std::uint32_t at) : rank(order(due) << 32 | at) {}
        // Among the sender's slots.
        std::uint32_t at() const { return static_cast<std::uint32_t>(rank & UINT32_MAX); }

      private:
        // A float's bits are in the order of the numbers, from 0 on.
        static std::uint64_t order(float due) {
            std::uint32_t image;
            std::memcpy(&image, &due, sizeof image);
            return due > 0 ? ~image : UINT32_MAX;
        }
    };

    explicit SnapshotWork(std::size_t slots)
        : due(new Due[slots]),
          bits(new std::uint32_t[slots]),
          all_words(new SlotWord[slots]),
          words(new SlotWord[slots]),
          chosen(new bool[slots]),
          all(new InSight[slots]) {}
    SnapshotWork(const SnapshotWork&) = delete;
    SnapshotWork& operator=(const SnapshotWork&) = delete;
    ~SnapshotWork() {
        delete[] due;
        delete[] bits;
        delete[] all_words;
        delete[] words;
        delete[] chosen;
        delete[] all;
    }

    Due* due;
    std::uint32_t* bits; // that one of the sender's slots that is due will probably take
    SlotWord* all_words; // of each of the sender's slots, if it is told
    SlotWord* words;     // of those that matter to the body
    bool* chosen;        // of each of the sender's slots
    InSight* all;
    References references;
};

class SnapshotCache {
  public:
    // For worlds of at most so many slots, and datagrams of at most so many bytes. The secret keeps clients
    // from choosing acknowledgements whose keys collide.
    SnapshotCache(std::size_t slots, std::size_t bytes_max, std::size_t entries, std::uint64_t secret)
        : work_(slots),
          slots_(slots),
          bytes_max_(bytes_max),
          entries_(entries == 0 ? 1 : entries),
          secret_(secret) {
        entry_ = new Entry[entries_];
        bytes_ = static_cast<std::byte*>(::operator new(entries_* bytes_max_ + 1));
    }
    SnapshotCache(const SnapshotCache&) = delete;
    SnapshotCache& operator=(const SnapshotCache&) = delete;
    ~SnapshotCache() {
        delete[] entry_;
        ::operator delete(bytes_);
    }

    std::uint64_t secret() const { return secret_; }
    std::size_t slots() const { return slots_; }
    SnapshotWork& work() { return work_; }

    // Empty when it is not here.
    BytesIn find(std::uint64_t key) {
        for (std::size_t i = 0; i < entries_; ++i)
            if (entry_[i].key == key && entry_[i].size != 0) {
                ++hits_;
                return {bytes_ + i * bytes_max_, entry_[i].size};
            }
        ++misses_;
        return {};
    }
    // In place of the oldest.
    void keep(std::uint64_t key, BytesIn bytes) {
        if (bytes.size() > bytes_max_) return;
        const std::size_t i = next_++ % entries_;
        entry_[i] = {key, bytes.size()};
        copy(bytes_ + i * bytes_max_, bytes);
    }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }

  private:
    struct Entry {
        std::uint64_t key = 0;
        std::size_t size = 0;
    };
    SnapshotWork work_;
    std::size_t slots_, bytes_max_, entries_, next_ = 0;
    std::uint64_t secret_, hits_ = 0, misses_ = 0;
    Entry* entry_;
    std::byte* bytes_;
};

} // namespace tenon
