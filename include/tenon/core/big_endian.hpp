#pragma once
// Numbers with the highest byte first, as most protocols of others have them and as the range coder writes.

#include <cstddef>
#include <cstdint>

namespace tenon {

constexpr std::uint16_t load_be16(const std::byte* from) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(from[0]) << 8 |
                                      std::to_integer<unsigned>(from[1]));
}
constexpr std::uint32_t load_be32(const std::byte* from) {
    return static_cast<std::uint32_t>(load_be16(from)) << 16 | load_be16(from + 2);
}
constexpr void store_be16(std::byte* to, std::uint16_t value) {
    to[0] = static_cast<std::byte>(value >> 8);
    to[1] = static_cast<std::byte>(value & 0xFF);
}
constexpr void store_be32(std::byte* to, std::uint32_t value) {
    store_be16(to, static_cast<std::uint16_t>(value >> 16));
    store_be16(to + 2, static_cast<std::uint16_t>(value & 0xFFFF));
}

} // namespace tenon
