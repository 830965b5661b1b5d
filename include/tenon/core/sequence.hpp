#pragma once
// Numbers that wrap: which of two is newer, and the whole number behind a truncated one.

#include <concepts>
#include <cstdint>

namespace tenon {

// True when `a` comes after `b` on the circle; half of the circle counts as ahead.
template <std::unsigned_integral T>
constexpr bool newer(T a, T b) {
    return a != b && static_cast<T>(a - b) < static_cast<T>(T(1) << (sizeof(T) * 8 - 1));
}

// The whole number whose low `bits` bits are `low` and which lies nearest to `near`.
constexpr std::uint64_t expand(std::uint64_t low, unsigned bits, std::uint64_t about) {
    const std::uint64_t span = std::uint64_t(1) << bits, half = span >> 1;
    const std::uint64_t candidate = (about & ~(span - 1)) | (low & (span - 1));
    if (candidate > about && candidate - about > half && candidate >= span) return candidate - span;
    if (candidate < about && about - candidate >= half) return candidate + span;
    return candidate;
}

} // namespace tenon
