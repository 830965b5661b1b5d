#pragma once
// JSON web tokens (RFC 7519, 7515, 8037) of a login service, checked against its key set: a server calls
// JwtGate::admit() with what a client brought, and learns who it is. EdDSA stands here; RS256 is added by
// jwt_rs256.hpp. Nothing here fetches anything: the caller brings the key set, and the time.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/codec/json_scan.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/secure/identity.hpp"
#include "tenon/secure/label.hpp"
#include "tenon/secure/sodium.hpp"

namespace tenon::secure {

inline constexpr std::size_t jwt_bytes_max = 4096;
inline constexpr std::size_t jwt_keys_max = 32;
inline constexpr std::size_t jwt_key_set_bytes_max = 65536;
inline constexpr std::size_t rsa_bytes_max = 512;

namespace detail {

// A string of JSON into a label; one that does not fit fails the scan.
template <class AnyLabel>
void read_label(codec::JsonScan& in, AnyLabel& label) {
    char text[AnyLabel::max];
    std::size_t size = 0;
    in.string([&](std::string_view piece) {
        if (piece.size() > sizeof text - size) return in.fail(Error::over_bound);
        std::copy(piece.begin(), piece.end(), text + size);
        size += piece.size();
    });
    if (!in.ok()) return;
    if (const auto set = label.set({text, size}); !set) in.fail(set.error());
}
// A string of base64url into as many bytes as `into` holds at most.
template <std::size_t Size>
std::size_t read_base64(codec::JsonScan& in, std::array<std::byte, Size>& into) {
    char text[base64_size(Size)];
    std::size_t size = 0;
    in.string([&](std::string_view piece) {
        if (piece.size() > sizeof text - size) return in.fail(Error::over_bound);
        std::copy(piece.begin(), piece.end(), text + size);
        size += piece.size();
    });
    if (!in.ok()) return 0;
    const std::size_t bytes = secure::read_base64(into, {text, size});
    if (bytes == not_base64) in.fail(Error::malformed);
    return in.ok() ? bytes : 0;
}
// Seconds since 1970, of which parts are dropped.
inline UnixTime read_time(codec::JsonScan& in) {
    const double seconds = in.floating<double>();
    if (in.ok() && !(seconds >= 0 && seconds <= static_cast<double>(UnixTime::max)))
        in.fail(Error::over_bound);
    return {in.ok() ? static_cast<std::int64_t>(seconds) : 0};
}
// Marks a field as seen: there is one of each name, so that no two readers of a token disagree.
inline void once(codec::JsonScan& in, bool& seen) {
    if (std::exchange(seen, true)) in.fail(Error::unknown_field);
}

} // namespace detail

enum class JwtKeyKind : std::uint8_t { ed25519, rsa };

struct JwtKey {
    JwtKeyKind kind = JwtKeyKind::ed25519;
    Label<64> id;
    SignPublic ed25519;
    std::array<std::byte, rsa_bytes_max> modulus{};
    std::array<std::byte, 8> exponent{};
    std::size_t modulus_size = 0, exponent_size = 0;
};

// The public keys of a login service. Its key set is JSON (RFC 7517); keys of kinds that are not known here,
// or that are not for signatures, are passed over.
class JwtKeys {
  public:
    Result<> add(const JwtKey& key) {
        if (keys_.size() >= jwt_keys_max) return Error::over_bound;
        keys_.push_back(key);
        return {};
    }
    Result<> add(std::string_view id, const SignPublic& key) {
        JwtKey made;
        made.ed25519 = key;
        if (const auto set = made.id.set(id); !set) return set;
        return add(made);
    }
    // Takes the place of what was there; a set that can't be read changes nothing.
    Result<> read(std::string_view json) {
        if (json.size() > jwt_key_set_bytes_max) return Error::over_bound;
        codec::JsonScan in(bytes_of(json));
        JwtKeys read;
        bool has_keys = false;
        in.each_field([&](std::string_view name) {
            if (name != "keys") return in.skip();
            detail::once(in, has_keys);
            if (in.ok()) in.each_item([&] { read.read_key(in); });
        });
        if (in.ok() && !in.at_end()) in.fail(Error::trailing_bytes);
        if (in.ok() && !has_keys) in.fail(Error::missing_field);
        if (in.ok()) keys_ = std::move(read.keys_);
        return in.error();
    }

    const std::vector<JwtKey>& keys() const { return keys_; }

