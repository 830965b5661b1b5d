#pragma once
// What the room has to tell besides messages, in the order in which it happened, until the session asks.

#include <string_view>

#include "tenon/core/ring.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/roster.hpp"

namespace tenon {

class Notices {
  public:
    // `refused` tells more about a closing than fits into a name.
    void tell(RoomEvent::Kind kind, PeerId peer, Error reason = Error::none,
              const PeerName& text = PeerName(), const Knock* refused = nullptr) {
        waiting_.push_back({{kind, peer, {}, {}, reason, {}}, text, refused});
    }
    void tell(const RoomEvent& event) { waiting_.push_back({event, PeerName(), nullptr}); }
    // The next one. Its text is valid until the call after.
    bool poll(RoomEvent& event) {
        if (waiting_.empty()) return false;
        told_ = waiting_.front();
        waiting_.pop_front();
        event = told_.event;
        event.text = told_.refused != nullptr ? told_.refused->text() : told_.text.view();
        return true;
    }
    void clear() { waiting_.clear(); }
    bool empty() const { return waiting_.empty(); }

  private:
    struct Notice {
        RoomEvent event;
        PeerName text;
        const Knock* refused = nullptr;
    };

    Ring<Notice> waiting_;
    Notice told_;
};

} // namespace tenon
