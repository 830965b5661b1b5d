#pragma once
// The guard of a room whose packets are encrypted: guest and host meet by Noise_IK within the words of
// tenon's handshake, so that it takes no round trip more, and their link is sealed with the keys that come of
// it. PROTOCOL.md says what is where. transport::Secure brings it; a program gives it its keys in a Keyring.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/secure/keyring.hpp"
#include "tenon/secure/kin.hpp"
#include "tenon/secure/link_seal.hpp"
#include "tenon/secure/noise.hpp"
#include "tenon/secure/seal.hpp"
#include "tenon/secure/sodium.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::secure {

class Guard {
  public:
    using Seal = LinkSeal;
    using Kin = secure::Kin;
    static constexpr bool is_private = true;
    static constexpr std::size_t hello_bytes = 128;
    static constexpr std::size_t enclosing_bytes = noise_first_bytes(NoisePattern::ik) + 33;
    static constexpr std::size_t accept_bytes_max = 104;
    static constexpr std::size_t desk_bytes = 2048;

    // What two have who met.
    struct Met {
        Cipher cipher;
        bool is_guest;
        SignPublic peer;
        NoiseKeys keys;
    };
    struct Visit {
        Name name; // under which the host is known
        SignPublic host;
        ExchangePublic responder;
        std::optional<NoiseInitiator> noise;
        std::array<std::byte, 1200> said; // the request, which may have to be said again as it was
        std::size_t said_bytes = 0;
        std::optional<Met> met;
    };
    struct Visitor {
        SignPublic guest;
        Cipher cipher = Cipher::chacha20_poly1305;
        std::optional<NoiseResponder> noise;
        std::optional<Met> met;

        BytesIn key() const { return guest.bytes; }
        bool is_at(const Seal& seal) const { return seal.peer() == guest; }
    };

    // The keyring stays where it is for as long as the guard and its copies are used.
    explicit Guard(Keyring& keyring) : keyring_(&keyring) {}

    Keyring& keyring() const { return *keyring_; }

    // ---- a guest

    // To the host at this address.
    Visit visit(std::string_view address) const {
        Visit visit;
        visit.name = keyring_->name_of(address);
        return visit;
    }
    // The host shows who it says that it is; it proves it with its answer.
    Error read_challenge(Visit& visit, ByteReader& shown) const {
        const BytesIn key = shown.bytes(32);
        if (!shown.ok()) return Error::encryption_mismatch;
        copy(visit.host.bytes.data(), key);
        if (!exchange_public(visit.responder, visit.host)) return Error::unknown_key;
        visit.said_bytes = 0;
        const Error known = keyring_->trust.check(visit.name.view(), visit.host).error();
        return known == Error::unknown_key && keyring_->meets_strangers ? Error::none : known;
    }
    void enclose(Visit& visit, BytesIn head, BytesIn body, ByteWriter& out) const {
        if (visit.said_bytes == 0) say(visit, head, body);
        out.bytes(BytesIn(visit.said).first(visit.said_bytes));
    }
    Result<BytesIn> open(Visit& visit, BytesIn /*head*/, BytesIn enclosed, BytesOut desk) const {
        if (!visit.noise) return Error::closed;
        const auto size = visit.noise->read(enclosed, desk);
        if (!size) return size.error();
        if (*size < 1) return Error::truncated;
        const auto cipher = std::to_integer<std::uint8_t>(desk[0]);
        if (!is_one_of(ciphers_here(), cipher)) return Error::wrong_algorithm;
        if (keyring_->meets_strangers) (void)keyring_->trust.meet(visit.name.view(), visit.host);
        visit.met = {static_cast<Cipher>(cipher), true, visit.host, visit.noise->finish()};
        visit.noise.reset();
        return BytesIn(desk).subspan(1, *size - 1);
    }

    // ---- a host

    // Guests hear numbers of the generator that `drawn` came from, and could tell the others from them.
    SipKey door_key(const SipKey& /*drawn*/) const {
        std::byte bytes[16];
        keyring_->draw(bytes);
        return {load_le<std::uint64_t>(bytes), load_le<std::uint64_t>(bytes + 8)};
    }
    void show(ByteWriter& out) const { out.bytes(keyring_->identity().key().bytes); }
    Result<BytesIn> open(Visitor& visitor, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        NoiseResponder noise(NoisePattern::ik, Prologue(head, keyring_->identity().key()).bytes(),
                             keyring_->exchange().copy());
        const auto size = noise.read(enclosed, desk);
        if (!size) return size.error();
        if (*size < 33) return Error::truncated;
        const auto ciphers = std::to_integer<std::uint8_t>(desk[0]);
        copy(visitor.guest.bytes.data(), BytesIn(desk).subspan(1, 32));
        ExchangePublic proved;
        if (!exchange_public(proved, visitor.guest) || !(proved == noise.peer())) return Error::forged;
        visitor.cipher = agree(ciphers_here(), ciphers);
        visitor.noise.emplace(std::move(noise));
        return BytesIn(desk).subspan(33, *size - 33);
    }
    void enclose(Visitor& visitor, BytesIn /*head*/, BytesIn body, ByteWriter& out) const {
        std::array<std::byte, accept_bytes_max> said, payload;
        payload[0] = static_cast<std::byte>(visitor.cipher);
        copy(payload.data() + 1, body);
        visitor.noise->bring(exchange_keys(keyring_->secret()));
        const auto size = visitor.noise->write(said, BytesIn(payload).first(1 + body.size()));
        if (!size) return out.fail();
        out.bytes(BytesIn(said).first(*size));
        visitor.met = {visitor.cipher, false, visitor.guest, visitor.noise->finish()};
    }

