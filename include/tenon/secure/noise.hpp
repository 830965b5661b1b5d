#pragma once
// The handshakes Noise_NK and Noise_IK over X25519, ChaCha20-Poly1305 and SHA-256, as the Noise Protocol
// Framework has them (revision 34): two messages, after which both sides hold two keys that nobody else can
// make, not even with the static keys. Whoever meets a server that has a key calls this; it sends nothing.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

// In both, the initiator knows the responder's static key beforehand, and the responder is who holds it. With
// ik the initiator has a static key too, which only the responder learns; with nk it stays nobody.
enum class NoisePattern : std::uint8_t { nk, ik };

inline constexpr std::size_t noise_message_max = 65535; // the framework's own limit

// What each message costs beyond its payload.
constexpr std::size_t noise_first_bytes(NoisePattern pattern) {
    return 32 + tag_bytes + (pattern == NoisePattern::ik ? 32 + tag_bytes : 0);
}
constexpr std::size_t noise_second_bytes() { return 32 + tag_bytes; }

// What a handshake leaves: a key for each direction, and a hash of all that was said in it, which is the same
// on both sides and names this one connection.
struct NoiseKeys {
    Secret<32> send, receive;
    Digest hash{};
};

namespace detail {

constexpr Nonce noise_nonce(std::uint64_t number) {
    Nonce nonce{};
    for (unsigned i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::byte>(number >> (8 * i));
    return nonce;
}

// The framework's SymmetricState, with the CipherState in it.
class Symmetric {
  public:
    Symmetric(NoisePattern pattern, BytesIn prologue, const ExchangePublic& responder) {
        const std::string_view name = pattern == NoisePattern::ik ? "Noise_IK_25519_ChaChaPoly_SHA256"
                                                                  : "Noise_NK_25519_ChaChaPoly_SHA256";
        copy(hash_.data(), bytes_of(name)); // as long as a hash, so it stands for itself
        copy(chain_.out().data(), bytes_of(name));
        mix_hash(prologue);
        mix_hash(responder.bytes);
    }
    Symmetric(Symmetric&&) = default;
    Symmetric& operator=(Symmetric&&) = default;

    // What is read may be forged, and is first tried on another self.
    Symmetric twin() const { return Symmetric(*this, 0); }

    void mix_hash(BytesIn bytes) { hash_ = Sha256().add(hash_).add(bytes).digest(); }
    [[nodiscard]] bool mix_exchange(const Secret<32>& own, const ExchangePublic& theirs) {
        Secret<32> shared;
        if (!exchange(shared, own, theirs)) return false;
        Secret<64> made;
        hkdf(made.out(), chain_.bytes(), shared.bytes());
        copy(chain_.out().data(), made.bytes().first<32>());
        copy(key_.out().data(), made.bytes().last<32>());
        number_ = 0;
        return true;
    }
    // Writes plain.size() and a tag.
    void encrypt(std::byte* out, BytesIn plain) {
        ChaCha(key_).seal(out, out + plain.size(), plain, hash_, noise_nonce(number_++));
        mix_hash({out, plain.size() + tag_bytes});
    }
    // Writes sealed.size() without the tag, of which there is one.
    [[nodiscard]] bool decrypt(std::byte* out, BytesIn sealed) {
        const std::size_t size = sealed.size() - tag_bytes;
        const Digest before = hash_;
        mix_hash(sealed); // before `out`, which may be the same bytes
        return ChaCha(key_).open(out, sealed.data() + size, sealed.first(size), before,
                                 noise_nonce(number_++));
    }
    NoiseKeys split(bool is_initiator) {
        NoiseKeys keys;
        Secret<64> made;
        hkdf(made.out(), chain_.bytes(), {});
        const auto first = made.bytes().first<32>(), second = made.bytes().last<32>();
        copy(keys.send.out().data(), is_initiator ? first : second);
        copy(keys.receive.out().data(), is_initiator ? second : first);
        keys.hash = hash_;
        chain_.clear();
        key_.clear();
        return keys;
    }

  private:
    Symmetric(const Symmetric& other, int)
        : hash_(other.hash_), chain_(other.chain_.copy()), key_(other.key_.copy()), number_(other.number_) {}

    Digest hash_{};
    Secret<32> chain_, key_;
    std::uint64_t number_ = 0;
};

enum class NoiseStep : std::uint8_t { first, second, done };

} // namespace detail

// The side that begins: write(), then read(), then finish(). What it wrote may be sent again as it is; what
// it reads and finds forged changes nothing, so that a stranger's answer can't spoil the true one.
class NoiseInitiator {
  public:
    // `own` is asked for by ik alone. Each handshake has an ephemeral pair of its own; only a test gives one.
    NoiseInitiator(NoisePattern pattern, BytesIn prologue, const ExchangePublic& responder,
                   ExchangeKeys own = {}, ExchangeKeys ephemeral = exchange_keys())
        : state_(pattern, prologue, responder),
          own_(std::move(own)),
          ephemeral_(std::move(ephemeral)),
          responder_(responder),
          pattern_(pattern) {}

