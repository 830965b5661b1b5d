#pragma once
// How much a path carries, and so how fast to send. It models the path, as BBR does, by the rate at which
// bytes arrive and the least round trip; loss alone says little on a radio link, so it counts only together
// with a queue. Games want short queues more than the last tenth of the bandwidth: a queue that
// builds up is drained at once.

#include <cstdint>

#include "tenon/core/time.hpp"

namespace tenon {

// What one acknowledgement showed.
struct AckSample {
    Instant now{};
    std::uint64_t acked_bytes = 0, lost_bytes = 0;
    std::uint64_t late_bytes = 0;              // counted as lost before, and now acknowledged after all
    Duration rtt{}, min_rtt{}, smoothed_rtt{}; // rtt is zero when the acknowledgement gave no round trip
    // What had arrived when the newest acknowledged packet was sent, and when that was known.
    std::uint64_t delivered_at_send = 0, delivered = 0;
    Instant delivered_time_at_send{};
    std::uint64_t in_flight = 0;
    bool app_limited = false; // there was nothing more to send
};

class Congestion {
  public:
    static constexpr std::uint64_t window_first = 32 * 1200, window_least = 4 * 1200;
    // A packet a second goes over any path: what else would show that it bears more? Without that, a round of
    // nothing but acknowledgements could stop a link for good, since those spend what is allowed.
    static constexpr std::uint64_t rate_least = 1200;

    void on_ack(const AckSample& ack) {
        min_rtt_ = max(ack.min_rtt, microseconds(1));
        note_round(ack);
        note_rate(ack);
        note_loss(ack);
        if (!round_ended_) return;
        const Duration queue = ack.smoothed_rtt - min_rtt_;
        // On a narrow path a packet or two take that long by themselves.
        const Duration packets =
            estimate() == 0 ? Duration{} : seconds(2400.0 / static_cast<double>(estimate()));
        queued_ = queue > max(max(min_rtt_ / 2, milliseconds(15)), packets);
        filling_ = queue > max(min_rtt_ / 2, milliseconds(1));
        forget_faster_path();
        switch (phase_) {
            case Phase::startup:
                grow(ack);
                break;
            case Phase::drain:
                if (ack.in_flight <= product()) phase_ = Phase::cruise;
                break;
            case Phase::cruise:
                // A path that took a probe has more: it is asked again at once, not after the whole cycle.
                step_ = estimate() > known_ + known_ / 8 ? 0 : (step_ + 1) % steps;
                break;
        }
        known_ = estimate();
        judge_loss(ack);
        round_ended_ = false;
    }

    // The other side has been silent for several probes: the path is not what it was.
    void on_timeout() {
        rates_[0] /= 2;
        rates_[1] = 0;
        best_ = 0;
        stalled_ = 0;
        ceiling_ = no_ceiling;
        phase_ = Phase::startup;
    }

    // Bytes that may be in flight.
    std::uint64_t window() const {
        if (estimate() == 0) return window_first;
        const double gain = phase_ == Phase::startup ? startup_gain : 2;
        const double bytes = gain * static_cast<double>(estimate()) * (min_rtt_ + slack).seconds();
        const std::uint64_t window = static_cast<std::uint64_t>(bytes);
        const std::uint64_t least = phase_ == Phase::startup && !queued_ ? window_first : window_least;
        return clamp(window, least, ceiling_ < least ? least : ceiling_);
    }
    // Bytes a second to send at; 0 while nothing is known.
    std::uint64_t rate() const {
        if (estimate() == 0) return 0;
        const double wanted = gain() * static_cast<double>(estimate());
        const double rate =
            wanted < static_cast<double>(rate_least) ? static_cast<double>(rate_least) : wanted;
        if (phase_ != Phase::startup) return static_cast<std::uint64_t>(rate);
        // What a game sent so far may be far below what the path carries.
        const double first = static_cast<double>(window_first) / max(min_rtt_, milliseconds(1)).seconds();
        return static_cast<std::uint64_t>(!queued_ && first > rate ? first : rate);
    }
    // Bytes a second that the path is known to carry.
    std::uint64_t estimate() const { return rates_[0] > rates_[1] ? rates_[0] : rates_[1]; }

  private:
    enum class Phase : std::uint8_t { startup, drain, cruise };
    static constexpr double startup_gain = 2.77;
    // While the game says less than the path carries, the estimate is what it said: its next burst may be
    // larger.
    static constexpr double idle_gain = 2;
    static constexpr std::uint64_t verdict_least = 16 * 1200; // bytes; a few packets say nothing about loss
    // Below this the other side waits for its timer before it answers.
    static constexpr std::uint64_t answered_at_once = 16 * 1200;
    static constexpr unsigned steps = 8, rounds_kept = 10;
    static constexpr Duration slack = milliseconds(10); // answers wait for company, and games for their tick
    static constexpr std::uint64_t no_ceiling = UINT64_MAX / 4;

