#pragma once
// What tenon needs of libsodium, in small functions with plain names, and the types that keep secrets. All of
// secure/ stands on this header, and no other includes libsodium's. A program that uses it links libsodium.

#if !__has_include(<sodium.h>)
#error "tenon: secure/ needs libsodium: install libsodium-dev (Debian), libsodium-devel (Fedora) or libsodium"
#endif
// Not all of <sodium.h>, which declares four times as many functions.
#include <sodium/core.h>
#include <sodium/crypto_aead_aes256gcm.h>
#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_scalarmult.h>
#include <sodium/crypto_sign.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"

namespace tenon::secure {

// Chooses the fastest code for this processor and opens the source of randomness; after the first call it
// only tells whether that went well. Whatever makes keys calls it, so that nobody else has to.
inline bool ready() {
    static const bool is_ready = sodium_init() >= 0;
    return is_ready;
}

namespace detail {
inline constexpr std::byte nothing{}; // libsodium wants a place for no bytes too
inline const unsigned char* raw(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes != nullptr ? bytes : &nothing);
}
inline unsigned char* raw(std::byte* bytes) {
    return const_cast<unsigned char*>(raw(static_cast<const std::byte*>(bytes)));
}
template <class Bytes>
auto raw(Bytes&& bytes) -> decltype(raw(bytes.data())) {
    return raw(bytes.data());
}
} // namespace detail

