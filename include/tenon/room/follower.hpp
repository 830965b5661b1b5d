#pragma once
// The host's side of a lockstep, one for each guest: what of the session's ticks it has, what it is owed, and
// the state that is on its way to it.

#include <cstdint>
#include <new>

#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/state_transfer.hpp"

namespace tenon {

struct Follower {
    PeerId id;
    bool wants_state = true; // new, or too far behind
    bool follows = false;    // has answered since it was last sent the state
    bool fresh = false;      // something new is to be said to it
    std::uint8_t generation = 0;
    std::uint64_t loaded = 0; // the tick of the state that it was sent last
    std::uint64_t agreed = 0; // it has what was agreed of every tick before
    Instant said_at{};
    StateSender sender;
};

class Followers {
  public:
    Followers() = default;
    Followers(const Followers&) = delete;
    Followers& operator=(const Followers&) = delete;
    ~Followers() { clear(); }

    Follower* add(PeerId id) {
        if (Follower* known = find(id)) return known;
        auto* follower = new (std::nothrow) Follower();
        if (follower == nullptr || followers_.push_back(follower) == nullptr) {
            delete follower;
            return nullptr;
        }
        follower->id = id;
        return follower;
    }
    Follower* find(PeerId id) {
        for (std::size_t i = 0; i < followers_.size(); ++i)
            if (followers_[i]->id == id) return followers_[i];
        return nullptr;
    }
    void remove(PeerId id) {
        for (std::size_t i = 0; i < followers_.size(); ++i) {
            if (followers_[i]->id != id) continue;
            delete followers_[i];
            followers_[i] = followers_.back();
            return followers_.pop_back();
        }
    }
    void clear() {
        while (!followers_.empty()) {
            delete followers_.back();
            followers_.pop_back();
        }
    }
    void for_each(auto&& f) {
        for (std::size_t i = 0; i < followers_.size(); ++i) f(*followers_[i]);
    }
    std::size_t size() const { return followers_.size(); }
    Follower& operator[](std::size_t i) { return *followers_[i]; }

  private:
    Ring<Follower*> followers_;
};

} // namespace tenon
