#pragma once
// What was said to everybody, may be lost, and has not been put into anybody's queue yet. It is when the room
// is drained: then each peer is visited once for all of it, and what it is owed leaves at once. With many
// peers, each of whom lies in memory and not in a cache, that is half of the work.

#include <cstdint>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/room/post.hpp"

namespace tenon {

class Announcements {
  public:
    Announcements() = default;
    Announcements(const Announcements&) = delete;
    Announcements& operator=(const Announcements&) = delete;
    ~Announcements() { clear(); }

    // Takes a copy of the payload. False, and nothing is taken, when it is too large or there is no room for
    // it.
    bool add(Pool& pool, Instant now, const Post& post) {
        if (waiting_.size() >= most) return false;
        SharedBytes* payload = SharedBytes::make(pool, post.payload);
        if (payload == nullptr) return false;
        Announcement announcement{post, payload, now};
        announcement.post.payload = payload->bytes();
        if (waiting_.push_back(announcement) != nullptr) return true;
        payload->release();
        return false;
    }
    // Puts all of it into the queue of a link; what has no room there is dropped and counted.
    void put_into(auto& link, Pool& pool) {
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            const Announcement& said = waiting_[i];
            SharedBytes* shared = said.post.payload.size() >= shared_min ? said.payload : nullptr;
            if (!put(link, pool, said.at, said.post, shared)) link.outbox().count_dropped();
        }
    }
    void clear() {
        for (; !waiting_.empty(); waiting_.pop_front()) waiting_.front().payload->release();
    }
    bool empty() const { return waiting_.empty(); }

  private:
    static constexpr std::size_t most = 64, shared_min = 64; // less is copied sooner than it is held

    struct Announcement {
        Post post;
        SharedBytes* payload = nullptr;
        Instant at{};
    };

    Ring<Announcement> waiting_;
};

} // namespace tenon