inline void wipe(BytesOut bytes) {
    if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

// Whether both are the same, in a time that tells nothing of where they differ. Their sizes are no secret.
inline bool equal(BytesIn a, BytesIn b) {
    return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

// Bytes whose count the type says, for who asks for just so many.
template <std::size_t Size, class Byte>
std::span<Byte, Size> sized(Slice<Byte> bytes) {
    TENON_ASSERT(bytes.size() == Size, "tenon: bytes of the size that is asked for");
    return std::span<Byte, Size>(bytes.data(), Size);
}

// Bytes that nobody can foretell.
inline void random_bytes(BytesOut out) {
    if (ready() && !out.empty()) randombytes_buf(out.data(), out.size());
}

// Bytes that are wiped when they go, are copied only by copy(), and compared only in constant time.
template <std::size_t Size>
class Secret {
  public:
    static constexpr std::size_t size = Size;

    Secret() = default;
    explicit Secret(std::span<const std::byte, Size> bytes) { tenon::copy(bytes_.data(), bytes); }
    Secret(Secret&& other) noexcept { take(other); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { clear(); }

    static Secret random() {
        Secret made;
        random_bytes(made.bytes_);
        return made;
    }

    Secret copy() const { return Secret(bytes()); }
    void clear() { wipe(bytes_); }
    std::span<const std::byte, Size> bytes() const { return bytes_; }
    std::span<std::byte, Size> out() { return bytes_; }

    friend bool operator==(const Secret& a, const Secret& b) { return equal(a.bytes_, b.bytes_); }

  private:
    void take(Secret& other) {
        bytes_ = other.bytes_;
        other.clear();
    }

    std::array<std::byte, Size> bytes_{};
};

// Public keys of two kinds, so that one is never taken for the other.
template <class Kind>
struct Public {
    std::array<std::byte, 32> bytes{};

    // Keys are tables' keys too; none is ever all zero.
    explicit operator bool() const { return *this != Public(); }
    friend bool operator==(const Public& a, const Public& b) { return a.bytes == b.bytes; }
};
using ExchangePublic = Public<struct OfExchange>; // X25519
using SignPublic = Public<struct OfSignature>;    // Ed25519

// ---- hashes

using Digest = std::array<std::byte, 32>;

// SHA-256 of pieces one after the other.
class Sha256 {
  public:
    Sha256() { crypto_hash_sha256_init(&state_); }
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256() { sodium_memzero(&state_, sizeof state_); }

    Sha256& add(BytesIn piece) {
        crypto_hash_sha256_update(&state_, detail::raw(piece), piece.size());
        return *this;
    }
    Digest digest() {
        Digest digest;
        crypto_hash_sha256_final(&state_, detail::raw(digest));
        return digest;
    }

  private:
    crypto_hash_sha256_state state_;
};
inline Digest sha256(BytesIn bytes) { return Sha256().add(bytes).digest(); }

// HMAC-SHA-256 with a key of any size, of pieces one after the other.
class HmacSha256 {
  public:
    explicit HmacSha256(BytesIn key) { crypto_auth_hmacsha256_init(&state_, detail::raw(key), key.size()); }
    HmacSha256(const HmacSha256&) = delete;
    HmacSha256& operator=(const HmacSha256&) = delete;
    ~HmacSha256() { sodium_memzero(&state_, sizeof state_); }

    HmacSha256& add(BytesIn piece) {
        crypto_auth_hmacsha256_update(&state_, detail::raw(piece), piece.size());
        return *this;
    }
    void digest(std::span<std::byte, 32> out) { crypto_auth_hmacsha256_final(&state_, detail::raw(out)); }

  private:
    crypto_auth_hmacsha256_state state_;
};

// HKDF of RFC 5869 over SHA-256: as many bytes as `out` holds, at most 255 times 32. With an empty `info` it
// is also the HKDF of the Noise framework.
inline void hkdf(BytesOut out, BytesIn salt, BytesIn material, BytesIn info = {}) {
    TENON_ASSERT(out.size() <= 255 * 32, "tenon: HKDF gives at most 8160 bytes");
    Secret<32> extracted, block;
    HmacSha256(salt).add(material).digest(extracted.out());
    std::byte count{0};
    for (std::size_t at = 0; at < out.size(); at += 32) {
        count = static_cast<std::byte>(std::to_integer<unsigned>(count) + 1);
        HmacSha256 next(extracted.bytes());
        if (at != 0) next.add(block.bytes());
        next.add(info).add({&count, 1}).digest(block.out());
        tenon::copy(out.data() + at,
                    BytesIn(block.bytes()).first(out.size() - at < 32 ? out.size() - at : 32));
    }
}

// ---- key exchange

struct ExchangeKeys {
    Secret<32> secret;
    ExchangePublic key;

    ExchangeKeys copy() const { return {secret.copy(), key}; }
};

inline ExchangeKeys exchange_keys(Secret<32> secret) {
    ExchangeKeys keys{std::move(secret), {}};
    ready();
    (void)crypto_scalarmult_base(detail::raw(keys.key.bytes), detail::raw(keys.secret.bytes()));
    return keys;
}
inline ExchangeKeys exchange_keys() { return exchange_keys(Secret<32>::random()); }

// X25519. False for a point of small order, with which the result would be known to everybody.
[[nodiscard]] inline bool exchange(Secret<32>& shared, const Secret<32>& own, const ExchangePublic& theirs) {
    return crypto_scalarmult(detail::raw(shared.out()), detail::raw(own.bytes()),
                             detail::raw(theirs.bytes)) == 0;
}

// ---- signatures

using Signature = std::array<std::byte, 64>;

struct SignKeys {
    Secret<64> secret; // the seed, and the public key once more
    SignPublic key;

    SignKeys copy() const { return {secret.copy(), key}; }
    Secret<32> seed() const { return Secret<32>(secret.bytes().first<32>()); }
};

inline SignKeys sign_keys(const Secret<32>& seed) {
    SignKeys keys;
    ready();
    (void)crypto_sign_seed_keypair(detail::raw(keys.key.bytes), detail::raw(keys.secret.out()),
                                   detail::raw(seed.bytes()));
    return keys;
}
inline SignKeys sign_keys() { return sign_keys(Secret<32>::random()); }

inline Signature sign(BytesIn message, const SignKeys& keys) {
    Signature signature;
    (void)crypto_sign_detached(detail::raw(signature), nullptr, detail::raw(message), message.size(),
                               detail::raw(keys.secret.bytes()));
    return signature;
}
[[nodiscard]] inline bool verify(std::span<const std::byte, 64> signature, BytesIn message,
                                 const SignPublic& key) {
    return ready() && crypto_sign_verify_detached(detail::raw(signature), detail::raw(message),
                                                  message.size(), detail::raw(key.bytes)) == 0;
}

// One pair for both: the Edwards points of a signature's keys as the Montgomery points of an exchange. False
// for bytes that are no point, or one of small order.
[[nodiscard]] inline bool exchange_public(ExchangePublic& out, const SignPublic& key) {
    return crypto_sign_ed25519_pk_to_curve25519(detail::raw(out.bytes), detail::raw(key.bytes)) == 0;
}
inline ExchangeKeys exchange_keys(const SignKeys& keys) {
    Secret<32> secret;
    (void)crypto_sign_ed25519_sk_to_curve25519(detail::raw(secret.out()), detail::raw(keys.secret.bytes()));
    return exchange_keys(std::move(secret));
}

// ---- authenticated encryption

inline constexpr std::size_t tag_bytes = 16;
using Nonce = std::array<std::byte, 12>;

// ChaCha20-Poly1305 as in RFC 8439. `out` is as long as `in` and may be the same bytes.
class ChaCha {
  public:
    ChaCha() = default;
    explicit ChaCha(const Secret<32>& key) : key_(key.copy()) {}

    void seal(std::byte* out, std::byte* tag, BytesIn in, BytesIn head, const Nonce& nonce) const {
        (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            detail::raw(out), detail::raw(tag), nullptr, detail::raw(in), in.size(), detail::raw(head),
            head.size(), nullptr, detail::raw(nonce), detail::raw(key_.bytes()));
    }
    // False for anything forged; `out` then holds nothing of it.
    [[nodiscard]] bool open(std::byte* out, const std::byte* tag, BytesIn in, BytesIn head,
                            const Nonce& nonce) const {
        return crypto_aead_chacha20poly1305_ietf_decrypt_detached(
                   detail::raw(out), nullptr, detail::raw(in), in.size(), detail::raw(tag), detail::raw(head),
                   head.size(), detail::raw(nonce), detail::raw(key_.bytes())) == 0;
    }

  private:
    Secret<32> key_;
};

// AES-256-GCM, with the key's schedule made beforehand. Only where the processor has instructions for it:
// elsewhere it would be slow, and would tell the key by its timing.
class AesGcm {
  public:
    static bool available() { return ready() && crypto_aead_aes256gcm_is_available() == 1; }

    AesGcm() = default;
    explicit AesGcm(const Secret<32>& key) {
        TENON_ASSERT(available(), "tenon: this processor has no AES-256-GCM: ask AesGcm::available() first");
        (void)crypto_aead_aes256gcm_beforenm(&state_, detail::raw(key.bytes()));
    }
    AesGcm(AesGcm&& other) noexcept { take(other); }
    AesGcm& operator=(AesGcm&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    AesGcm(const AesGcm&) = delete;
    AesGcm& operator=(const AesGcm&) = delete;
    ~AesGcm() { sodium_memzero(&state_, sizeof state_); }

    void seal(std::byte* out, std::byte* tag, BytesIn in, BytesIn head, const Nonce& nonce) const {
        (void)crypto_aead_aes256gcm_encrypt_detached_afternm(
            detail::raw(out), detail::raw(tag), nullptr, detail::raw(in), in.size(), detail::raw(head),
            head.size(), nullptr, detail::raw(nonce), &state_);
    }
    // False for anything forged; `out` then holds nothing of it.
    [[nodiscard]] bool open(std::byte* out, const std::byte* tag, BytesIn in, BytesIn head,
                            const Nonce& nonce) const {
        return crypto_aead_aes256gcm_decrypt_detached_afternm(detail::raw(out), nullptr, detail::raw(in),
                                                              in.size(), detail::raw(tag), detail::raw(head),
                                                              head.size(), detail::raw(nonce), &state_) == 0;
    }

  private:
    void take(AesGcm& other) {
        state_ = other.state_;
        sodium_memzero(&other.state_, sizeof other.state_);
    }

    alignas(16) crypto_aead_aes256gcm_state state_{};
};

// ---- text

// Characters that so many bytes take in base64url without padding.
constexpr std::size_t base64_size(std::size_t bytes) { return (bytes * 4 + 2) / 3; }

// base64url without padding (RFC 4648), in a time that does not depend on what is written. `out` holds
// exactly base64_size(bytes.size()) characters, and one more for libsodium's zero.
inline void write_base64(std::span<char> out, BytesIn bytes) {
    TENON_ASSERT(out.size() > base64_size(bytes.size()), "tenon: no room for the text and its zero");
    sodium_bin2base64(out.data(), out.size(), detail::raw(bytes), bytes.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

inline constexpr std::size_t not_base64 = static_cast<std::size_t>(-1);

// The bytes that the text stands for, or not_base64: a foreign or missing character, bits that stand for
// nothing, or more than `out` holds. Every sequence of bytes has one text only.
inline std::size_t read_base64(BytesOut out, std::string_view text) {
    std::size_t size = 0;
    if (text.empty()) return 0;
    for (const char c : text)
        if (static_cast<unsigned char>(c) > 0x7F)
            return not_base64; // of which libsodium takes some for others
    if (out.empty() || sodium_base642bin(detail::raw(out), out.size(), text.data(), text.size(), nullptr,
                                         &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return not_base64;
    return size;
}

} // namespace tenon::secure
