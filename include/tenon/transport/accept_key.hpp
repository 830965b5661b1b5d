#pragma once
// AcceptKey: what a WebSocket server answers to the key of a client (RFC 6455, section 4.2.2), which takes
// SHA-1 and base64. It proves that the server speaks WebSocket and nothing else: it protects no secret.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::transport::detail {

using Sha1Digest = std::array<std::uint8_t, 20>;

// Of short texts.
inline Sha1Digest sha1(std::string_view text) {
    std::string padded(text);
    padded += '\x80';
    while (padded.size() % 64 != 56) padded += '\0';
    for (int shift = 56; shift >= 0; shift -= 8)
        padded += static_cast<char>(std::uint64_t(text.size()) * 8 >> shift & 0xFF);
    std::array<std::uint32_t, 5> h{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (std::size_t block = 0; block < padded.size(); block += 64) {
        std::array<std::uint32_t, 80> w{};
        for (std::size_t i = 0; i < 64; ++i)
            w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(padded[block + i]);
        for (std::size_t i = 16; i < 80; ++i)
            w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = h;
        for (std::size_t i = 0; i < 80; ++i) {
            const std::uint32_t f = i < 20              ? (b & c) | (~b & d)
                                    : i < 40 || i >= 60 ? b ^ c ^ d
                                                        : (b & c) | (b & d) | (c & d);
            const std::uint32_t k = i < 20   ? 0x5A827999
                                    : i < 40 ? 0x6ED9EBA1
                                    : i < 60 ? 0x8F1BBCDC
                                             : 0xCA62C1D6;
            const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
    }
    Sha1Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - i % 4 * 8));
    return digest;
}

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
