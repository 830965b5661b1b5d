#pragma once
// How much a peer may ask of its host, and a stranger of the door. The table measures every packet of a guest
// by it; what an honest game needs is far below each of them.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bucket.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

// An allowance of no number a second is no limit.
struct Limits {
    // Of one address (IPv4, or 64 bits of IPv6): requests to be let in that it really made, as its cookie
    // shows. A thousand clients behind one address get in at once.
    Allowance handshakes{256, 1024};
    // Of all together, where each costs the host an exchange of keys: most of half a core.
    Allowance exchanges{2000, 64};
    // Of one address: first calls, which anybody can make in its name.
    Allowance calls{512, 2048};
    // Requests to go on with a link, each of which may cost the host a proof: of one address, and, where that
    // has used it up, of one peer, whose place it is. A guest makes fifty a second while it has no answer.
    Allowance returns{2, 8};
    Allowance resumes{64, 64};
    // Of one peer, of what has proved to be its own. Games send 20 to 120 packets a second; a file that is
    // sent up at 200 Mbit/s needs these.
    Allowance packets{20'000, 20'000};
    Allowance bytes{25'000'000, 25'000'000};
    // Messages that can't be decoded, which an honest peer of the same build never says.
    Allowance decode_errors{1, 16};
    // Bytes of reliable messages to others through the host, while one of those does not keep up.
    Allowance relayed_bytes{8192, 32'768};

    static constexpr Limits none() { return {{}, {}, {}, {}, {}, {}, {}, {}, {}}; }
};

// What one peer has used of it.
struct Used {
    Bucket decode_errors, relayed_bytes, resumes;
    std::uint64_t limited = 0; // packets that were not looked at
    std::uint64_t undecodable = 0;
    std::size_t burst = 0; // bytes of reliable messages to others that the last packet brought
    Bucket packets, bytes; // from here on, what every packet needs
    PeerId held_up;        // who does not keep up with what this one says
    bool bursts = false;   // the last packet brought some

    const void* often() const { return &packets; }
    void tell(auto& health) const {
        health.limited = limited;
        health.undecodable = undecodable;
    }
};

// The limits of peers, as prices. A packet that is too much is dropped before it is opened, and so is lost to
// its sender, who slows down; only what has proved to be the peer's is paid for, so that nobody can use up
// what is another's by forging its address.
class PeerLimits {
  public:
    // A peer to whom half a queue waits to be sent does not keep up.
    PeerLimits(const Limits& limits, std::size_t queue_bytes_max, std::size_t message_bytes_max)
        : behind_(queue_bytes_max / 2),
          burst_max_(behind_ / 2 > message_bytes_max ? behind_ / 2 : message_bytes_max),
          packets_(limits.packets),
          bytes_(limits.bytes),
          decode_errors_(limits.decode_errors),
          resumes_(limits.resumes),
          relayed_bytes_({limits.relayed_bytes.per_second,
                          static_cast<std::uint32_t>(min_of(limits.relayed_bytes.at_once, behind_ / 4))}) {}

    // Whether the next packet of the seat is looked at.
    bool hears(Instant now, auto& seat, auto& seats) {
        Used& used = seat.used;
        if (used.packets.has(now, packets_) && used.bytes.has(now, bytes_)) {
            if (!used.held_up) [[likely]]
                return true;
            const auto* slow = seats.of(used.held_up);
            if (slow == nullptr || keeps_up(*slow)) return used.held_up = {}, true;
            if (used.relayed_bytes.has(now, relayed_bytes_)) return true;
        }
        ++used.limited;
        ++limited_;
        return false;
    }
    void heard(Instant now, Used& used, std::size_t bytes) const {
        used.packets.spend(now, packets_);
        used.bytes.spend(now, bytes_, bytes);
        if (used.bursts) used.burst = 0, used.bursts = false;
        if (used.held_up)
            take_relayed(now, used, bytes); // what it brings may be passed on later, all at once
    }
    // Whether it is looked at who wants this one's place back. `seldom`: from an address of which few come,
    // so that others who want it from elsewhere take nothing from the peer.
    bool resumes(Instant now, Used& used, bool seldom) {
        const bool lets = seldom || used.resumes.take(now, resumes_);
        resumes_limited_ += lets ? 0 : 1;
        return lets;
    }
    bool keeps_up(const auto& seat) const { return seat.link.queued_bytes() < behind_; }
    // False when it is one too many.
    bool undecodable(Instant now, Used& used) {
        ++used.undecodable;
        return used.decode_errors.take(now, decode_errors_);
    }
    void relayed(Instant now, Used& used, std::size_t bytes) const {
        used.burst += bytes;
        used.bursts = true;
        if (!used.held_up) take_relayed(now, used, bytes);
    }
    // Whether one packet has set free so much for others that it is no fault of theirs to have no room for
    // it; or, where nobody can be slowed, all of them.
    bool bursts(Instant now, const Used& used, bool connected) const {
        if (connected) return !used.relayed_bytes.has(now, relayed_bytes_);
        return relayed_bytes_.is_limited() && used.burst > burst_max_;
    }
    void count_undecodable() { ++undecodable_; }
    void tell(auto& health) const {
        health.refused += undecodable_;
        health.undecodable = undecodable_;
        health.limited = limited_;
        health.resumes_limited = resumes_limited_;
    }

  private:
    void take_relayed(Instant now, Used& used, std::size_t bytes) const {
        used.relayed_bytes.spend(now, relayed_bytes_, bytes);
        used.relayed_bytes.forgive(now, relayed_bytes_, milliseconds(250)); // far from being taken for gone
    }
    static std::size_t min_of(std::size_t a, std::size_t b) { return a < b ? a : b; }

    std::size_t behind_, burst_max_;
    Price packets_, bytes_, decode_errors_, resumes_, relayed_bytes_;
    std::uint64_t limited_ = 0, undecodable_ = 0, resumes_limited_ = 0;
};

} // namespace tenon
