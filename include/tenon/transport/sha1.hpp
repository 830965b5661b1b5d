#pragma once
// Sha1, and the message authentication made of it: what WebSocket's handshake and STUN are built on. Neither
// is trusted with a secret that outlives a connection.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

using Sha1Digest = std::array<std::uint8_t, 20>;

class Sha1 {
  public:
    void add(BytesIn bytes) {
        for (const std::byte byte : bytes) {
            block_[size_++ % 64] = std::to_integer<std::uint8_t>(byte);
            if (size_ % 64 == 0) digest_block();
        }
    }
    Sha1Digest finish() {
        const std::uint64_t bits = size_ * 8;
        constexpr std::byte mark[1] = {std::byte{0x80}}, nothing[1] = {};
        add(mark);
        while (size_ % 64 != 56) add(nothing);
        for (int shift = 56; shift >= 0; shift -= 8) {
            const std::byte part[1] = {static_cast<std::byte>(bits >> shift)};
            add(part);
        }
        Sha1Digest digest{};
        for (std::size_t i = 0; i < digest.size(); ++i)
            digest[i] = static_cast<std::uint8_t>(h_[i / 4] >> (24 - i % 4 * 8));
        return digest;
    }

  private:
    void digest_block() {
        std::array<std::uint32_t, 80> w{};
        for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | block_[i];
        for (std::size_t i = 16; i < 80; ++i)
            w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = h_;
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
        h_ = {h_[0] + a, h_[1] + b, h_[2] + c, h_[3] + d, h_[4] + e};
    }

    std::array<std::uint32_t, 5> h_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    std::array<std::uint8_t, 64> block_{};
    std::uint64_t size_ = 0;
};

inline Sha1Digest sha1(std::string_view text) {
    Sha1 hash;
    hash.add(bytes_of(text));
    return hash.finish();
}

// RFC 2104, of a message that may be in two pieces.
inline Sha1Digest hmac_sha1(std::string_view key, BytesIn first, BytesIn second = {}) {
    Sha1Digest shortened{};
    if (key.size() > 64) {
        shortened = sha1(key);
        key = {reinterpret_cast<const char*>(shortened.data()), shortened.size()};
    }
    std::array<std::byte, 64> inner{}, outer{};
    for (std::size_t i = 0; i < 64; ++i) {
        const unsigned byte = i < key.size() ? static_cast<unsigned char>(key[i]) : 0;
        inner[i] = static_cast<std::byte>(byte ^ 0x36);
        outer[i] = static_cast<std::byte>(byte ^ 0x5C);
    }
    Sha1 within, around;
    within.add(inner);
    within.add(first);
    within.add(second);
    const Sha1Digest digest = within.finish();
    around.add(outer);
    around.add({reinterpret_cast<const std::byte*>(digest.data()), digest.size()});
    return around.finish();
}

} // namespace tenon::transport::detail
