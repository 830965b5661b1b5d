#pragma once
// The way back of a guest whose path to its host has broken: it asks for its place while it hears nothing,
// and takes the answer. The Table of a guest has one; PROTOCOL.md tells what is said, link/redial.hpp how
// often.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"

namespace tenon {

class WayBack {
  public:
    void end() { *this = WayBack(); }
    // This peer's own address has changed: it asks from there although it may hear its host.
    void move() { moved_ = true; }

    // Error::timed_out when it has asked for too long.
    Error handle_timeout(Instant now, const auto& link, Duration stale_after, const Terms& terms, PeerId self,
                         Random& random, Duration pause, Duration patience) {
        if (now < link.stats().last_rx + stale_after && !moved_) {
            redial_.rest();
        } else if (redial_.too_late(now)) {
            return Error::timed_out;
        } else if (!redial_.active()) {
            redial_.begin(now, random.next(), terms, self, link.seal().key(), pause, patience);
        }
        return Error::none;
    }
    // An answer from the host: on with the link under a new key, or why not.
    Error hear(Instant now, std::uint8_t kind, BytesIn datagram, auto& link, std::uint64_t schema) {
        if (kind == meeting::refusal) {
            const auto refusal = read_refusal(datagram);
            if (refusal && redial_.is_mine(refusal->nonce)) return refusal->reason;
        } else if (kind == meeting::accept) {
            const auto granted = read_accept(datagram);
            if (!granted || !redial_.is_mine(granted->nonce)) return Error::none;
            redial_.end();
            moved_ = false;
            link.resume(now, link_key(schema, granted->nonce, granted->host_nonce));
        }
        return Error::none;
    }
    // When there is something to send.
    Instant poll_timeout() const { return redial_.poll_timeout(); }
    std::size_t poll_transmit(Instant now, BytesOut into) { return redial_.poll_transmit(now, into); }
    Instant poll_timeout(const auto& link, Duration stale_after) const {
        return redial_.active() ? redial_.poll_timeout() : link.stats().last_rx + stale_after;
    }

  private:
    Redial redial_;
    bool moved_ = false;
};

} // namespace tenon
