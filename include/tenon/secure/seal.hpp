#pragma once
// Seals and opens the packets of one link with the keys of its handshake: AES-256-GCM or ChaCha20-Poly1305,
// a nonce from the packet's number, and new keys every so many packets, so that who steals today's can't read
// yesterday's. Whoever keeps a link calls this; what arrives twice is the link's to notice.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/secure/noise.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

// As they are named in a handshake.
enum class Cipher : std::uint8_t { chacha20_poly1305 = 1, aes_256_gcm = 2 };

// A set of ciphers, one bit each, as a side offers what it can.
constexpr std::uint8_t bit(Cipher cipher) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(cipher));
}
inline std::uint8_t ciphers_here() {
    const unsigned always = bit(Cipher::chacha20_poly1305);
    return static_cast<std::uint8_t>(always | (AesGcm::available() ? bit(Cipher::aes_256_gcm) : 0u));
}
// Whether a number that was heard is a cipher of the set.
constexpr bool is_one_of(std::uint8_t ciphers, std::uint8_t number) {
    return number < 8 && (ciphers >> number & 1) != 0;
}
// The faster of those that both sides have; every side has ChaCha20-Poly1305.
constexpr Cipher agree(std::uint8_t ours, std::uint8_t theirs) {
    return (ours & theirs & bit(Cipher::aes_256_gcm)) != 0 ? Cipher::aes_256_gcm : Cipher::chacha20_poly1305;
}

struct SealLimits {
    // A key seals 2^20 packets, where 2^23 are the least that is safe with either cipher (RFC 9001, 6.6).
    unsigned generation_bits = 20;
    // Packets of a link, in each direction. At a million a second they last for a hundred years.
    std::uint64_t numbers_max = std::uint64_t(1) << 52;
    // Forgeries that may be tried on a link before it is given up: the smaller limit of the two ciphers.
    std::uint64_t forged_max = std::uint64_t(1) << 36;
};

namespace detail {

// The keys of one direction as a chain of which only the next link is kept: what a generation's packets were
// sealed with can't be told from what comes after it.
class KeyChain {
  public:
    explicit KeyChain(Secret<32> start) : start_(std::move(start)) {}

    Secret<32> next() {
        Secret<64> made;
        hkdf(made.out(), bytes_of("tenon packet keys"), start_.bytes());
        copy(start_.out().data(), made.bytes().first<32>());
        return Secret<32>(made.bytes().last<32>());
    }
    void clear() { start_.clear(); }

  private:
    Secret<32> start_;
};

// One key, ready for one of the two.
class PacketKey {
  public:
    PacketKey() = default;
    PacketKey(Cipher cipher, const Secret<32>& key) {
        cipher == Cipher::aes_256_gcm ? void(aes_ = AesGcm(key)) : void(chacha_ = ChaCha(key));
    }

    void seal(Cipher cipher, std::byte* tag, BytesOut body, BytesIn head, const Nonce& nonce) const {
        cipher == Cipher::aes_256_gcm ? aes_.seal(body.data(), tag, body, head, nonce)
                                      : chacha_.seal(body.data(), tag, body, head, nonce);
    }
    bool open(Cipher cipher, std::byte* into, const std::byte* tag, BytesIn body, BytesIn head,
              const Nonce& nonce) const {
        return cipher == Cipher::aes_256_gcm ? aes_.open(into, tag, body, head, nonce)
                                             : chacha_.open(into, tag, body, head, nonce);
    }
    // Fetches what either cipher needs; which it is lies in memory too.
    TENON_INLINE void prefetch() const { tenon::prefetch(this, sizeof chacha_ + schedule_bytes); }

  private:
    // Fifteen round keys and what the tag is hashed with, which libsodium keeps in front.
    static constexpr std::size_t schedule_bytes = 256;

