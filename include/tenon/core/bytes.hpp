#pragma once
// Spans of bytes, borrowed for the length of a call, and little-endian loads and stores on them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tenon {

using BytesIn = std::span<const std::byte>;
using BytesOut = std::span<std::byte>;

inline BytesIn bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(BytesIn bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The compilers fold these loops into one move on a little-endian machine.
template <class T>
inline T load_le(const std::byte* from) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(
            value | static_cast<T>(static_cast<T>(std::to_integer<std::uint8_t>(from[i])) << (8 * i)));
    return value;
}

template <class T>
inline void store_le(std::byte* to, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

// Little-endian with a width known only at run time, one to eight bytes.
inline std::uint64_t load_le_n(const std::byte* from, unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
    return value;
}

inline void store_le_n(std::byte* to, std::uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

inline void copy(std::byte* to, BytesIn from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

} // namespace tenon
