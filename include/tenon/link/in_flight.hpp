#pragma once
// The packets that were sent and not settled yet. An acknowledgement settles them: arrived, or lost because
// enough of what was sent later did arrive. Lost is a finding, not a verdict: if the packet is acknowledged
// after all, the link becomes more patient.

#include <cstdint>

#include "tenon/core/prefetch.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

// What a packet carried that must arrive: a chunk of one of the channels.
struct ChunkRef {
    std::uint32_t sequence = 0;
    std::uint32_t channel = 0;
};

struct SentPacket {
    enum class State : std::uint8_t { flying, acked, lost, unasked };

    Instant sent_at{};
    std::uint64_t delivered =
        0; // bytes known to have arrived when it was sent, and when the last of them had
    Instant delivered_at{};
    std::uint32_t refs_begin = 0;
    std::uint32_t commands_to = 0; // one more than the newest command inside, 0: none
    std::uint16_t bytes = 0, refs = 0;
    State state = State::flying;
    bool app_limited = false;
};

// What an acknowledgement changed.
struct Settled {
    std::uint32_t acked_packets = 0, lost_packets = 0, spurious = 0;
    std::uint64_t acked_bytes = 0, lost_bytes = 0, spurious_bytes = 0;
    bool newest =
        false; // the largest number is acknowledged for the first time, so `sample` is a true round trip
    SentPacket sample{};
    std::uint32_t commands_to = 0;
};

class InFlight {
  public:
    static constexpr std::size_t packets_max = 16384;

    // False when too many packets wait: nothing may be sent until some are settled.
    bool room() const { return packets_.size() < packets_max; }