    ChaCha chacha_;
    AesGcm aes_;
};

// The whole number, which no two packets of a direction share, and what is vouched for beside the packet.
constexpr Nonce packet_nonce(std::uint64_t number, std::uint32_t beside) {
    Nonce nonce{};
    for (unsigned i = 0; i < 4; ++i) nonce[i] = static_cast<std::byte>(beside >> (8 * i));
    for (unsigned i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::byte>(number >> (8 * i));
    return nonce;
}

} // namespace detail

// With which generation of its keys each direction begins, when a link that has counted goes on with new
// keys.
struct SealStart {
    std::uint64_t next = 0, received_generation = 0;
};

// Both directions of one link. Packets are numbered by the link from zero on, each direction for itself, and
// both sides tell a packet's key from its whole number, so that nothing of it is in the packet.
class Seal {
  public:
    Seal(Cipher cipher, NoiseKeys keys, SealLimits limits = {}, SealStart start = {})
        : cipher_(cipher),
          limits_(limits),
          next_(start.next),
          send_generation_(start.next >> limits.generation_bits),
          receive_generation_(start.received_generation),
          send_chain_(std::move(keys.send)),
          receive_chain_(std::move(keys.receive)) {
        for (std::uint64_t i = 0; i < send_generation_; ++i) (void)send_chain_.next();
        send_ = {cipher, send_chain_.next()};
        for (std::uint64_t i = 1; i < receive_generation_; ++i) (void)receive_chain_.next();
        for (std::size_t i = receive_generation_ == 0; i < receive_.size(); ++i)
            receive_[i] = {cipher, receive_chain_.next()};
    }
    Seal(Seal&&) = default;
    Seal& operator=(Seal&&) = default;

    Cipher cipher() const { return cipher_; }
    const SealLimits& limits() const { return limits_; }
    // Where another with new keys has to begin, so that the link's numbers go on.
    SealStart start() const { return {next_, receive_generation_}; }

    // Encrypts `body` where it lies, and vouches with the tag for it, for `head` and for `beside`, which both
    // sides know. Each number is sealed once, in rising order: with one nonce for two packets, both could be
    // read and others forged.
    Result<> seal(std::uint64_t number, std::uint32_t beside, BytesIn head, BytesOut body,
                  std::span<std::byte, tag_bytes> tag) {
        if (number < next_) return Error::nonce_reused;
        if (number >= limits_.numbers_max) return Error::key_spent;
        const std::uint64_t generation = number >> limits_.generation_bits;
        if (generation > send_generation_ + 1) return Error::too_early; // the other side could not follow
        if (generation > send_generation_) {
            send_ = {cipher_, send_chain_.next()};
            send_generation_ = generation;
        }
        next_ = number + 1;
        send_.seal(cipher_, tag.data(), body, head, detail::packet_nonce(number, beside));
        return {};
    }

    // What was sealed is in `into`, which is as long as `body` and may be the same bytes; where it is
    // refused, nothing of it is. The keys of the generation before the newest are kept for what comes late,
    // and those of the next lie ready.
    Result<> open(std::uint64_t number, std::uint32_t beside, BytesIn head, BytesIn body,
                  std::span<const std::byte, tag_bytes> tag, BytesOut into) {
        if (into.size() < body.size()) return Error::too_large;
        if (number >= limits_.numbers_max || forged_ >= limits_.forged_max) return Error::key_spent;
        const std::uint64_t generation = number >> limits_.generation_bits;
        if (generation + 1 < receive_generation_) return Error::stale;
        if (generation > receive_generation_ + 1) return Error::too_early;
        const auto slot = static_cast<std::size_t>(generation + 1 - receive_generation_);
        if (!receive_[slot].open(cipher_, into.data(), tag.data(), body, head,
                                 detail::packet_nonce(number, beside))) {
            ++forged_;
            return Error::forged;
        }
        if (slot == 2) turn();
        return {};
    }

    // Fetch what the next seal() needs, or the next open().
    TENON_INLINE void prefetch_seal() const {
        tenon::prefetch(this, head_bytes);
        send_.prefetch();
    }
    TENON_INLINE void prefetch_open() const {
        tenon::prefetch(this, head_bytes);
        receive_[1].prefetch();
    }

    // Refused packets so far: what is forged, or damaged on its way.
    std::uint64_t forged() const { return forged_; }
    // Whether either direction has come so near to its end that the link should be made anew.
    bool is_nearly_spent() const {
        return next_ >= limits_.numbers_max - limits_.numbers_max / 16 ||
               forged_ >= limits_.forged_max - limits_.forged_max / 16;
    }

  private:
    // A packet of the next generation has proved that its sender is there.
    void turn() {
        receive_[0] = std::move(receive_[1]);
        receive_[1] = std::move(receive_[2]);
        receive_[2] = {cipher_, receive_chain_.next()};
        ++receive_generation_;
    }

    static constexpr std::size_t head_bytes = 64; // all but the keys

    Cipher cipher_;
    SealLimits limits_;
    std::uint64_t next_ = 0, send_generation_ = 0, receive_generation_ = 0, forged_ = 0;
    detail::KeyChain send_chain_, receive_chain_;
    detail::PacketKey send_;
    std::array<detail::PacketKey, 3> receive_; // of the generation before, of this one, and of the next
};

} // namespace tenon::secure
