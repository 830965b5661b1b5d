#pragma once
// What the room has to tell besides messages, in the order in which it happened, until the session asks.

#include <string_view>

#include "tenon/core/ring.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/roster.hpp"

namespace tenon {

class Notices {
  public:
    void tell(RoomEvent::Kind kind, PeerId peer, Error reason = Error::none,
              const PeerName& text = PeerName()) {
        waiting_.push_back({{kind, peer, {}, {}, reason, {}}, text, {}});
    }
    // `more` about a closing than fits into a name; it stays where it is.
    void tell_closed(PeerId peer, Error reason, std::string_view more) {
        waiting_.push_back({{RoomEvent::Kind::closed, peer, {}, {}, reason, {}}, PeerName(), more});
    }
    void tell(const RoomEvent& event) { waiting_.push_back({event, PeerName(), {}}); }
    // The next one. Its text is valid until the call after.
    bool poll(RoomEvent& event) {
        if (waiting_.empty()) return false;
        told_ = waiting_.front();
        waiting_.pop_front();
        event = told_.event;
        event.text = told_.more.empty() ? told_.text.view() : told_.more;
        return true;
    }
    void clear() { waiting_.clear(); }
    bool empty() const { return waiting_.empty(); }

  private:
    struct Notice {
        RoomEvent event;
        PeerName text;
        std::string_view more;
    };

    Ring<Notice> waiting_;
    Notice told_;
};

} // namespace tenon
