#pragma once
// The way to the peer: how long it takes, what it loses, what it carries, and so when the next packet may go.
// The link tells it what was sent and what came of it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/link/congestion.hpp"
#include "tenon/link/in_flight.hpp"
#include "tenon/link/pacer.hpp"
#include "tenon/link/rtt.hpp"

namespace tenon {

class Path {
  public:
    Path(std::size_t datagram_bytes, std::uint64_t bandwidth)
        : bandwidth_(bandwidth), datagram_bytes_(datagram_bytes) {
        budget_.set_rate(bandwidth);
    }

    // What the user allows, in bytes a second; 0: as the path allows.
    void set_bandwidth(std::uint64_t bytes_per_second) { budget_.set_rate(bandwidth_ = bytes_per_second); }

    void advance(Instant now) {
        pacer_.advance(now);
        budget_.advance(now);
    }
    void sent(std::size_t bytes) {
        pacer_.spent(bytes);
        budget_.spent(bytes);
    }
    // Takes in what an acknowledgement, or the lack of one, has settled. `ack_delay` is how long the other
    // side kept it back.
    void settled(Instant now, const Settled& settled, Duration ack_delay, const InFlight& in_flight) {
        Duration rtt{};
        if (settled.newest) {
            rtt = now - settled.sample.sent_at;
            round_trip_.sample(now, rtt, ack_delay);
        }
        if (settled.acked_packets == 0 && settled.lost_packets == 0) return;
        const double count = settled.acked_packets + settled.lost_packets,
                     weight = count < loss_memory ? count / loss_memory : 1.0;
        loss_ += (settled.lost_packets / count - loss_) * weight;
        AckSample ack;
        ack.now = now;
        ack.acked_bytes = settled.acked_bytes;
        ack.lost_bytes = settled.lost_bytes;
        ack.late_bytes = settled.spurious_bytes;
        ack.rtt = rtt;
        ack.min_rtt = round_trip_.minimum();
        ack.smoothed_rtt = round_trip_.smoothed();
        ack.delivered_at_send = settled.sample.delivered;
        ack.delivered_time_at_send = settled.sample.delivered_at;
        ack.delivered = in_flight.delivered();
        ack.in_flight = in_flight.bytes();
        ack.app_limited = settled.sample.app_limited;
        congestion_.on_ack(ack);
        adopt();
    }
    void fell_silent() {
        congestion_.on_timeout();
        adopt();
    }

    bool may_send(std::uint64_t in_flight) const {
        return in_flight < window_ && pacer_.may_send(datagram_bytes_) && budget_.may_send(datagram_bytes_);
    }
    // When it may next be sent; never while the window is full, since then only an answer or a probe opens
    // it.
    Instant ready_at(std::uint64_t in_flight) const {
        if (in_flight >= window_) return Instant::never();
        return max(pacer_.ready_at(datagram_bytes_), budget_.ready_at(datagram_bytes_));
    }

    std::uint64_t bandwidth() const { return bandwidth_; }
    const RoundTrip& round_trip() const { return round_trip_; }
    const Congestion& congestion() const { return congestion_; }
    double loss() const { return loss_; } // share of packets, over the last few hundred
    // Bytes a second that may be sent now; 0 while nothing limits it.
    std::uint64_t rate() const {
        const std::uint64_t rate = congestion_.rate();
        return bandwidth_ != 0 && (rate == 0 || bandwidth_ < rate) ? bandwidth_ : rate;
    }
    Duration time_for(std::size_t bytes) const {
        return rate() == 0 ? Duration{} : seconds(static_cast<double>(bytes) / static_cast<double>(rate()));
    }

    const void* often() const { return &round_trip_; } // before it lies what few packets need

  private:
    static constexpr double loss_memory = 256;

    void adopt() {
        window_ = congestion_.window();
        pacer_.set_rate(congestion_.rate());
    }

    // First what only an acknowledgement needs, and then what every packet that is sent does.
    std::uint64_t bandwidth_;
    Congestion congestion_;
    RoundTrip round_trip_;
    double loss_ = 0;
    std::uint64_t window_ = Congestion::window_first;
    std::size_t datagram_bytes_;
    Pacer pacer_, budget_;
};

} // namespace tenon
