#pragma once
// Kernel: a fixed tick that all peers run alike, each from the inputs of all (lockstep). This is what of it
// is a matter of time: when a tick is due, how far a peer may run ahead on guesses, how much it catches up at
// once, and how it bears a clock that jumps. The room's lockstep asks.

#include <cstdint>

#include "tenon/clock/concept.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/core/time.hpp"

namespace tenon::clock {

// All but the first are in ticks, except where a unit is named.
struct KernelOptions {
    int delay = 2;      // an input is for the tick so many later; at least that, and as the round trip needs
    int delay_max = 30; // what the round trip may make of it
    int rollback = 0;   // how many ticks may be run on guessed inputs, to be run again when they come
    int catch_up = 8;   // the most that are run in one turn after a stall
    int snapshots = 32; // states that are kept besides those that a rollback needs, to show what differs
    int patience_ms = 250; // how long the room waits for the input of a peer that is silent
    int repeats = 15; // how often the last input of a silent peer stands for the next; then a neutral one
    friend constexpr bool operator==(const KernelOptions&, const KernelOptions&) = default;
};

// States, if the game has any, go free-running at `snapshot_hz`, which is 0 unless configured.
template <unsigned Hz, KernelOptions options = KernelOptions{}>
class Kernel {
  public:
    static_assert(Hz >= 1 && Hz <= 1000, "tenon: clock::Kernel<Hz> runs 1 to 1000 ticks a second");
    static_assert(options.delay >= 0 && options.delay <= options.delay_max && options.delay_max <= 60,
                  "tenon: clock::Kernel: 0 <= delay <= delay_max <= 60");
    static_assert(options.rollback >= 0 && options.rollback <= 60 && options.catch_up >= 1 &&
                      options.snapshots >= 1,
                  "tenon: clock::Kernel: rollback is at most 60, and catch_up and snapshots at least 1");

    static constexpr unsigned kernel_hz = Hz;
    static constexpr KernelOptions kernel = options;

    const Rates& rates() const { return free_.rates(); }
    void configure(const Rates& rates) {
        Rates kept = rates;
        kept.input_hz = 0; // inputs belong to ticks
        free_.configure(kept);
    }
    // Never; what was touched is let go.
    bool input_due(Instant now) { return free_.input_due(now) && false; }
    bool snapshot_due(Instant now) { return free_.snapshot_due(now); }
    void touch() { free_.touch(); }
    Instant next() const { return free_.next(); }

  private:
    static constexpr Rates initial{
        .input_hz = 0, .snapshot_hz = 0, .interpolation_ms = 100, .keepalive_ms = 1000, .max_burst = 3};
    Independent<initial> free_;
};

// Which tick is due when, to the nanosecond and without drift.
class TickPacer {
  public:
    explicit TickPacer(unsigned hz) : hz_(hz) {}

    void begin(Instant origin) { origin_ = origin; }
    Instant origin() const { return origin_; }
    Duration tick_period() const { return {second / hz_}; }

    // When this tick begins.
    Instant start_of(std::uint64_t tick) const {
        const auto count = static_cast<std::int64_t>(tick), rest = count % hz_;
        return origin_ + Duration{count / hz_ * second + (rest * second + hz_ - 1) / hz_};
    }
    // How many have begun: the first that has not.
    std::uint64_t due(Instant now) const {
        if (now < origin_) return 0;
        const std::int64_t ns = (now - origin_).ns;
        return static_cast<std::uint64_t>(ns / second * hz_ + ns % second * hz_ / second) + 1;
    }
    // Lets the time be lost that would be more than so many ticks to catch up; true if there was any.
    bool let_go(Instant now, std::uint64_t next, std::uint64_t behind_max) {
        if (due(now) <= next + behind_max) return false;
        origin_ += now - start_of(next + behind_max);
        return true;
    }

  private:
    static constexpr std::int64_t second = 1'000'000'000;
    std::int64_t hz_;
    Instant origin_{};
};

// Time that only goes forwards, and never by more than a leap at once: what a clock jumps is left out, so
// that no deadline hears of it. A machine that was suspended wakes as if it had not been.
class SteadyTime {
  public:
    static constexpr Duration leap = seconds(30);

    // Takes the clock's next reading; gives how far it jumped, zero when it did not.
    Duration feed(Instant clock) {
        const Duration passed = clock - last_;
        last_ = clock;
        if (!started_) {
            started_ = true;
            return {};
        }
        if (passed.ns >= 0 && passed <= leap) return {};
        left_out_ += passed;
        return passed;
    }
    Instant at(Instant clock) const { return clock - left_out_; }
    // The clock's reading at a steady moment.
    Instant back(Instant steady) const { return steady >= Instant::never() ? steady : steady + left_out_; }

  private:
    Instant last_{};
    Duration left_out_{};
    bool started_ = false;
};

} // namespace tenon::clock
