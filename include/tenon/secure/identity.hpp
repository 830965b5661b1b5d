#pragma once
// Who somebody is: an Ed25519 key pair, with which a server or a player proves over many sessions that it is
// the same. Made once and kept in a file (key_file.hpp); its public key, as a line of text, is what others
// pin.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

class Identity {
  public:
    // Nobody, until another is moved here.
    Identity() = default;
    explicit Identity(const Secret<32>& seed) : keys_(sign_keys(seed)) {}

    static Identity make() { return Identity(Secret<32>::random()); }
    Identity copy() const {
        Identity same;
        same.keys_ = keys_.copy();
        return same;
    }

    explicit operator bool() const { return bool(keys_.key); }
    const SignPublic& key() const { return keys_.key; }
    Secret<32> seed() const { return keys_.seed(); }
    // What is signed begins with a word that says what it is, so that it never passes for something else.
    Signature sign(BytesIn message) const { return secure::sign(message, keys_); }
    // The same identity where keys are exchanged: the static keys of a handshake.
    ExchangeKeys exchange() const { return exchange_keys(keys_); }

  private:
    SignKeys keys_;
};

// The identity that a door tells of a caller (Caller::key); none where it proves none.
inline SignPublic key_of(BytesIn key) {
    SignPublic identity;
    if (key.size() == identity.bytes.size()) copy(identity.bytes.data(), key);
    return identity;
}

// The same where keys are exchanged, for a TokenBook.
inline ExchangePublic exchange_of(BytesIn key) {
    ExchangePublic exchange;
    return exchange_public(exchange, key_of(key)) ? exchange : ExchangePublic();
}

// ---- a public key as text: ed25519:oKnHzPCcQG8dnZOLyCHDhTDb2VgOIl_vhkIOqL4kCi0

inline constexpr std::string_view key_prefix = "ed25519:";
inline constexpr std::size_t key_text_bytes = key_prefix.size() + base64_size(32);

class KeyText {
  public:
    explicit KeyText(const SignPublic& key) {
        tenon::copy(reinterpret_cast<std::byte*>(text_.data()), bytes_of(key_prefix));
        write_base64(std::span(text_).subspan(key_prefix.size()), key.bytes);
    }
    std::string_view view() const { return {text_.data(), key_text_bytes}; }

  private:
    std::array<char, key_text_bytes + 1> text_{};
};

// Each key has one text. Bytes that are no key, or one with which anybody could sign, are malformed.
inline Result<SignPublic> read_key(std::string_view text) {
    SignPublic key;
    ExchangePublic unused;
    if (text.size() < key_text_bytes) return Error::truncated;
    if (text.size() > key_text_bytes) return Error::trailing_bytes;
    if (!text.starts_with(key_prefix)) return Error::malformed;
    if (read_base64(key.bytes, text.substr(key_prefix.size())) != key.bytes.size()) return Error::malformed;
    if (!exchange_public(unused, key)) return Error::malformed;
    return key;
}

// ---- an identity as text, for a file that nobody else may read

namespace detail {
inline constexpr std::string_view identity_head = "tenon identity 1\nsecret ", identity_middle = "\npublic ";
}
inline constexpr std::size_t identity_text_bytes =
    detail::identity_head.size() + base64_size(32) + detail::identity_middle.size() + key_text_bytes + 1;

inline void write_identity(Secret<identity_text_bytes>& text, const Identity& identity) {
    std::byte* at = text.out().data();
    const auto put = [&](std::string_view piece) {
        copy(at, bytes_of(piece));
        at += piece.size();
    };
    put(detail::identity_head);
    Secret<base64_size(32) + 1> secret;
    write_base64({reinterpret_cast<char*>(secret.out().data()), secret.size}, identity.seed().bytes());
    put(text_of(BytesIn(secret.bytes()).first(base64_size(32))));
    put(detail::identity_middle);
    put(KeyText(identity.key()).view());
    put("\n");
}

// The public key is there so that a damaged secret is seen, and does not make somebody else of its owner.
inline Result<Identity> read_identity(std::string_view text) {
    if (!text.starts_with(detail::identity_head.substr(0, text.size()))) return Error::malformed;
    if (text.size() < identity_text_bytes) return Error::truncated;
    if (text.size() > identity_text_bytes) return Error::trailing_bytes;
    text.remove_prefix(detail::identity_head.size());
    Secret<32> seed;
    if (read_base64(seed.out(), text.substr(0, base64_size(32))) != 32) return Error::malformed;
    text.remove_prefix(base64_size(32));
    if (!text.starts_with(detail::identity_middle) || !text.ends_with('\n')) return Error::malformed;
    const auto key = read_key(text.substr(detail::identity_middle.size(), key_text_bytes));
    Identity identity(seed);
    if (!key || !(*key == identity.key())) return Error::malformed;
    return identity;
}

} // namespace tenon::secure
