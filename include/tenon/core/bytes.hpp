#pragma once
// Slices of bytes, borrowed for the length of a call, and little-endian loads and stores on them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tenon/core/slice.hpp"

namespace tenon {

using BytesIn = Slice<const std::byte>;
using BytesOut = Slice<std::byte>;

inline BytesIn bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(BytesIn bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A plain copy on a little-endian machine: g++ 12 makes one move of it, but not of the loop.
template <class T>
inline T load_le(const std::byte* from) {
    T value = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&value, from, sizeof(T));
    else
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(
                value | static_cast<T>(static_cast<T>(std::to_integer<std::uint8_t>(from[i])) << (8 * i)));
    return value;
}

template <class T>
inline void store_le(std::byte* to, T value) {
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(to, &value, sizeof(T));
    else
        for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

// Little-endian with a width known only at run time, none to eight bytes: parts that overlap, instead of a
// loop.
inline std::uint64_t load_le_n(const std::byte* from, unsigned count) {
    if (count >= 8) return load_le<std::uint64_t>(from);
    if (count >= 4) {
        const std::uint64_t low = load_le<std::uint32_t>(from),
                            high = load_le<std::uint32_t>(from + count - 4);
        return low | high << (8 * (count - 4));
    }
    if (count == 0) return 0;
    const auto at = [&](unsigned i) { return std::to_integer<std::uint64_t>(from[i]) << (8 * i); };
    return at(0) | at(count / 2) | at(count - 1);
}

inline void store_le_n(std::byte* to, std::uint64_t value, unsigned count) {
    if (count >= 8) return store_le(to, value);
    if (count >= 4) {
        store_le(to, static_cast<std::uint32_t>(value));
        return store_le(to + count - 4, static_cast<std::uint32_t>(value >> (8 * (count - 4))));
    }
    if (count == 0) return;
    for (const unsigned i : {0u, count / 2, count - 1}) to[i] = static_cast<std::byte>(value >> (8 * i));
}

inline void copy(std::byte* to, BytesIn from) {
    if (from.empty()) return;
    std::size_t size = from.size();
#if defined(__GNUC__)
    // Knowing the size of a message, g++ copies it with one slow string instruction; the library knows
    // better.
    if (!__builtin_constant_p(size) || size > 32) asm("" : "+r"(size));
#endif
    std::memcpy(to, from.data(), size);
}

} // namespace tenon
