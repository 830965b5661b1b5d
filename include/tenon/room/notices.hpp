#pragma once
// What the room has to tell besides messages, in the order in which it happened, until the session asks.

#include <cstddef>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/link/farewell.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/roster.hpp"

namespace tenon {

class Notices {
  public:
    void tell(RoomEvent::Kind kind, PeerId peer, Error reason = Error::none,
              const PeerName& text = PeerName()) {
        waiting_.push_back({{kind, peer, {}, {}, reason, {}}, text, false});
    }
    // What is said of an ending, which may be more than fits into a name, until another is kept.
    void keep(std::string_view text) {
        kept_size_ = text.size() < sizeof kept_ ? text.size() : sizeof kept_;
        copy(reinterpret_cast<std::byte*>(kept_), bytes_of(text.substr(0, kept_size_)));
    }
    // With what was kept.
    void tell_closed(PeerId peer, Error reason) {
        waiting_.push_back({{RoomEvent::Kind::closed, peer, {}, {}, reason, {}}, PeerName(), true});
    }
    void tell(const RoomEvent& event) { waiting_.push_back({event, PeerName(), false}); }
    // The next one. Its text is valid until the call after.
    bool poll(RoomEvent& event) {
        if (waiting_.empty()) return false;
        told_ = waiting_.front();
        waiting_.pop_front();
        event = told_.event;
        event.text = told_.with_kept ? std::string_view(kept_, kept_size_) : told_.text.view();
        return true;
    }
    void clear() { waiting_.clear(); }
    bool empty() const { return waiting_.empty(); }

  private:
    struct Notice {
        RoomEvent event;
        PeerName text;
        bool with_kept = false;
    };

    Ring<Notice> waiting_;
    Notice told_;
    char kept_[farewell_bytes_max];
    std::size_t kept_size_ = 0;
};

} // namespace tenon
