#pragma once
// AcceptKey: what a WebSocket server answers to the key of a client (RFC 6455, section 4.2.2), which takes
// SHA-1 and base64. It proves that the server speaks WebSocket and nothing else: it protects no secret.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/transport/sha1.hpp"

namespace tenon::transport::detail {

inline std::string base64(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < size; i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = i; j < i + 3; ++j) group = group << 8 | (j < size ? bytes[j] : 0u);
        for (std::size_t j = 0; j < 4; ++j) text += i + j <= size ? letters[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

// 16 bytes as base64 writes them: 22 letters and "==".
inline bool is_web_socket_key(std::string_view text) {
    if (text.size() != 24 || text.substr(22) != "==") return false;
    for (const char c : text.substr(0, 22))
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/'))
            return false;
    return true;
}
inline std::string accept_key(std::string_view key) {
    const Sha1Digest digest = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    return base64(digest.data(), digest.size());
}

} // namespace tenon::transport::detail
