#pragma once
// Hybrid: every peer runs freely, as with Independent, between boundaries that all of them share: so many a
// second of the room's time. States are published at a boundary, and what arrived since the last one becomes
// visible at it, all at once. Commands and events don't wait.

#include <cstdint>

#include "tenon/clock/beat.hpp"
#include "tenon/clock/concept.hpp"
#include "tenon/core/swap.hpp"

namespace tenon::clock {

template <unsigned hz, Rates initial = Rates{}>
class Hybrid {
    static_assert(hz >= 1 && hz <= 1000, "tenon: Hybrid takes from 1 to 1000 boundaries a second");

  public:
    static constexpr unsigned boundary_hz = hz;
    static constexpr Duration every = period(hz);

    const Rates& rates() const { return rates_; }
    // Boundaries are the room's and stay. A snapshot_hz below their rate publishes at every second, third...
    void configure(const Rates& rates) { rates_ = rates; }

    bool input_due(Instant now) { return input_.due(now, period(rates_.input_hz * input_rate_)); }
    // Once at a boundary, if it is one at which states are published.
    bool snapshot_due(Instant) { return replaced(publishes_, false); }
    // The state goes out at the next boundary, whether it is its turn or not.
    void touch() { touched_ = true; }

    // About 1: inputs come just in time where they run so much faster.
    void set_input_rate(double rate) { input_rate_ = rate; }
    // When an authority takes the commands that come now: at the next boundary, or with that one of several
    // to a boundary which is next. Never where inputs and boundaries don't go together.
    Instant takes_at(Instant now) const {
        const std::int64_t step = takes_every().ns, room = (now + ahead_).ns;
        if (!known_ || step >= Duration::max().ns) return Instant::never();
        return now + Duration{step - (room % step + step) % step};
    }
    Duration takes_every() const {
        const double times = rates_.input_hz / hz;
        if (times <= 0) return Duration::max();
        if (times <= 1) return every;
        const auto whole = static_cast<std::int64_t>(times + 0.5);
        return times - static_cast<double>(whole) < 1e-6 && static_cast<double>(whole) - times < 1e-6
                   ? every / whole
                   : Duration::max();
    }

    // How far the room's time is ahead of ours. Until it is known there are no boundaries.
    void set_room_ahead(Duration ahead) {
        ahead_ = ahead;
        known_ = true;
    }
    bool boundary_due(Instant now) {
        if (!known_) return false;
        const std::int64_t number = number_at(now + ahead_);
        // The room's time is corrected now and then by less than this; what goes further back is another
        // time.
        if (!started_ || number < boundary_.number - back_max) {
            started_ = true;
            boundary_.number = number - 1;
        }
        if (number <= boundary_.number) return false;
        boundary_.missed = number - boundary_.number - 1;
        boundary_.number = number;
        boundary_.at = Instant{number * every.ns};
        publishes_ = number % thinned() == 0 || replaced(touched_, false);
        return true;
    }
    const Boundary& boundary() const { return boundary_; }

    Instant next() const {
        if (!known_) return input_.next();
        if (!started_) return Instant{};
        return min(input_.next(), Instant{(boundary_.number + 1) * every.ns} - ahead_);
    }

  private:
    static constexpr std::int64_t back_max = 2;

    static std::int64_t number_at(Instant room) {
        const std::int64_t number = room.ns / every.ns;
        return room.ns % every.ns < 0 ? number - 1 : number;
    }
    std::int64_t thinned() const {
        if (rates_.snapshot_hz <= 0 || rates_.snapshot_hz >= hz) return 1;
        return static_cast<std::int64_t>(hz / rates_.snapshot_hz + 0.5);
    }

    Rates rates_ = initial;
    double input_rate_ = 1;
    Beat input_;
    Boundary boundary_;
    Duration ahead_{};
    bool known_ = false, started_ = false, publishes_ = false, touched_ = false;
};

} // namespace tenon::clock
