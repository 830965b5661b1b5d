#pragma once
// Connect tokens: a backend, which knows its players, issues one in one call; a client carries it to one of
// the servers that it names; the server's TokenBook lets it in once. The client can read where to go and
// until when, but neither alter anything nor read what the backend tells the server.

// Why signed, and sealed to each server, where others share one symmetric key between backend and servers:
// whoever breaks into a game server, which may be a player's own machine, would hold that key and could issue
// tokens for all servers. Here a server holds nothing but its own secret, and reads only tokens meant for it.
// It costs about a tenth of a millisecond for each token, and is paid after the address has been proved.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/secure/identity.hpp"
#include "tenon/secure/label.hpp"
#include "tenon/secure/sodium.hpp"
#include "tenon/secure/trust.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::secure {

inline constexpr std::size_t token_bytes_max = 900; // it fits into a request at the door
inline constexpr std::size_t token_servers_max = 4;
inline constexpr std::size_t user_data_max = 256;

using ServerAddress = Label<64>;
struct TokenServer {
    ServerAddress address; // what the client joins
    SignPublic key;        // whom it must find there
};

struct TokenId {
    std::array<std::byte, 16> bytes{};

    std::uint64_t hash() const { return load_le<std::uint64_t>(bytes.data()); } // the backend's dice
    friend bool operator==(const TokenId&, const TokenId&) = default;
};

// What a backend says in a token.
struct TokenTerms {
    Validity validity;
    std::span<const TokenServer> servers;
    SignPublic client; // whose holder alone may use it; none: whoever has the token
    Role role;
    Name subject;      // the player, as the backend knows them
    BytesIn user_data; // for the server; a client can't read it
};

// What anybody can read of a token.
struct TokenOutside {
    TokenId id;
    SignPublic issuer, client;
    Validity validity;
    std::array<TokenServer, token_servers_max> server{};
    std::size_t server_count = 0;

    std::span<const TokenServer> servers() const { return {server.data(), server_count}; }
};

// Who comes in, as the server learns from the token.
struct TokenGrant {
    TokenId id;
    Role role;
    Name subject;
    Validity validity;
    std::array<std::byte, user_data_max> user{};
    std::size_t user_size = 0;

    BytesIn user_data() const { return BytesIn(user).first(user_size); }
};

namespace detail {

inline constexpr std::string_view token_mark = "tnTokn01"; // no other thing that is signed begins so
inline constexpr std::size_t wrap_bytes = 32 + tag_bytes;

// The key under which the content's key lies for one server. It is used once, so its nonce is zero.
inline Result<> wrap_key(Secret<32>& key, const Secret<32>& own, const ExchangePublic& theirs,
                         const ExchangePublic& ephemeral, const ExchangePublic& server) {
    Secret<32> shared;
    if (!exchange(shared, own, theirs)) return Error::forged;
    std::array<std::byte, 64> about{};
    copy(about.data(), ephemeral.bytes);
    copy(about.data() + 32, server.bytes);
    hkdf(key.out(), bytes_of("tenon connect token"), shared.bytes(), about);
    return {};
}

// A token taken apart where it lies.
struct TokenParts {
    TokenOutside outside;
    ExchangePublic ephemeral;
    BytesIn wraps, before_sealed, sealed;
};

inline Result<TokenParts> take_apart(BytesIn token) {
    if (token.size() > token_bytes_max) return Error::over_bound;
    const auto part = signed_part(token, token_mark);
    if (!part) return part.error();
    ByteReader in(*part);
    (void)in.bytes(token_mark.size());
    TokenParts parts;
    TokenOutside& outside = parts.outside;
    const BytesIn id = in.bytes(outside.id.bytes.size());
    if (in.ok()) copy(outside.id.bytes.data(), id);
    read_public(in, outside.issuer);
    if (const Error error = read_validity(in, outside.validity); error != Error::none) return error;
    read_public(in, outside.client);
    const std::size_t count = in.u8();
    if (!in.ok()) return Error::truncated;
    if (count == 0 || count > token_servers_max) return Error::over_bound;
    for (; outside.server_count < count; ++outside.server_count) {
        TokenServer& server = outside.server[outside.server_count];
        if (const Error error = read_label(in, server.address); error != Error::none) return error;
        read_public(in, server.key);
    }
    read_public(in, parts.ephemeral);
    parts.wraps = in.bytes(count * wrap_bytes);
    parts.before_sealed = part->first(in.position());
    parts.sealed = in.rest();
    if (!in.ok() || parts.sealed.size() < tag_bytes) return Error::truncated;
    return parts;
}

inline Error read_inside(BytesIn inside, TokenGrant& grant) {
    ByteReader in(inside);
    Error error = read_label(in, grant.role);
    if (error == Error::none) error = read_label(in, grant.subject);
    if (error != Error::none) return error;
    const BytesIn user = in.rest();
    if (user.size() > user_data_max) return Error::over_bound;
    copy(grant.user.data(), user);
    grant.user_size = user.size();
    return Error::none;
}

} // namespace detail

