#pragma once
// What a clock policy is: it says when each stream of a session is due. It never reads the time; it is told.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/time.hpp"

namespace tenon {

// How often a game speaks; a profile is mostly one of these. All of it may be changed while the room is open.
struct Rates {
    double input_hz = 60;       // 0: a command is asked for when touch() was called
    double snapshot_hz = 20;    // 0: states go when touch() was called
    int interpolation_ms = 100; // how far behind the host's time the others are shown
    int keepalive_ms = 1000;    // of each link; a third of Options::timeout at the most
    int max_burst = 3;          // snapshots that may go ahead of their time when the state was touched
    int redial_ms = 30;         // how often a guest asks for its place when it hears nothing
    // Of states, to one peer at a time; what does not fit goes first the next time. 0: no limit.
    int snapshot_bytes = 0;
    // Of the snapshots, for a peer whose path is as bad as can be; 1: always all.
    double least_share = 0.1;
    // How early the latest commands of a guest shall come before the authority takes them: with its next
    // input, or at the next boundary. A guest's inputs run a little faster or slower for it. 0: they come as
    // they come.
    int lead_ms = 0;
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

// What a clock has besides whose inputs may run a little faster or slower, so that they come just in time.
template <class C>
concept LeadsInputs = requires(C& c, const C& constant, Instant now, double rate) {
    c.set_input_rate(rate);
    { constant.takes_at(now) } -> std::same_as<Instant>;
    { constant.takes_every() } -> std::same_as<Duration>;
};

template <class C>
concept ClockPolicy = std::default_initializable<C> && HasRates<C> && HasDue<C> && HasNext<C>;

// A clock on whose ticks all peers run the same simulation; what it says of itself is in clock/kernel.hpp.
template <class C>
concept KernelClock = requires {
    C::kernel_hz;
    C::kernel;
};
// One with boundaries whose rate must be the same for all.
template <class C>
concept BoundaryClock = HasBoundaries<C> && requires {
    C::boundary_hz;
};
// What two sides must have in common of their clocks, as a number above eight bits.
template <class C>
constexpr std::uint32_t clock_feature() {
    if constexpr (KernelClock<C>)
        return static_cast<std::uint32_t>(C::kernel_hz) << 8;
    else if constexpr (BoundaryClock<C>)
        return static_cast<std::uint32_t>(C::boundary_hz) << 18;
    else
        return 0;
}
// The same to be read by people.
class ClockText {
  public:
    constexpr explicit ClockText(std::uint32_t features) {
        const std::uint32_t kernel = features >> 8 & 0x3FF, boundary = features >> 18 & 0x3FF;
        add(kernel != 0 ? "clock::Kernel<" : boundary != 0 ? "clock::Hybrid<" : "clock::Independent<");
        if (kernel + boundary != 0) add_number(kernel != 0 ? kernel : boundary);
        add(">");
    }
    constexpr std::string_view view() const { return {text_, size_}; }

  private:
    constexpr void add(std::string_view more) {
        for (const char c : more) text_[size_++] = c;
    }
    constexpr void add_number(std::uint32_t number) {
        if (number > 9) add_number(number / 10);
        text_[size_++] = static_cast<char>('0' + number % 10);
    }
    char text_[24] = {};
    std::size_t size_ = 0;
};

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
