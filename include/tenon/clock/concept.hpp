#pragma once
// What a clock policy is: it says when each stream of a session is due. It never reads the time; it is told.

#include <concepts>
#include <cstdint>

#include "tenon/core/time.hpp"

namespace tenon {

// How often a game speaks; a profile is mostly one of these. All but keepalive_ms and redial_ms may be
// changed while the room is open.
struct Rates {
    double input_hz = 60;       // 0: a command is asked for when touch() was called
    double snapshot_hz = 20;    // 0: states go when touch() was called
    int interpolation_ms = 100; // how far behind the host's time the others are shown
    int keepalive_ms = 1000;    // of the links that a session makes; a third of Options::timeout at the most
    int max_burst = 3;          // snapshots that may go ahead of their time when the state was touched
    int redial_ms = 30;         // how often a guest asks for its place when it hears nothing
    // Of states, to one peer at a time; what does not fit goes first the next time. 0: no limit.
    int snapshot_bytes = 0;
    // Of the snapshots, for a peer whose path is as bad as can be; 1: always all.
    double least_share = 0.1;
    friend constexpr bool operator==(const Rates&, const Rates&) = default;
};

template <class C>
concept HasRates = requires(C& c, const Rates& rates) {
    { c.rates() } -> std::convertible_to<Rates>;
    c.configure(rates);
};
template <class C>
concept HasDue = requires(C& c, Instant now) {
    { c.input_due(now) } -> std::same_as<bool>;
    { c.snapshot_due(now) } -> std::same_as<bool>;
    c.touch();
};
template <class C>
concept HasNext = requires(const C& c) {
    { c.next() } -> std::same_as<Instant>;
};

// A moment of the room's time that all peers share.
struct Boundary {
    std::int64_t number = 0; // the same on every peer
    Instant at{};            // the room's time
    std::int64_t missed = 0; // how many went by unseen before it, in a stall
};
// What a clock with boundaries has besides.
template <class C>
concept HasBoundaries = requires(C& c, const C& constant, Instant now, Duration ahead) {
    c.set_room_ahead(ahead);
    { c.boundary_due(now) } -> std::same_as<bool>;
    { constant.boundary() } -> std::convertible_to<Boundary>;
};

template <class C>
concept ClockPolicy = std::default_initializable<C> && HasRates<C> && HasDue<C> && HasNext<C>;

// A clock on whose ticks all peers run the same simulation; what it says of itself is in clock/kernel.hpp.
template <class C>
concept KernelClock = requires {
    C::kernel_hz;
    C::kernel;
};
// What two sides must have in common of their clocks, as a number above eight bits.
template <class C>
constexpr std::uint32_t clock_feature() {
    if constexpr (KernelClock<C>)
        return static_cast<std::uint32_t>(C::kernel_hz) << 8;
    else
        return 0;
}

template <class C>
struct CheckClock {
    static_assert(std::default_initializable<C>, "Clock lacks: a default constructor");
    static_assert(HasRates<C>, "Clock lacks: Rates rates() const and void configure(const Rates&)");
    static_assert(HasDue<C>,
                  "Clock lacks: bool input_due(Instant), bool snapshot_due(Instant) and void touch()");
    static_assert(HasNext<C>, "Clock lacks: Instant next() const");
    static constexpr bool ok = ClockPolicy<C>;
};

} // namespace tenon
