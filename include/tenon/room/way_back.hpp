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
    Error handle_timeout(Instant now, const auto& link, const auto& guard, Duration stale_after,
                         const Terms& terms, PeerId self, Random& random, Duration pause, Duration patience) {
        if (!link.is_ready()) // it has no key with which the host could know it
            return now >= link.stats().last_rx + patience ? Error::timed_out : Error::none;
        if (refused_ != Error::none && now >= refused_until_) return refused_;
        if (now < link.stats().last_rx + stale_after && !moved_) {
            redial_.rest();
            refused_ = Error::none;
        } else if (redial_.too_late(now)) {
            return Error::timed_out;
        } else if (!redial_.active()) {
            const std::uint64_t nonce = random.next();
            redial_.begin(now, nonce, terms, self, guard.prove(link.seal(), nonce, self), pause, patience);
        }
        return Error::none;
    }
    // An answer from the host: on with the link under a new key, or why not.
    template <class Guard>
    Error hear(Instant now, std::uint8_t kind, BytesIn datagram, auto& link, const Guard& guard,
               std::uint64_t schema) {
        if (kind == meeting::refusal) {
            const auto refusal = read_refusal(datagram);
            if (!refusal || !redial_.is_mine(refusal->nonce)) return Error::none;
            if (!Guard::is_private) return refusal->reason;
            if (refused_ == Error::none) refused_until_ = now + meeting::doubt;
            refused_ = refusal->reason;
        } else if (kind == meeting::accept) {
            const auto nonce = read_accepted(datagram);
            if (!nonce || !redial_.is_mine(*nonce)) return Error::none;
            const auto granted = read_accept(datagram, guard, link.seal());
            if (!granted) return Error::none;
            redial_.end();
            moved_ = false;
            refused_ = Error::none;
            link.resume(now, guard.next_key(link.seal(), schema, granted->nonce, granted->host_nonce));
        }
        return Error::none;
    }
    // When there is something to send.
    Instant poll_timeout() const { return redial_.poll_timeout(); }
    std::size_t poll_transmit(Instant now, BytesOut into) { return redial_.poll_transmit(now, into); }
    Instant poll_timeout(const auto& link, Duration stale_after) const {
        if (!link.is_ready()) return Instant::never();
        if (redial_.active()) return redial_.poll_timeout();
        return moved_ ? Instant{} : link.stats().last_rx + stale_after;
    }

  private:
    Redial redial_;
    Error refused_ = Error::none;
    Instant refused_until_{};
    bool moved_ = false;
};

// Over a connection there is none: who has lost it joins anew.
struct NoWayBack {
    void end() {}
    void move() {}
    Error handle_timeout(Instant, const auto&...) { return Error::none; }
    Error hear(Instant, const auto&...) { return Error::none; }
    Instant poll_timeout(const auto&...) const { return Instant::never(); }
    std::size_t poll_transmit(Instant, BytesOut) { return 0; }
};

// Lets one who asks the host have a packet, if it is due; false when no more is taken now.
bool ask(Instant now, auto& asker, const auto& host, auto& lend, auto& take) {
    if (asker.poll_timeout() > now) return true;
    const BytesOut into = lend(host);
    return !into.empty() && take(asker.poll_transmit(now, into));
}

} // namespace tenon