  private:
    void read_key(codec::JsonScan& in) {
        JwtKey key;
        Label<32> kind, curve, use, algorithm;
        bool has_kty = false, has_crv = false, has_use = false, has_alg = false, has_kid = false,
             has_x = false, has_n = false, has_e = false;
        std::size_t point_size = 0;
        std::array<std::byte, rsa_bytes_max> point{}; // other curves have longer ones
        in.each_field([&](std::string_view name) {
            const auto text = [&](bool& seen, auto& label) {
                detail::once(in, seen);
                if (in.ok()) detail::read_label(in, label);
            };
            const auto number = [&](bool& seen, auto& bytes, std::size_t& size) {
                detail::once(in, seen);
                if (in.ok()) size = detail::read_base64(in, bytes);
            };
            if (name == "kty") return text(has_kty, kind);
            if (name == "crv") return text(has_crv, curve);
            if (name == "use") return text(has_use, use);
            if (name == "alg") return text(has_alg, algorithm);
            if (name == "kid") return text(has_kid, key.id);
            if (name == "x") return number(has_x, point, point_size);
            if (name == "n") return number(has_n, key.modulus, key.modulus_size);
            if (name == "e") return number(has_e, key.exponent, key.exponent_size);
            in.skip();
        });
        if (!in.ok() || (has_use && !(use == "sig"))) return;
        if (kind == "OKP" && curve == "Ed25519" && (!has_alg || algorithm == "EdDSA")) {
            copy(key.ed25519.bytes.data(), BytesIn(point).first(32));
            ExchangePublic unused;
            if (point_size != 32 || !exchange_public(unused, key.ed25519)) return in.fail(Error::malformed);
        } else if (kind == "RSA" && (!has_alg || algorithm == "RS256")) {
            key.kind = JwtKeyKind::rsa;
            if (key.modulus_size < 256 || key.exponent_size == 0) return in.fail(Error::malformed);
        } else {
            return;
        }
        if (const auto added = add(key); !added) in.fail(added.error());
    }

    std::vector<JwtKey> keys_;
};

// An algorithm: its name in a token, and the keys that are for it. Which key checks a token is decided by the
// kind of the key, so that none is ever taken for one of another kind.
struct EdDsa {
    static constexpr std::string_view name = "EdDSA";
    static constexpr JwtKeyKind kind = JwtKeyKind::ed25519;

    static bool verify(const JwtKey& key, BytesIn message, BytesIn signature) {
        return signature.size() == 64 && secure::verify(sized<64>(signature), message, key.ed25519);
    }
};

namespace detail {

struct JwtHead {
    Label<32> algorithm;
    Label<64> key_id;
    bool has_key_id = false;
};

inline Result<JwtHead> read_jwt_head(BytesIn json) {
    codec::JsonScan in(json);
    JwtHead head;
    bool has_algorithm = false;
    in.each_field([&](std::string_view name) {
        if (name == "alg") {
            once(in, has_algorithm);
            if (in.ok()) read_label(in, head.algorithm);
        } else if (name == "kid") {
            once(in, head.has_key_id);
            if (in.ok()) read_label(in, head.key_id);
        } else if (name == "crit") {
            in.fail(Error::wrong_algorithm); // an extension that must be understood, and is not
        } else {
            in.skip();
        }
    });
    if (in.ok() && !in.at_end()) in.fail(Error::trailing_bytes);
    if (in.ok() && !has_algorithm) in.fail(Error::missing_field);
    if (!in.ok()) return in.error();
    return head;
}

template <class Algorithm>
Error verify_with(const JwtKeys& keys, const JwtHead& head, BytesIn message, BytesIn signature) {
    Error error = Error::unknown_key;
    for (const JwtKey& key : keys.keys()) {
        if (key.kind != Algorithm::kind || (head.has_key_id && !(key.id == head.key_id))) continue;
        if (Algorithm::verify(key, message, signature)) return Error::none;
        error = Error::forged;
    }
    return error;
}

} // namespace detail

// What a compact JSON web signature carries, when one of the keys has signed it with one of the Algorithms:
// the bytes written into `payload`.
template <class... Algorithms>
Result<std::size_t> verify_jws(std::string_view token, const JwtKeys& keys, BytesOut payload) {
    if (token.size() > jwt_bytes_max) return Error::over_bound;
    const std::size_t first = token.find('.');
    if (first == token.npos) return Error::truncated;
    const std::size_t second = token.find('.', first + 1);
    if (second == token.npos) return Error::truncated;

    std::array<std::byte, 1024> head_bytes;
    const std::size_t head_size = read_base64(head_bytes, token.substr(0, first));
    if (head_size == not_base64) return Error::malformed;
    const auto head = detail::read_jwt_head(BytesIn(head_bytes).first(head_size));
    if (!head) return head.error();
    std::array<std::byte, rsa_bytes_max> signature;
    const bool is_known = ((head->algorithm == Algorithms::name) || ...);
    if (!is_known) return Error::wrong_algorithm; // "none" among them
    const std::size_t signature_size = read_base64(signature, token.substr(second + 1));
    if (signature_size == not_base64) return Error::malformed;

    const BytesIn message = bytes_of(token.substr(0, second)),
                  sealed = BytesIn(signature).first(signature_size);
    Error error = Error::none;
    (void)((head->algorithm == Algorithms::name &&
            (error = detail::verify_with<Algorithms>(keys, *head, message, sealed), true)) ||
           ...);
    if (error != Error::none) return error;
    const std::size_t size = read_base64(payload, token.substr(first + 1, second - first - 1));
    if (size == not_base64) return Error::malformed;
    return size;
}

// What a server insists on. The issuer is always asked for; without an audience, a token for any is refused.
struct JwtRules {
    Label<128> issuer, audience;
    Label<48> role_claim = "role"; // where the service puts the role
    std::int64_t skew = 30;        // seconds by which clocks may differ
};

struct JwtClaims {
    Label<128> subject; // the player, as the service knows them
    Label<64> session;  // `sid`: for those who ask the service whether the session still stands
    Role role;
    UnixTime expires;
};

namespace detail {

class ClaimsReader {
  public:
    ClaimsReader(BytesIn json, const JwtRules& rules) : in_(json), rules_(rules) {}

