#pragma once
// A moment of a world, which may lie between two of its ticks. A client says with each command what it was
// looking at, and the authority goes back to it.

#include <compare>
#include <cstdint>

#include "tenon/core/ids.hpp"

namespace tenon {

struct Moment {
    static constexpr std::uint64_t parts_per_tick = 256;
    std::uint64_t parts = 0;

    static constexpr Moment of(Tick tick) { return {tick.value * parts_per_tick}; }
    // What lies before the first tick is the first.
    static constexpr Moment of(double ticks) {
        constexpr double most = 0x1p54;
        return {ticks > 0 ? static_cast<std::uint64_t>((ticks < most ? ticks : most) * parts_per_tick) : 0};
    }
    // The tick at or before it, and how much of the way to the next has passed.
    constexpr Tick tick() const { return {parts / parts_per_tick}; }
    constexpr double ticks() const { return static_cast<double>(parts) / parts_per_tick; }

    friend constexpr auto operator<=>(Moment, Moment) = default;
};

} // namespace tenon
