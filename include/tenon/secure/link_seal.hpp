#pragma once
// The seal that a link puts on its packets when they are encrypted: in the place of a checksum, sixteen bytes
// behind the frames. What stands before the frames may be read and not changed. Made of a LinkKey, which the
// guard has when two have met.

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/secure/noise.hpp"
#include "tenon/secure/seal.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

// What the keys of a link are bound to besides what was said at the door.
struct LinkContext {
    std::uint64_t schema = 0, nonce = 0, host_nonce = 0;
};

struct LinkKey {
    Cipher cipher = Cipher::chacha20_poly1305;
    bool is_guest = false;
    bool is_ready = true; // false: nobody has this key, and a link with it waits for another
    SignPublic peer;      // who is at the other end, as it has proved
    Secret<32> guest_sends, host_sends, resume;

    LinkKey copy() const {
        return {cipher, is_guest, is_ready, peer, guest_sends.copy(), host_sends.copy(), resume.copy()};
    }
    // Fills the secrets from what only the two ends have.
    void derive(BytesIn material, const LinkContext& context, std::string_view label) {
        std::byte salt[24];
        store_le(salt, context.schema);
        store_le(salt + 8, context.nonce);
        store_le(salt + 16, context.host_nonce);
        Secret<96> made;
        hkdf(made.out(), salt, material, bytes_of(label));
        tenon::copy(guest_sends.out().data(), made.bytes().first(32));
        tenon::copy(host_sends.out().data(), made.bytes().subspan(32, 32));
        tenon::copy(resume.out().data(), made.bytes().last(32));
    }
};

namespace detail {

// The seal of the keys before, while keys change; it takes no room where they don't. Without memory there is
// none, and what comes under those keys has to be said again.
class FormerSeal {
  public:
    FormerSeal() = default;
    FormerSeal(FormerSeal&& other) noexcept : seal_(std::exchange(other.seal_, nullptr)) {}
    FormerSeal& operator=(FormerSeal&& other) noexcept {
        std::swap(seal_, other.seal_);
        return *this;
    }
    ~FormerSeal() { clear(); }

    void keep(Seal&& seal) {
        clear();
        seal_ = new (std::nothrow) Seal(std::move(seal));
    }
    void clear() { delete std::exchange(seal_, nullptr); }
    Seal* get() const { return seal_; }

  private:
    Seal* seal_ = nullptr;
};

} // namespace detail

class LinkSeal {
  public:
    using Key = LinkKey;
    static constexpr std::size_t front_bytes = 0;
    static constexpr std::size_t back_bytes = tag_bytes;

    explicit LinkSeal(const LinkKey& key, SealLimits limits = {})
        : key_(key.copy()), seal_(key.cipher, take_keys(), limits) {}

    const SignPublic& peer() const { return key_.peer; }
    Cipher cipher() const { return key_.cipher; }
    bool is_ready() const { return key_.is_ready; }
    std::uint64_t forged() const { return seal_.forged(); }

    // The same link goes on with this key, and with its numbers.
    void renew(const LinkKey& key) {
        renew(key, seal_.start());
        before_.clear();
    }
    // The same, and what the other side sealed with the key before still opens, until it shows that it has
    // this one. Nothing more is sealed with the key before.
    void change(const LinkKey& key) {
        const SealStart start = seal_.start();
        before_.keep(std::move(seal_));
        renew(key, start);
        is_changing_ = true;
    }
    bool is_changing() const { return is_changing_; }

    void close(BytesOut packet, std::size_t head, std::uint64_t number, std::uint64_t acked) {
        const BytesOut body = packet.subspan(head, packet.size() - head - tag_bytes);
        const auto sealed = seal_.seal(number, static_cast<std::uint32_t>(acked), packet.first(head), body,
                                       sized<tag_bytes>(packet.last(tag_bytes)));
        if (!sealed) wipe(packet.subspan(head)); // spent keys let nothing out
    }
    bool open(BytesIn packet, std::size_t head, std::uint64_t number, std::uint64_t acked, BytesOut desk,
              BytesIn& frames) {
        if (!is_ready()) return false;
        const BytesIn body = packet.subspan(head, packet.size() - head - tag_bytes);
        const auto opens = [&](Seal& seal) {
            return bool(seal.open(number, static_cast<std::uint32_t>(acked), packet.first(head), body,
                                  sized<tag_bytes>(packet.last(tag_bytes)), desk));
        };
        if (opens(seal_)) [[likely]] {
            if (is_changing_) before_.clear();
            is_changing_ = false;
        } else if (before_.get() == nullptr || !opens(*before_.get())) {
            return false;
        }
        frames = BytesIn(desk).first(body.size());
        return true;
    }

    // Fetch what the next close() needs, or the next open().
    TENON_INLINE void prefetch_close() const {
        tenon::prefetch(this, head_bytes);
        seal_.prefetch_seal();
    }
    TENON_INLINE void prefetch_open() const {
        tenon::prefetch(this, head_bytes);
        seal_.prefetch_open();
    }

    // ---- a link that is to go on from elsewhere

    // What only the two ends can say, and only as long as the link has this key.
    std::uint64_t prove(std::uint64_t nonce, PeerId peer) const {
        std::byte said[12];
        store_le(said, nonce);
        store_le(said + 8, peer.value);
        Secret<32> proof;
        HmacSha256(key_.resume.bytes()).add(bytes_of("tenon asks to resume")).add(said).digest(proof.out());
        return load_le<std::uint64_t>(proof.bytes().data());
    }
    // For the one answer that a request gets: its nonce, which is in the head, is new every time.
    ChaCha answer_cipher(BytesIn head) const {
        Secret<32> made;
        hkdf(made.out(), head, key_.resume.bytes(), bytes_of("tenon resumes"));
        return ChaCha(made);
    }
    LinkKey next_key(const LinkContext& context) const {
        LinkKey next = key_.copy();
        next.derive(key_.resume.bytes(), context, "tenon link that goes on");
        return next;
    }

  private:
    void renew(const LinkKey& key, const SealStart& start) {
        const SealLimits limits = seal_.limits();
        is_changing_ = false;
        key_ = key.copy();
        seal_ = Seal(key.cipher, take_keys(), limits, start);
    }
    // They live on in the seal alone.
    NoiseKeys take_keys() {
        NoiseKeys keys{std::move(key_.guest_sends), std::move(key_.host_sends), {}};
        if (!key_.is_guest) std::swap(keys.send, keys.receive);
        return keys;
    }

    static constexpr std::size_t head_bytes = 32; // up to whether there is a key at all

    detail::FormerSeal before_; // that seals no more
    bool is_changing_ = false;
    LinkKey key_;
    Seal seal_;
};

} // namespace tenon::secure
