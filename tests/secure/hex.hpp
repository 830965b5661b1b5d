#pragma once
// Bytes as the published vectors print them.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/secure/sodium.hpp"

inline std::vector<std::byte> hex(std::string_view text) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}
inline std::string to_hex(tenon::BytesIn bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}
template <std::size_t Size = 32>
tenon::secure::Secret<Size> secret_of(std::string_view text) {
    const auto bytes = hex(text);
    return tenon::secure::Secret<Size>(std::span<const std::byte, Size>(bytes));
}
template <class Key>
Key key_of(std::string_view text) {
    Key key;
    tenon::copy(key.bytes.data(), hex(text));
    return key;
}