    // What a ban knows somebody by, as it has proved.
    static std::array<std::byte, 32> exchange_key(const Visitor& visitor) {
        return visitor.noise->peer().bytes;
    }
    static std::array<std::byte, 32> exchange_key(const Seal& seal) { return exchange_key(seal.peer()); }
    static std::array<std::byte, 32> exchange_key(const SignPublic& key) {
        ExchangePublic exchange;
        (void)exchange_public(exchange, key);
        return exchange.bytes;
    }

    // ---- a host whose room goes on without it: the room's key, which nobody can tell from what was drawn

    std::uint64_t room_key(std::uint64_t /*drawn*/) const {
        std::byte bytes[8];
        keyring_->draw(bytes);
        return load_le<std::uint64_t>(bytes);
    }

    // ---- both: the key of the link, when the answer is written or read

    template <class Side>
    LinkKey key(const Side& side, std::uint64_t schema, std::uint64_t nonce, std::uint64_t host_nonce) const {
        LinkKey key{side.met->cipher, side.met->is_guest, true, side.met->peer, {}, {}, {}};
        const NoiseKeys& keys = side.met->keys;
        Secret<64> material;
        copy(material.out().data(), (key.is_guest ? keys.send : keys.receive).bytes());
        copy(material.out().data() + 32, (key.is_guest ? keys.receive : keys.send).bytes());
        key.derive(material.bytes(), {schema, nonce, host_nonce}, "tenon link");
        return key;
    }

    // ---- both, of a link that is to go on

    std::uint64_t prove(const Seal& seal, std::uint64_t nonce, PeerId peer) const {
        return seal.prove(nonce, peer);
    }
    void enclose(const Seal& seal, BytesIn head, BytesIn body, ByteWriter& out) const {
        std::array<std::byte, accept_bytes_max> said;
        seal.answer_cipher(head).seal(said.data(), said.data() + body.size(), body, head, Nonce{});
        out.bytes(BytesIn(said).first(body.size() + tag_bytes));
    }
    Result<BytesIn> open(const Seal& seal, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        if (enclosed.size() < tag_bytes || enclosed.size() > desk.size()) return Error::truncated;
        const std::size_t size = enclosed.size() - tag_bytes;
        if (!seal.answer_cipher(head).open(desk.data(), &enclosed[size], enclosed.first(size), head, Nonce{}))
            return Error::forged;
        return BytesIn(desk).first(size);
    }
    LinkKey next_key(const Seal& seal, std::uint64_t schema, std::uint64_t nonce,
                     std::uint64_t host_nonce) const {
        return seal.next_key({schema, nonce, host_nonce});
    }

  private:
    // What is fixed before the first word of the exchange: that it is tenon's, whose request it is, and to
    // whom, since two keys of signatures are one key of exchanges.
    class Prologue {
      public:
        Prologue(BytesIn head, const SignPublic& host) {
            ByteWriter out(bytes_);
            out.bytes(bytes_of("tenon door"));
            out.bytes(head);
            out.bytes(host.bytes);
            TENON_ASSERT(out.ok(), "tenon: a prologue has room for all that it binds");
            size_ = out.position();
        }
        BytesIn bytes() const { return BytesIn(bytes_).first(size_); }

      private:
        std::array<std::byte, 80> bytes_;
        std::size_t size_ = 0;
    };

    void say(Visit& visit, BytesIn head, BytesIn body) const {
        std::array<std::byte, 1200> payload;
        ByteWriter in(payload);
        in.u8(ciphers_here());
        in.bytes(keyring_->identity().key().bytes);
        in.bytes(body);
        visit.noise.emplace(NoisePattern::ik, Prologue(head, visit.host).bytes(), visit.responder,
                            keyring_->exchange().copy(), exchange_keys(keyring_->secret()));
        const auto size = visit.noise->write(visit.said, BytesIn(payload).first(in.position()));
        visit.said_bytes = in.ok() && size ? *size : 0;
    }

    Keyring* keyring_;
};

} // namespace tenon::secure
