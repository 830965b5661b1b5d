#pragma once
// SipHash-2-4 (Aumasson and Bernstein): a keyed hash that a stranger cannot steer. Keys the cookies of the
// handshake and gives types and components their stable ids.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"

namespace tenon {

// The 16 bytes of a key as two little-endian words.
struct SipKey {
    std::uint64_t low = 0, high = 0;
};

namespace detail {

struct SipState {
    std::uint64_t a, b, c, d;

    static constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    constexpr void round() {
        a += b;
        c += d;
        b = rotate(b, 13) ^ a;
        d = rotate(d, 16) ^ c;
        a = rotate(a, 32);
        c += b;
        a += d;
        b = rotate(b, 17) ^ c;
        d = rotate(d, 21) ^ a;
        c = rotate(c, 32);
    }
    constexpr void absorb(std::uint64_t word) {
        d ^= word;
        round();
        round();
        a ^= word;
    }
};

// Up to eight bytes, the first one lowest; `at(i)` gives byte i.
template <class At>
constexpr std::uint64_t sip_word(At& at, std::size_t from, std::size_t count) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) word |= static_cast<std::uint64_t>(at(from + i)) << (8 * i);
    return word;
}

// Bytes come through a function, so that the same code hashes memory at run time and text at compile time.
template <class At>
constexpr std::uint64_t siphash(SipKey key, std::size_t size, At&& at) {
    SipState s{key.low ^ 0x736F6D6570736575u, key.high ^ 0x646F72616E646F6Du, key.low ^ 0x6C7967656E657261u,
               key.high ^ 0x7465646279746573u};
    std::size_t from = 0;
    for (; size - from >= 8; from += 8) s.absorb(sip_word(at, from, 8));
    s.absorb(sip_word(at, from, size - from) | static_cast<std::uint64_t>(size) << 56);
    s.c ^= 0xFF;
    for (int i = 0; i < 4; ++i) s.round();
    return s.a ^ s.b ^ s.c ^ s.d;
}

} // namespace detail

inline std::uint64_t siphash(SipKey key, BytesIn bytes) {
    return detail::siphash(key, bytes.size(),
                           [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[i]); });
}

// The same number for the same name on every compiler and machine, for good: what is stored or sent may rest
// on it. Its key is no secret: the bytes 0 to 15 in order, which are those of the published vectors too.
constexpr std::uint64_t stable_id(std::string_view name) {
    constexpr SipKey key{0x0706050403020100u, 0x0F0E0D0C0B0A0908u};
    return detail::siphash(key, name.size(),
                           [&](std::size_t i) { return static_cast<std::uint8_t>(name[i]); });
}

} // namespace tenon