    // The bytes written: the payload and noise_first_bytes().
    Result<std::size_t> write(BytesOut into, BytesIn payload = {}) {
        if (step_ != detail::NoiseStep::first) return Error::closed;
        const std::size_t size = noise_first_bytes(pattern_) + payload.size();
        if (size > into.size() || size > noise_message_max) return Error::too_large;
        std::byte* at = into.data();
        copy(at, ephemeral_.key.bytes);
        state_.mix_hash(ephemeral_.key.bytes);
        at += 32;
        bool is_sound = state_.mix_exchange(ephemeral_.secret, responder_);
        if (pattern_ == NoisePattern::ik && is_sound) {
            state_.encrypt(at, own_.key.bytes);
            at += 32 + tag_bytes;
            is_sound = state_.mix_exchange(own_.secret, responder_);
        }
        step_ = is_sound ? detail::NoiseStep::second : detail::NoiseStep::done;
        if (!is_sound) return Error::unknown_key;
        state_.encrypt(at, payload);
        return size;
    }
    // The payload's size; `payload` holds message.size() less noise_second_bytes().
    Result<std::size_t> read(BytesIn message, BytesOut payload) {
        if (step_ != detail::NoiseStep::second) return Error::closed;
        if (message.size() < noise_second_bytes()) return Error::truncated;
        const std::size_t size = message.size() - noise_second_bytes();
        if (message.size() > noise_message_max || size > payload.size()) return Error::too_large;
        detail::Symmetric state = state_.twin();
        ExchangePublic theirs;
        copy(theirs.bytes.data(), message.first(32));
        state.mix_hash(theirs.bytes);
        if (!state.mix_exchange(ephemeral_.secret, theirs)) return Error::forged;
        if (pattern_ == NoisePattern::ik && !state.mix_exchange(own_.secret, theirs)) return Error::forged;
        if (!state.decrypt(payload.data(), message.subspan(32))) return Error::forged;
        state_ = std::move(state);
        step_ = detail::NoiseStep::done;
        is_met_ = true;
        return size;
    }
    // Whether the responder has proved who it is; finish() then gives the keys, once.
    bool is_met() const { return is_met_; }
    NoiseKeys finish() {
        TENON_ASSERT(is_met_, "tenon: the keys are there when read() has succeeded, and once");
        is_met_ = false;
        return state_.split(true);
    }

  private:
    detail::Symmetric state_;
    ExchangeKeys own_, ephemeral_;
    ExchangePublic responder_;
    NoisePattern pattern_;
    detail::NoiseStep step_ = detail::NoiseStep::first;
    bool is_met_ = false;
};

// The side that answers: read(), then write(), then finish(). It costs a server nothing to keep until then,
// since it is made of what arrived.
class NoiseResponder {
  public:
    NoiseResponder(NoisePattern pattern, BytesIn prologue, ExchangeKeys own, ExchangeKeys ephemeral = {})
        : state_(pattern, prologue, own.key),
          own_(std::move(own)),
          ephemeral_(std::move(ephemeral)),
          pattern_(pattern) {}

    // The payload's size; `payload` holds message.size() less noise_first_bytes(). Anybody can have sent it
    // before: what it asks for is granted when the initiator has used the keys.
    Result<std::size_t> read(BytesIn message, BytesOut payload) {
        if (step_ != detail::NoiseStep::first) return Error::closed;
        if (message.size() < noise_first_bytes(pattern_)) return Error::truncated;
        const std::size_t size = message.size() - noise_first_bytes(pattern_);
        if (message.size() > noise_message_max || size > payload.size()) return Error::too_large;
        detail::Symmetric state = state_.twin();
        ExchangePublic theirs, peer;
        copy(theirs.bytes.data(), message.first(32));
        message = message.subspan(32);
        state.mix_hash(theirs.bytes);
        if (!state.mix_exchange(own_.secret, theirs)) return Error::forged;
        if (pattern_ == NoisePattern::ik) {
            if (!state.decrypt(peer.bytes.data(), message.first(32 + tag_bytes))) return Error::forged;
            if (!state.mix_exchange(own_.secret, peer)) return Error::forged;
            message = message.subspan(32 + tag_bytes);
        }
        if (!state.decrypt(payload.data(), message)) return Error::forged;
        state_ = std::move(state);
        their_ephemeral_ = theirs;
        peer_ = peer;
        step_ = detail::NoiseStep::second;
        return size;
    }
    // The pair with which it answers. Without, it makes one.
    void bring(ExchangeKeys ephemeral) { ephemeral_ = std::move(ephemeral); }
    // The initiator's static key, proved, once read() has succeeded with ik.
    const ExchangePublic& peer() const { return peer_; }

    // The bytes written: the payload and noise_second_bytes().
    Result<std::size_t> write(BytesOut into, BytesIn payload = {}) {
        if (step_ != detail::NoiseStep::second) return Error::closed;
        const std::size_t size = noise_second_bytes() + payload.size();
        if (size > into.size() || size > noise_message_max) return Error::too_large;
        if (!ephemeral_.key) ephemeral_ = exchange_keys(); // not before, so that a forgery costs no pair
        copy(into.data(), ephemeral_.key.bytes);
        state_.mix_hash(ephemeral_.key.bytes);
        bool is_sound = state_.mix_exchange(ephemeral_.secret, their_ephemeral_);
        if (pattern_ == NoisePattern::ik && is_sound)
            is_sound = state_.mix_exchange(ephemeral_.secret, peer_);
        step_ = detail::NoiseStep::done;
        if (!is_sound) return Error::forged;
        state_.encrypt(into.data() + 32, payload);
        is_met_ = true;
        return size;
    }
    // The keys, once, when write() has succeeded.
    bool is_met() const { return is_met_; }
    NoiseKeys finish() {
        TENON_ASSERT(is_met_, "tenon: the keys are there when write() has succeeded, and once");
        is_met_ = false;
        return state_.split(false);
    }

  private:
    detail::Symmetric state_;
    ExchangeKeys own_, ephemeral_;
    ExchangePublic their_ephemeral_, peer_;
    NoisePattern pattern_;
    detail::NoiseStep step_ = detail::NoiseStep::first;
    bool is_met_ = false;
};

} // namespace tenon::secure