    Result<JwtClaims> read(UnixTime now) {
        in_.each_field([&](std::string_view name) { read_field(name); });
        if (in_.ok() && !in_.at_end()) in_.fail(Error::trailing_bytes);
        if (in_.ok() && (!has_iss_ || !has_exp_ || !has_sub_ || claims_.subject.empty()))
            in_.fail(Error::missing_field);
        if (!in_.ok()) return in_.error();
        if (!(issuer_ == rules_.issuer)) return Error::wrong_issuer;
        if (has_aud_ ? !is_for_us_ : !rules_.audience.empty()) return Error::wrong_audience;
        const Validity validity{not_before_, claims_.expires};
        if (const auto holds = validity.check(now, rules_.skew); !holds) return holds.error();
        return claims_;
    }

  private:
    void read_field(std::string_view name) {
        const auto take = [&](bool& seen, auto&& read) {
            once(in_, seen);
            if (in_.ok()) read();
        };
        if (name == "iss") return take(has_iss_, [&] { read_label(in_, issuer_); });
        if (name == "sub") return take(has_sub_, [&] { read_label(in_, claims_.subject); });
        if (name == "sid") return take(has_sid_, [&] { read_label(in_, claims_.session); });
        if (name == "exp") return take(has_exp_, [&] { claims_.expires = read_time(in_); });
        if (name == "nbf") return take(has_nbf_, [&] { not_before_ = read_time(in_); });
        if (name == "aud") return take(has_aud_, [&] { read_audience(); });
        if (name == rules_.role_claim.view()) return take(has_role_, [&] { read_label(in_, claims_.role); });
        in_.skip();
    }
    // One, or a list in which one is ours. What is longer than ours may be is somebody else.
    void read_audience() {
        const auto one = [&] {
            std::size_t same = 0;
            bool is_same = true;
            const std::string_view ours = rules_.audience.view();
            in_.string([&](std::string_view piece) {
                is_same = is_same && ours.substr(same, piece.size()) == piece;
                same += is_same ? piece.size() : 0;
            });
            is_for_us_ = is_for_us_ || (is_same && same == ours.size() && !ours.empty());
        };
        in_.peek() == '[' ? in_.each_item(one) : one();
    }

    codec::JsonScan in_;
    const JwtRules& rules_;
    JwtClaims claims_;
    Label<128> issuer_;
    UnixTime not_before_;
    bool has_iss_ = false, has_sub_ = false, has_sid_ = false, has_exp_ = false, has_nbf_ = false,
         has_aud_ = false, has_role_ = false, is_for_us_ = false;
};

} // namespace detail

// The claims of a token that is signed by one of the keys and meets the rules now.
template <class... Algorithms>
Result<JwtClaims> check_jwt(std::string_view token, const JwtKeys& keys, const JwtRules& rules,
                            UnixTime now) {
    if (rules.issuer.empty()) return Error::wrong_issuer;
    std::array<std::byte, jwt_bytes_max> payload;
    const auto size = verify_jws<Algorithms...>(token, keys, payload);
    if (!size) return size.error();
    return detail::ClaimsReader(BytesIn(payload).first(*size), rules).read(now);
}

// The door of a server that takes JSON web tokens.
template <class... Algorithms>
class JwtGateOf {
  public:
    JwtGateOf(JwtKeys keys, const JwtRules& rules) : keys_(std::move(keys)), rules_(rules) {}

    // Believes everybody to be who they say they are. For a developer's own machine: whoever can reach a
    // server that does so can be anybody on it. It is never fallen back to: an empty key set lets nobody in.
    static JwtGateOf permissive_for_local_development() {
        JwtGateOf gate({}, {});
        gate.is_permissive_ = true;
        return gate;
    }
    bool is_permissive() const { return is_permissive_; }

    // `player` is what the client calls itself, or nothing; where there is a token, it says who that is, and
    // the two must agree.
    Result<JwtClaims> admit(std::string_view token, std::string_view player, UnixTime now) const {
        JwtClaims claims;
        if (is_permissive_) {
            if (player.empty()) return Error::missing_field;
            if (const auto set = claims.subject.set(player); !set) return set.error();
            claims.expires = {UnixTime::max};
            return claims;
        }
        const auto checked = check_jwt<Algorithms...>(token, keys_, rules_, now);
        if (checked && !player.empty() && checked->subject.view() != player) return Error::forged;
        return checked;
    }
    // When the service has turned its keys.
    Result<> replace_keys(std::string_view json) { return keys_.read(json); }
    const JwtKeys& keys() const { return keys_; }

  private:
    JwtKeys keys_;
    JwtRules rules_;
    bool is_permissive_ = false;
};
using JwtGate = JwtGateOf<EdDsa>;

} // namespace tenon::secure
