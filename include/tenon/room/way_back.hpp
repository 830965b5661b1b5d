#pragma once
// The way back of a guest whose path to its host has broken: it asks for its place while it hears nothing,
// and takes the answer. The Table of a guest has one, and lets it see what is its own; PROTOCOL.md tells what
// is said, link/redial.hpp how often.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

class WayBack {
  public:
    void end() { *this = WayBack(); }
    // This peer's own address has changed: it asks from there although it may hear its host.
    void move() { moved_ = true, redial_.hurry(); }

    // A guest that hears nothing asks for its place, until it hears again or has asked for too long.
    void handle_timeout(Instant now, auto& table) {
        auto* seat = table.host_seat();
        if (seat == nullptr || table.options_.away_for <= Duration{}) return;
        if (const Error error = watch(now, table, seat->link); error != Error::none) table.drop(*seat, error);
    }
    // An answer from the host.
    void handle_datagram(Instant now, std::uint8_t kind, BytesIn datagram, auto& table) {
        auto* seat = table.host_seat();
        if (seat == nullptr) return;
        const Error error = hear(now, kind, datagram, seat->link, table.guard(), table.terms_.schema);
        error != Error::none ? table.drop(*seat, error) : table.mark(*seat);
    }
    Instant poll_timeout(const auto& table) const {
        const auto* seat = table.status_ == Status::joined ? table.seats_.of(table.host_id_) : nullptr;
        if (seat == nullptr || table.options_.away_for <= Duration{} || !seat->link.is_ready())
            return Instant::never();
        if (redial_.active()) return redial_.poll_timeout();
        return moved_ ? Instant{} : seat->link.stats().last_rx + table.stale_after();
    }
    // False when no more is taken now.
    bool drain(Instant now, auto& table, auto& lend, auto& take) {
        auto* seat = table.host_seat();
        if (seat == nullptr || redial_.poll_timeout() > now) return true;
        table.mark(*seat); // its link may have a packet with the request
        const BytesOut into = lend(table.host_address_);
        return !into.empty() && take(poll_transmit(now, into, seat->link));
    }

  private:
    Error watch(Instant now, auto& table, const auto& link) {
        const Duration patience =
            table.options_.timeout * 2 + table.options_.away_for; // the host decides sooner
        if (!link.is_ready()) // it has no key with which the host could know it
            return now >= link.stats().last_rx + patience ? Error::timed_out : Error::none;
        if (refused_ != Error::none && now >= refused_until_) return refused_;
        if (now < link.stats().last_rx + table.stale_after() && !moved_) {
            redial_.rest();
            refused_ = Error::none;
        } else if (redial_.too_late(now)) {
            return Error::timed_out;
        } else if (!redial_.active()) {
            const std::uint64_t nonce = table.random_.next();
            const std::uint64_t proof = table.guard().prove(link.seal(), nonce, table.self_);
            redial_.begin(now, nonce, table.terms_, table.self_, proof, table.redial_pause_, patience);
        }
        return Error::none;
    }
    // On with the link under a new key, or why not.
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
    std::size_t poll_transmit(Instant now, BytesOut into, auto& link) {
        // Where it says that it has moved, it says so much that the host may answer there.
        return redial_.poll_transmit(now, into, [&](BytesOut datagram, std::size_t behind) {
            return datagram.size() > behind ? link.poll_early(now, datagram, behind, moved_) : 0;
        });
    }

    Redial redial_;
    Error refused_ = Error::none;
    Instant refused_until_{};
    bool moved_ = false;
};

// Over a connection there is none: who has lost it joins anew.
struct NoWayBack {
    void end() {}
    void move() {}
    void handle_timeout(Instant, const auto&) {}
    void handle_datagram(Instant, std::uint8_t, BytesIn, const auto&) {}
    Instant poll_timeout(const auto&) const { return Instant::never(); }
    bool drain(Instant, const auto&...) { return true; }
};

// Lets one who asks to be let in have a packet, if it is due; false when no more is taken now.
bool ask(Instant now, auto& knock, const auto& host, auto& lend, auto& take) {
    if (knock.poll_timeout() > now) return true;
    const BytesOut into = lend(host);
    return !into.empty() && take(knock.poll_transmit(now, into));
}

} // namespace tenon