// The bytes of a token. too_large when they are more than `into` or token_bytes_max; over_bound for too many
// servers or too much user data; malformed for a time that ends before it begins, or a key that is none.
inline Result<std::size_t> issue_token(BytesOut into, const Identity& backend, const TokenTerms& terms) {
    if (terms.servers.empty() || terms.servers.size() > token_servers_max) return Error::over_bound;
    if (terms.user_data.size() > user_data_max) return Error::over_bound;
    if (!terms.validity.is_sound()) return Error::malformed;
    if (into.size() > token_bytes_max) into = into.first(token_bytes_max);
    TokenId id;
    random_bytes(id.bytes);
    const ExchangeKeys ephemeral = exchange_keys();
    const Secret<32> content = Secret<32>::random();

    ByteWriter out(into);
    out.bytes(bytes_of(detail::token_mark));
    out.bytes(id.bytes);
    out.bytes(backend.key().bytes);
    detail::write_validity(out, terms.validity);
    out.bytes(terms.client.bytes);
    out.u8(static_cast<std::uint8_t>(terms.servers.size()));
    for (const TokenServer& server : terms.servers) {
        detail::write_label(out, server.address);
        out.bytes(server.key.bytes);
    }
    out.bytes(ephemeral.key.bytes);
    for (const TokenServer& server : terms.servers) {
        ExchangePublic theirs;
        Secret<32> key;
        if (!exchange_public(theirs, server.key)) return Error::malformed;
        if (!detail::wrap_key(key, ephemeral.secret, theirs, ephemeral.key, theirs)) return Error::malformed;
        std::array<std::byte, detail::wrap_bytes> wrap{};
        ChaCha(key).seal(wrap.data(), wrap.data() + 32, content.bytes(), id.bytes, Nonce{});
        out.bytes(wrap);
    }
    const std::size_t begin = out.position();
    detail::write_label(out, terms.role);
    detail::write_label(out, terms.subject);
    out.bytes(terms.user_data);
    const std::size_t size = out.position() - begin;
    out.skip(tag_bytes);
    if (!out.ok()) return Error::too_large;
    std::byte* inside = into.data() + begin;
    ChaCha(content).seal(inside, inside + size, {inside, size}, into.first(begin), Nonce{});
    out.bytes(backend.sign(into.first(out.position())));
    if (!out.ok()) return Error::too_large;
    return out.position();
}

// What a client reads: where to go, whom to expect there, and until when. Signed by whom it names.
inline Result<TokenOutside> read_token(BytesIn token) {
    const auto parts = detail::take_apart(token);
    if (!parts) return parts.error();
    if (!detail::is_signed_by(parts->outside.issuer, token)) return Error::forged;
    return parts->outside;
}

struct TokenRules {
    std::int64_t skew = 5;       // seconds by which clocks of backend and server may differ
    std::int64_t life_max = 600; // a token that lives for longer would have to be remembered for longer
    std::size_t remembered_max = 16384; // used tokens that have not expired
};

// A server's side: which backends it listens to, and which tokens were used. It forgets a token only when it
// has expired, so that a full book refuses new ones and never lets an old one in twice. A server that starts
// anew has an empty book; tokens of before are then good until they expire, so let them be short-lived, and
// bind them to the client's key.
class TokenBook {
  public:
    explicit TokenBook(const Identity& server, TokenRules rules = {})
        : key_(server.key()), exchange_(server.exchange()), rules_(rules), used_(rules.remembered_max) {
        (void)used_.reserve(rules.remembered_max);
    }

