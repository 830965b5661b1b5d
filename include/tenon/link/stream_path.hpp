#pragma once
// The way to a peer over a connection: how much of what was given to it has not left yet, how fast it leaves,
// and so whether more should follow. What waits in a queue of ours can still be replaced by something newer,
// and what waits behind a slow connection can't. The stream link tells it what it sees.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/link/pacer.hpp"
#include "tenon/link/rtt.hpp"

namespace tenon {

class StreamPath {
  public:
    // For so long may what is given to the connection wait behind it, and so much of it in any case.
    static constexpr Duration wait_most = milliseconds(75);
    static constexpr std::size_t budget_least = 2048, budget_most = 262144;

    StreamPath(Instant now, std::uint64_t bandwidth) : progress_at_(now), bandwidth_(bandwidth) {
        pacer_.set_rate(bandwidth);
    }

    // What the user allows, in bytes a second; 0: as the path allows.
    void set_bandwidth(std::uint64_t bytes_per_second) { pacer_.set_rate(bandwidth_ = bytes_per_second); }

    // Half of it is somebody else's, or all is ours.
    void share(bool half) { pacer_.set_rate(half ? (bandwidth_ + 1) / 2 : bandwidth_); }

    // So many bytes wait behind the connection now.
    void look(Instant now, std::size_t backlog) {
        pacer_.advance(now);
        const std::size_t left = backlog < backlog_ ? backlog_ - backlog : 0;
        if (left != 0 || backlog == 0) progress_at_ = now;
        // Only while something waits does it tell how fast it leaves; where all has left, it may have sooner.
        if (waited_ && now > looked_at_) {
            drained_ += left;
            busy_ += now - looked_at_;
            at_least_ = at_least_ || backlog == 0;
            if (busy_ >= measure) learn();
        }
        waited_ = backlog != 0;
        backlog_ = backlog;
        looked_at_ = now;
    }
    void sent(std::size_t bytes) {
        backlog_ += bytes;
        pacer_.spent(bytes);
    }
    // The same in a datagram beside the stream.
    void sent_beside(std::size_t bytes) { pacer_.spent(bytes); }
    // What an acknowledgement of datagrams has settled.
    void settled(Instant now, const auto& settled, Duration ack_delay) {
        if (settled.newest) round_trip_.sample(now, now - settled.sample.sent_at, ack_delay);
        const double count = settled.acked_packets + settled.lost_packets;
        if (count > 0)
            loss_ += (settled.lost_packets / count - loss_) * (count < loss_memory ? count / loss_memory : 1);
    }
    void answered(Instant now, Duration took) { round_trip_.sample(now, took, {}); }

    bool may_send() const { return !is_behind() && may_send_beside(); }
    bool may_send_beside() const { return pacer_.may_send(pace_bytes); }
    Instant beside_ready_at() const { return pacer_.ready_at(pace_bytes); }
    // More waits behind the connection than should.
    bool is_behind() const { return backlog_ > budget(); }
    // When to look again, where nothing may be sent now.
    Instant ready_at(Instant now) const {
        if (!is_behind()) return pacer_.ready_at(pace_bytes);
        const double over = static_cast<double>(backlog_ - budget());
        return now + (rate_ > 0 ? clamp(seconds(over / rate_), glance_least, glance_most) : glance_most);
    }

    // What waited when it was last looked at: the rest may have left with the flush.
    std::size_t backlog() const { return waited_ ? backlog_ : 0; }
    std::size_t budget() const {
        const double most = rate_ * wait_most.seconds();
        return most < budget_least  ? budget_least
               : most > budget_most ? budget_most
                                    : static_cast<std::size_t>(most);
    }
    // Since when nothing of what waits has left.
    Instant progress_at() const { return progress_at_; }
    const RoundTrip& round_trip() const { return round_trip_; }
    double loss() const { return loss_; } // of datagrams beside the stream
    // Bytes a second that leave while something waits; 0 while that is not known.
    std::uint64_t rate() const { return static_cast<std::uint64_t>(rate_); }
    std::uint64_t bandwidth() const { return bandwidth_; }
    // How long what waits, here and before the connection, will wait.
    Duration time_for(std::size_t queued) const {
        const double allowed = static_cast<double>(bandwidth_);
        double rate = waited_ ? rate_ : allowed;
        if (allowed > 0 && allowed < rate) rate = allowed;
        const Duration stuck = waited_ ? looked_at_ - progress_at_ : Duration{};
        if (rate <= 0) return stuck;
        const double time = static_cast<double>(queued + backlog()) / rate;
        return max(stuck, time < time_most ? seconds(time) : seconds(time_most));
    }

  private:
    static constexpr Duration measure = milliseconds(50), glance_least = milliseconds(1),
                              glance_most = milliseconds(20);
    static constexpr std::size_t pace_bytes = 1200;
    static constexpr double time_most = 60, loss_memory = 256;

    void learn() {
        const double rate = static_cast<double>(drained_) / busy_.seconds();
        if (!at_least_ || rate > rate_) rate_ = rate_ > 0 ? (rate_ * 3 + rate) / 4 : rate;
        at_least_ = false;
        drained_ = 0;
        busy_ = {};
    }

    std::size_t backlog_ = 0, drained_ = 0;
    bool waited_ = false, at_least_ = false;
    Instant looked_at_{}, progress_at_;
    Duration busy_{};
    double rate_ = 0, loss_ = 0;
    Pacer pacer_;
    std::uint64_t bandwidth_;
    RoundTrip round_trip_;
};

} // namespace tenon
