#pragma once
// What a clock policy is: it says when each stream of a session is due. It never reads the time; it is told.

#include <concepts>

#include "tenon/core/time.hpp"

namespace tenon {

// How often a game speaks; a profile is mostly one of these.
struct Rates {
    double input_hz = 60;
    double snapshot_hz = 20;
    int interpolation_ms = 100; // how far behind the host's time the others are shown
    int keepalive_ms = 1000;
    int max_burst = 3;  // snapshots that may go ahead of their time when the state was touched
    int redial_ms = 30; // how often a guest asks for its place when it hears nothing
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

template <class C>
concept ClockPolicy = std::default_initializable<C> && HasRates<C> && HasDue<C> && HasNext<C>;

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