    // What this backend issues is accepted.
    Result<> trust_issuer(const SignPublic& backend) { return backends_.trust_issuer(backend); }

    // Asked once for each connection, when its handshake has shown who the client is:
    // exchange_of(Caller::key), NoiseResponder::peer(), or nothing; and last of all that may refuse it, since
    // the token is spent then. A datagram that comes again is the handshake's to answer as before. Cheap
    // refusals come first, and only what the backend has truly signed is remembered.
    Result<TokenGrant> admit(BytesIn token, const ExchangePublic& client, UnixTime now) {
        const auto parts = detail::take_apart(token);
        if (!parts) return parts.error();
        const TokenOutside& outside = parts->outside;
        if (!backends_.is_issuer(outside.issuer)) return Error::unknown_key;
        if (const auto holds = check_time(outside.validity, now); !holds) return holds.error();
        const std::size_t place = find_server(outside);
        if (place == outside.server_count) return Error::wrong_server;
        if (used_.find(outside.id) != nullptr) return Error::token_spent;
        if (!detail::is_signed_by(outside.issuer, token)) return Error::forged;
        if (outside.client) {
            ExchangePublic meant;
            if (!exchange_public(meant, outside.client) || !(meant == client)) return Error::forged;
        }
        auto grant = open(*parts, place);
        if (!grant) return grant;
        if (used_.size() >= rules_.remembered_max) forget_expired(now);
        if (used_.insert(outside.id, outside.validity.until) == nullptr) return Error::tokens_full;
        return grant;
    }

    std::size_t remembered() const { return used_.size(); }

  private:
    Result<> check_time(const Validity& validity, UnixTime now) const {
        if (validity.until.seconds - validity.from.seconds > rules_.life_max) return Error::over_bound;
        // A clock that is set back does not bring back what was forgotten.
        if (validity.until.seconds + rules_.skew <= forgotten_.seconds) return Error::expired;
        return validity.check(now, rules_.skew);
    }
    std::size_t find_server(const TokenOutside& outside) const {
        std::size_t place = 0;
        while (place < outside.server_count && !(outside.server[place].key == key_)) ++place;
        return place;
    }
    Result<TokenGrant> open(const detail::TokenParts& parts, std::size_t place) const {
        Secret<32> key, content;
        const BytesIn wrap = parts.wraps.subspan(place * detail::wrap_bytes, detail::wrap_bytes);
        const auto wrapped =
            detail::wrap_key(key, exchange_.secret, parts.ephemeral, parts.ephemeral, exchange_.key);
        if (!wrapped) return wrapped.error();
        if (!ChaCha(key).open(content.out().data(), wrap.data() + 32, wrap.first(32), parts.outside.id.bytes,
                              Nonce{}))
            return Error::forged;
        Secret<token_bytes_max> inside;
        const std::size_t size = parts.sealed.size() - tag_bytes;
        if (!ChaCha(content).open(inside.out().data(), parts.sealed.data() + size, parts.sealed.first(size),
                                  parts.before_sealed, Nonce{}))
            return Error::forged;
        TokenGrant grant;
        grant.id = parts.outside.id;
        grant.validity = parts.outside.validity;
        const Error error = detail::read_inside(BytesIn(inside.bytes()).first(size), grant);
        if (error != Error::none) return error;
        return grant;
    }
    // Looks through the book only when something in it has expired.
    void forget_expired(UnixTime now) {
        if (now.seconds < next_look_.seconds) return;
        std::int64_t earliest = UnixTime::max;
        used_.erase_if([&](const TokenId&, UnixTime until) {
            const std::int64_t end = until.seconds + rules_.skew;
            if (end > now.seconds) earliest = std::min(earliest, end);
            return end <= now.seconds;
        });
        forgotten_ = std::max(forgotten_, now);
        next_look_ = {earliest};
    }

    SignPublic key_;
    ExchangeKeys exchange_;
    TokenRules rules_;
    Trust backends_;
    HashMap<TokenId, UnixTime> used_;
    UnixTime forgotten_, next_look_;
};

} // namespace tenon::secure