    // The number that the next packet has.
    std::uint64_t next() const { return base_ + packets_.size(); }
    // How many packets up to now the other side has said nothing about.
    std::uint64_t unsettled() const { return next() - acked_to_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint32_t flying() const { return flying_; }
    Instant oldest_sent() const { return oldest_flying().sent_at; }
    Instant newest_sent() const { return newest_sent_; }
    std::uint64_t delivered() const { return delivered_; }
    Instant delivered_at() const { return delivered_at_; }

    // Fetches the oldest packet and the place of the next.
    TENON_INLINE void prefetch() const {
        if (!packets_.empty()) tenon::prefetch(&packets_.front(), sizeof(SentPacket));
        tenon::prefetch(packets_.next_place(), sizeof(SentPacket));
    }

    void begin_refs() { refs_begin_ = refs_base_ + static_cast<std::uint32_t>(refs_.size()); }
    bool add_ref(ChunkRef ref) { return refs_.push_back(ref) != nullptr; }

    // Notes the packet of number next(); its refs were added since begin_refs(). `last`: nothing waits behind
    // it.
    bool sent(Instant now, std::size_t bytes, bool eliciting, std::uint32_t commands_to, bool last) {
        SentPacket packet;
        packet.sent_at = now;
        packet.bytes = static_cast<std::uint16_t>(bytes);
        packet.refs_begin = refs_begin_;
        packet.refs =
            static_cast<std::uint16_t>(refs_base_ + static_cast<std::uint32_t>(refs_.size()) - refs_begin_);
        packet.commands_to = commands_to;
        packet.delivered = delivered_;
        packet.delivered_at = delivered_at_.ns == 0 || flying_ == 0 ? now : delivered_at_;
        packet.state = eliciting ? SentPacket::State::flying : SentPacket::State::unasked;
        // Until what was in flight at such a moment has arrived, the rate of arrivals is the game's and not
        // the path's.
        if (last) limited_to_ = delivered_ + bytes_ + bytes;
        packet.app_limited = delivered_ <= limited_to_;
        if (packets_.push_back(packet) == nullptr) return false;
        if (eliciting) {
            bytes_ += bytes;
            ++flying_;
            newest_sent_ = now;
        } else {
            retire(now, Duration{});
        }
        return true;
    }

    // Settles what the block speaks of. `arrived(ref)` and `lost(ref)` are called for what each packet
    // carried.
    template <class Arrived, class Lost>
    Settled settle(Instant now, const AckBlock& ack, Duration smoothed, Arrived&& arrived, Lost&& lost) {
        Settled settled;
        ack.for_each([&](std::uint64_t first, std::uint64_t last) {
            if (last < base_) return;
            for (std::uint64_t n = first < base_ ? base_ : first; n <= last; ++n)
                acknowledge(n, now, ack.largest, settled, arrived);
        });
        if (ack.largest + 1 > acked_to_) acked_to_ = ack.largest + 1;
        if (settled.spurious != 0) become_patient(smoothed);
        find_lost(now, smoothed, settled, lost);
        retire(now, smoothed);
        return settled;
    }

    // Packets that time alone shows to be lost, given that something sent after them has arrived.
    template <class Lost>
    Settled expire(Instant now, Duration smoothed, Lost&& lost) {
        Settled settled;
        find_lost(now, smoothed, settled, lost);
        retire(now, smoothed);
        return settled;
    }

    // Something sent later has arrived, and time alone will tell whether an earlier packet is lost.
    bool suspects() const { return flying_ != 0 && scan_ < acked_to_; }
    // When expire() may find something, or never.
    Instant expires_at(Duration smoothed) const {
        if (flying_ == 0 || scan_ >= acked_to_ || scan_ - base_ >= packets_.size()) return Instant::never();
        return packets_[static_cast<std::size_t>(scan_ - base_)].sent_at + patience(smoothed) + smoothed;
    }

    // Nothing was heard for long: everything in flight counts as lost.
    template <class Lost>
    Settled give_up(Instant now, Lost&& lost) {
        Settled settled;
        for (std::size_t i = 0; i < packets_.size(); ++i)
            if (packets_[i].state == SentPacket::State::flying) lose(packets_[i], settled, lost);
        scan_ = next();
        retire(now, Duration{});
        return settled;
    }

  private:
    const SentPacket& oldest_flying() const {
        std::size_t i = scan_ < base_ ? 0 : static_cast<std::size_t>(scan_ - base_);
        while (i + 1 < packets_.size() && packets_[i].state != SentPacket::State::flying) ++i;
        return packets_[i];
    }

    template <class Arrived>
    void acknowledge(std::uint64_t number, Instant now, std::uint64_t largest, Settled& settled,
                     Arrived& arrived) {
        SentPacket& packet = packets_[static_cast<std::size_t>(number - base_)];
        if (packet.state == SentPacket::State::acked || packet.state == SentPacket::State::unasked) return;
        if (packet.state == SentPacket::State::lost) {
            ++settled.spurious;
            settled.spurious_bytes += packet.bytes;
            limited_to_ += packet.bytes; // it was not among what was in flight
        } else {
            bytes_ -= packet.bytes;
            --flying_;
            ++settled.acked_packets;
            settled.acked_bytes += packet.bytes;
        }
        delivered_ += packet.bytes;
        delivered_at_ = now;
        packet.state = SentPacket::State::acked;
        if (number == largest && number >= acked_to_) {
            settled.newest = true;
            settled.sample = packet;
        }
        if (packet.commands_to > settled.commands_to) settled.commands_to = packet.commands_to;
        if (packet.sent_at > newest_acked_sent_) newest_acked_sent_ = packet.sent_at;
        for (std::uint32_t r = 0; r < packet.refs; ++r) arrived(refs_[packet.refs_begin - refs_base_ + r]);
    }

    // A packet is lost when it was overtaken by several others, or by one that was sent clearly later.
    template <class Lost>
    void find_lost(Instant now, Duration smoothed, Settled& settled, Lost& lost) {
        if (scan_ < base_) scan_ = base_;
        const Duration patient = patience(smoothed);
        for (; scan_ < acked_to_ && scan_ - base_ < packets_.size(); ++scan_) {
            SentPacket& packet = packets_[static_cast<std::size_t>(scan_ - base_)];
            if (packet.state != SentPacket::State::flying) continue;
            const bool overtaken =
                acked_to_ - 1 - scan_ >= overtakers_ && packet.sent_at + patient / 2 <= newest_acked_sent_;
            const bool late =
                packet.sent_at + patient <= newest_acked_sent_ || now - packet.sent_at >= patient + smoothed;
            if (!overtaken && !late) return;
            lose(packet, settled, lost);
        }
    }

    template <class Lost>
    void lose(SentPacket& packet, Settled& settled, Lost& lost) {
        packet.state = SentPacket::State::lost;
        bytes_ -= packet.bytes;
        --flying_;
        ++settled.lost_packets;
        settled.lost_bytes += packet.bytes;
        for (std::uint32_t r = 0; r < packet.refs; ++r) lost(refs_[packet.refs_begin - refs_base_ + r]);
    }

    // How much later something must have been sent before its arrival tells against an earlier packet.
    Duration patience(Duration smoothed) const {
        return max(reordering_, max(smoothed / 16, milliseconds(1)));
    }

    void become_patient(Duration smoothed) {
        reordering_ =
            min(max(reordering_ + reordering_ / 2, milliseconds(2)), max(smoothed / 4, milliseconds(10)));
        if (overtakers_ < 16) ++overtakers_;
    }

    // Lost packets are kept for a while, in case they were only late.
    void retire(Instant now, Duration smoothed) {
        while (!packets_.empty()) {
            const SentPacket& packet = packets_.front();
            if (packet.state == SentPacket::State::flying) break;
            if (packet.state == SentPacket::State::lost && now - packet.sent_at < smoothed * 3 &&
                packets_.size() < packets_max / 2)
                break;
            for (std::uint32_t r = 0; r < packet.refs; ++r) refs_.pop_front();
            refs_base_ += packet.refs;
            packets_.pop_front();
            ++base_;
        }
    }

    Ring<SentPacket> packets_{packets_max};
    Ring<ChunkRef> refs_{packets_max * 4};
    std::uint64_t base_ = 0;     // number of the oldest packet kept
    std::uint64_t scan_ = 0;     // nothing before it is flying
    std::uint64_t acked_to_ = 0; // one more than the newest that was acknowledged
    std::uint64_t bytes_ = 0, delivered_ = 0, limited_to_ = 0;
    Instant newest_sent_{}, newest_acked_sent_{}, delivered_at_{};
    Duration reordering_{};
    std::uint32_t refs_base_ = 0, refs_begin_ = 0, flying_ = 0;
    std::uint32_t overtakers_ = 3;
};

} // namespace tenon
