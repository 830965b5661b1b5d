#pragma once
// The reference beside the cubes: a snapshot packed by hand, written from Glenn Fiedler's description in
// "Snapshot Compression" (2015). Changed cubes by relative index or by a bit each, whichever is shorter; a
// bit for a changed position and one for a changed turn; a position's difference as 5 or 9 bits a part, else
// whole; the smallest three as 5 or 8 bits a part when the largest is the same, else whole.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tenon/wire/bits.hpp"

namespace packed {

struct Cube {
    std::int32_t at[3];   // x and y in 18 bits, z in 14
    std::int32_t turn[4]; // the largest, and the others from -255 to 255
    friend bool operator==(const Cube&, const Cube&) = default;
};

constexpr std::int32_t small = 16, large_at = 256, large_turn = 128;

inline bool within(std::int32_t value, std::int32_t reach) { return value >= -reach && value < reach; }

// A difference in `few` bits or, being not small, in `many` bits that reach further by what they need not
// say.
inline void put(tenon::BitWriter& out, std::int32_t difference, std::int32_t large, unsigned many) {
    if (within(difference, small)) {
        out.bits(1, 1);
        return out.bits(static_cast<std::uint64_t>(difference + small), 5);
    }
    out.bits(0, 1);
    out.bits(static_cast<std::uint64_t>((difference < 0 ? difference + small : difference - small) + large),
             many);
}
inline std::int32_t get(tenon::BitReader& in, std::int32_t large, unsigned many) {
    if (in.bits(1) != 0) return static_cast<std::int32_t>(in.bits(5)) - small;
    const std::int32_t value = static_cast<std::int32_t>(in.bits(many)) - large;
    return value < 0 ? value - small : value + small;
}

inline void put_cube(tenon::BitWriter& out, const Cube& base, const Cube& cube) {
    const bool moved = !std::equal(cube.at, cube.at + 3, base.at);
    const bool turned = !std::equal(cube.turn, cube.turn + 4, base.turn);
    out.bits(moved, 1);
    out.bits(turned, 1);
    if (moved) {
        bool near = true;
        for (int k = 0; k < 3; ++k) near = near && within(cube.at[k] - base.at[k], large_at + small);
        out.bits(near, 1);
        constexpr unsigned whole[] = {18, 18, 14};
        for (int k = 0; k < 3; ++k)
            near ? put(out, cube.at[k] - base.at[k], large_at, 9)
                 : out.bits(static_cast<std::uint64_t>(cube.at[k]), whole[k]);
    }
    if (!turned) return;
    bool near = cube.turn[0] == base.turn[0];
    for (int k = 1; k < 4; ++k) near = near && within(cube.turn[k] - base.turn[k], large_turn + small);
    out.bits(near, 1);
    if (!near) out.bits(static_cast<std::uint64_t>(cube.turn[0]), 2);
    for (int k = 1; k < 4; ++k)
        near ? put(out, cube.turn[k] - base.turn[k], large_turn, 8)
             : out.bits(static_cast<std::uint64_t>(cube.turn[k] + 255), 9);
}
inline void get_cube(tenon::BitReader& in, Cube& cube) {
    const bool moved = in.bits(1) != 0, turned = in.bits(1) != 0;
    if (moved) {
        const bool near = in.bits(1) != 0;
        constexpr unsigned whole[] = {18, 18, 14};
        for (int k = 0; k < 3; ++k)
            cube.at[k] =
                near ? cube.at[k] + get(in, large_at, 9) : static_cast<std::int32_t>(in.bits(whole[k]));
    }
    if (!turned) return;
    const bool near = in.bits(1) != 0;
    if (!near) cube.turn[0] = static_cast<std::int32_t>(in.bits(2));
    for (int k = 1; k < 4; ++k)
        cube.turn[k] =
            near ? cube.turn[k] + get(in, large_turn, 8) : static_cast<std::int32_t>(in.bits(9)) - 255;
}

inline unsigned index_bits(std::size_t apart) { return apart <= 8 ? 4 : apart <= 40 ? 7 : 12; }
inline void put_index(tenon::BitWriter& out, std::size_t apart) {
    if (apart <= 8) return out.bits(1 | (apart - 1) << 1, 4);
    if (apart <= 40) return out.bits(2 | (apart - 9) << 2, 7);
    out.bits(apart << 2, 12);
}
inline std::size_t get_index(tenon::BitReader& in) {
    if (in.bits(1) != 0) return static_cast<std::size_t>(in.bits(3)) + 1;
    if (in.bits(1) != 0) return static_cast<std::size_t>(in.bits(5)) + 9;
    return static_cast<std::size_t>(in.bits(10));
}

// Bytes of the body; the header of 16 bits each for two numbers, as he counts it, is not in it.
inline std::size_t encode(tenon::BytesOut into, std::span<const Cube> base, std::span<const Cube> cubes) {
    tenon::BitWriter out(into);
    std::size_t changed = 0, bits = 10, last = 0;
    for (std::size_t i = 0; i < cubes.size(); ++i) {
        if (cubes[i] == base[i]) continue;
        bits += index_bits(i + 1 - last);
        last = i + 1;
        ++changed;
    }
    const bool by_index = bits < cubes.size();
    out.bits(by_index, 1);
    if (by_index) out.bits(changed, 10);
    last = 0;
    for (std::size_t i = 0; i < cubes.size(); ++i) {
        const bool is_changed = !(cubes[i] == base[i]);
        if (!by_index) out.bits(is_changed, 1);
        if (!is_changed) continue;
        if (by_index) put_index(out, i + 1 - last);
        last = i + 1;
        put_cube(out, base[i], cubes[i]);
    }
    return out.finish();
}
inline bool decode(tenon::BytesIn from, std::span<const Cube> base, std::span<Cube> cubes) {
    tenon::BitReader in(from);
    for (std::size_t i = 0; i < cubes.size(); ++i) cubes[i] = base[i];
    if (in.bits(1) == 0) {
        for (Cube& cube : cubes)
            if (in.bits(1) != 0) get_cube(in, cube);
        return in.finish();
    }
    std::size_t at = 0;
    for (std::size_t left = static_cast<std::size_t>(in.bits(10)); left != 0; --left) {
        at += get_index(in);
        if (at == 0 || at > cubes.size()) return false;
        get_cube(in, cubes[at - 1]);
    }
    return in.finish();
}

} // namespace packed