    static std::uint64_t clamp(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
        return value < low ? low : value > high ? high : value;
    }
    std::uint64_t product() const {
        return static_cast<std::uint64_t>(static_cast<double>(estimate()) * (min_rtt_ + slack / 4).seconds());
    }
    double gain() const {
        if (phase_ == Phase::startup) return startup_gain;
        if (phase_ == Phase::drain) return 0.4;
        if (queued_) return 0.75;
        if (app_limited_) return idle_gain;
        return step_ == 0 ? 1.25 : step_ == 1 ? 0.8 : 1.0;
    }

    void note_round(const AckSample& ack) {
        if (ack.rtt.ns == 0 || ack.delivered_at_send < round_end_) return;
        round_end_ = ack.delivered;
        round_ended_ = true;
    }
    // The most that arrived in a second, over the last rounds in which the path was really used.
    void note_rate(const AckSample& ack) {
        if (ack.rtt.ns == 0) return;
        const Duration took = max(ack.now - ack.delivered_time_at_send, min_rtt_);
        const auto rate = static_cast<std::uint64_t>(
            static_cast<double>(ack.delivered - ack.delivered_at_send) / took.seconds());
        app_limited_ = ack.app_limited;
        if (ack.app_limited && rate <= estimate()) return;
        if (round_ended_ && !ack.app_limited && ++rounds_ >= rounds_kept / 2) {
            rates_[1] = rates_[0];
            rates_[0] = 0;
            rounds_ = 0;
        }
        if (rate > rates_[0]) rates_[0] = rate;
        if (rate > round_rate_) round_rate_ = rate;
    }
    // A round that brought less than half of what the path is believed to carry, and has a queue: the path is
    // another. To wait until the old rate is forgotten would keep the queue full for seconds.
    void forget_faster_path() {
        if (queued_ && round_rate_ != 0 && round_rate_ < estimate() / 2) {
            rates_[0] = rates_[1] = round_rate_;
            if (phase_ == Phase::startup) phase_ = Phase::drain;
        }
        round_rate_ = 0;
    }
    void note_loss(const AckSample& ack) {
        acked_ += ack.acked_bytes + ack.late_bytes;
        lost_ = (lost_ > ack.late_bytes ? lost_ - ack.late_bytes : 0) + ack.lost_bytes;
    }

    void grow(const AckSample& ack) {
        if (ack.app_limited) return;
        if (estimate() > best_ + best_ / 4) {
            best_ = estimate();
            stalled_ = 0;
        } else {
            ++stalled_;
        }
        if (stalled_ >= 3 || (stalled_ != 0 && queued_)) phase_ = Phase::drain;
    }

    // Loss with a queue, or most of what was sent lost, means that a buffer on the way is full.
    void judge_loss(const AckSample& ack) {
        const std::uint64_t total = acked_ + lost_;
        if (total < verdict_least) return;
        const double share = static_cast<double>(lost_) / static_cast<double>(total);
        // What is lost without a queue is lost with one, too, and no sign of a full buffer.
        if (!filling_) calm_loss_ += (share - calm_loss_) / 8;
        const bool full = filling_ && share > 0.02 + 2 * calm_loss_, choked = share > 0.5;
        if (full || choked) {
            const std::uint64_t held = ack.in_flight + ack.acked_bytes + ack.lost_bytes;
            const std::uint64_t lower = (ceiling_ < held ? ceiling_ : held) / 8 * 7;
            ceiling_ = clamp(lower, product() + answered_at_once, no_ceiling);
            if (phase_ == Phase::startup) phase_ = Phase::drain;
        } else if (ceiling_ < no_ceiling) {
            ceiling_ += ceiling_ / 8;
        }
        acked_ = lost_ = 0;
    }

    Phase phase_ = Phase::startup;
    bool round_ended_ = false, queued_ = false, filling_ = false, app_limited_ = true;
    unsigned step_ = 0, stalled_ = 0, rounds_ = 0;
    Duration min_rtt_{};
    double calm_loss_ = 0;                     // the share that is lost while there is no queue
    std::uint64_t rates_[2] = {};              // of these rounds, and of those before
    std::uint64_t round_rate_ = 0, known_ = 0; // the best of this round; the estimate after the last
    std::uint64_t best_ = 0, ceiling_ = no_ceiling, round_end_ = 0, acked_ = 0, lost_ = 0;
};

} // namespace tenon
