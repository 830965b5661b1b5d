#pragma once
// Whose keys are believed: pinned ones, those met before under the same name (trust on first use), and those
// that a trusted backend has signed in a small certificate. A client asks it about a server, a server about a
// client; it is kept as a text of lines like a file of known hosts, which the caller reads and writes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/secure/identity.hpp"
#include "tenon/secure/label.hpp"
#include "tenon/secure/sodium.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::secure {

// Says that the holder of `subject` is `name` and may be `role`, in the word of `issuer`.
struct Certificate {
    SignPublic subject, issuer;
    Validity validity;
    Role role;
    Name name;
};

inline constexpr std::size_t certificate_bytes_max = 8 + 32 + 32 + 16 + 1 + Role::max + 1 + Name::max + 64;

namespace detail {
inline constexpr std::string_view certificate_mark = "tnCert01"; // no other thing that is signed begins so

template <class AnyLabel>
void write_label(ByteWriter& out, const AnyLabel& label) {
    out.u8(static_cast<std::uint8_t>(label.view().size()));
    out.bytes(bytes_of(label.view()));
}
template <class AnyLabel>
Error read_label(ByteReader& in, AnyLabel& label) {
    const BytesIn text = in.bytes(in.u8());
    return in.ok() ? label.set(text_of(text)).error() : Error::truncated;
}
inline void write_validity(ByteWriter& out, const Validity& validity) {
    out.u64(static_cast<std::uint64_t>(validity.from.seconds));
    out.u64(static_cast<std::uint64_t>(validity.until.seconds));
}
inline Error read_validity(ByteReader& in, Validity& validity) {
    const std::uint64_t from = in.u64(), until = in.u64(), most = UnixTime::max;
    if (!in.ok()) return Error::truncated;
    if (from > most || until > most) return Error::over_bound;
    validity = {{static_cast<std::int64_t>(from)}, {static_cast<std::int64_t>(until)}};
    return validity.is_sound() ? Error::none : Error::malformed;
}
template <class Key>
void read_public(ByteReader& in, Key& key) {
    const BytesIn bytes = in.bytes(32);
    if (in.ok()) copy(key.bytes.data(), bytes);
}
// What of it is signed, when it begins with the mark and has a signature at its end.
inline Result<BytesIn> signed_part(BytesIn whole, std::string_view mark) {
    if (whole.size() < mark.size() + 64) return Error::truncated;
    if (text_of(whole.first(mark.size())) != mark) return Error::malformed;
    return whole.first(whole.size() - 64);
}
inline bool is_signed_by(const SignPublic& key, BytesIn whole) {
    return verify(sized<64>(whole.last(64)), whole.first(whole.size() - 64), key);
}
} // namespace detail

// The bytes written, signed by `issuer`, whose key stands in it whatever `certificate.issuer` was.
inline Result<std::size_t> write_certificate(BytesOut into, const Certificate& certificate,
                                             const Identity& issuer) {
    if (!certificate.validity.is_sound() || !certificate.subject) return Error::malformed;
    ByteWriter out(into);
    out.bytes(bytes_of(detail::certificate_mark));
    out.bytes(certificate.subject.bytes);
    out.bytes(issuer.key().bytes);
    detail::write_validity(out, certificate.validity);
    detail::write_label(out, certificate.role);
    detail::write_label(out, certificate.name);
    if (!out.ok()) return Error::too_large;
    out.bytes(issuer.sign(into.first(out.position())));
    if (!out.ok()) return Error::too_large;
    return out.position();
}

// Signed by whom it names; whether that one is trusted, and the time right, is asked of Trust.
inline Result<Certificate> read_certificate(BytesIn bytes) {
    if (bytes.size() > certificate_bytes_max) return Error::over_bound;
    const auto part = detail::signed_part(bytes, detail::certificate_mark);
    if (!part) return part.error();
    ByteReader in(part->subspan(detail::certificate_mark.size()));
    Certificate read;
    detail::read_public(in, read.subject);
    detail::read_public(in, read.issuer);
    if (!in.ok()) return Error::truncated;
    if (!detail::is_signed_by(read.issuer, bytes)) return Error::forged;
    Error error = detail::read_validity(in, read.validity);
    if (error == Error::none) error = detail::read_label(in, read.role);
    if (error == Error::none) error = detail::read_label(in, read.name);
    if (error == Error::none && in.left() != 0) error = Error::trailing_bytes;
    if (error != Error::none) return error;
    return read;
}

inline constexpr std::size_t trusted_max = 4096;

class Trust {
  public:
    // A name, such as the address that a player types, stands for this key alone.
    Result<> pin(std::string_view name, const SignPublic& key) {
        if (name.empty() || name.find(' ') != name.npos || !key) return Error::malformed;
        if (const Server* known = find(name)) return known->key == key ? Result<>() : Error::key_changed;
        Server server{{}, key};
        if (const auto set = server.name.set(name); !set) return set;
        return servers_.push_back(server) != nullptr ? Result<>() : Error::over_bound;
    }
    // What this backend signs is believed.
    Result<> trust_issuer(const SignPublic& key) {
        if (!key) return Error::malformed;
        if (is_issuer(key)) return {};
        return issuers_.push_back(key) != nullptr ? Result<>() : Error::over_bound;
    }
    bool is_issuer(const SignPublic& key) const {
        for (std::size_t i = 0; i < issuers_.size(); ++i)
            if (issuers_[i] == key) return true;
        return false;
    }
    // A name is forgotten on purpose only: when its owner says that the key is new.
    bool forget(std::string_view name) {
        const std::size_t known = servers_.size();
        for (std::size_t left = known; left != 0; --left) { // round once, without it
            const Server server = servers_.front();
            servers_.pop_front();
            if (!(server.name == name)) servers_.push_back(server);
        }
        return servers_.size() != known;
    }

    // Whether the key is the one that is known under this name; unknown_key or key_changed otherwise.
    Result<> check(std::string_view name, const SignPublic& key) const {
        const Server* known = find(name);
        if (known == nullptr) return Error::unknown_key;
        return known->key == key ? Result<>() : Error::key_changed;
    }
    // Trust on first use: a name that was never met is known by this key from now on. The first meeting is
    // believed blindly, which is less than a pin and more than nothing.
    Result<> meet(std::string_view name, const SignPublic& key) {
        const auto known = check(name, key);
        return known.error() == Error::unknown_key ? pin(name, key) : known;
    }
    // Whether the holder of this key has a certificate that a trusted backend has signed and that holds now.
    Result<Certificate> check(BytesIn certificate, const SignPublic& holder, UnixTime now,
                              std::int64_t skew = 30) const {
        const auto read = read_certificate(certificate);
        if (!read) return read;
        if (!is_issuer(read->issuer)) return Error::unknown_key;
        if (!(read->subject == holder)) return Error::forged;
        if (const auto holds = read->validity.check(now, skew); !holds) return holds.error();
        return read;
    }

    std::size_t server_count() const { return servers_.size(); }
    std::size_t issuer_count() const { return issuers_.size(); }

    // ---- as text: lines of `server NAME KEY` and `issuer KEY`, and of remarks after #

    // Adds what the text says, or nothing of it and the error, with the number of the line.
    Result<> read(std::string_view text, std::size_t* line_number = nullptr) {
        Trust more;
        if (!copy(servers_, more.servers_) || !copy(issuers_, more.issuers_)) return Error::over_bound;
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = first(text, '\n');
            const auto read = more.read_line(text.substr(0, end));
            if (line_number != nullptr) *line_number = number;
            if (!read) return read;
            text.remove_prefix(end < text.size() ? end + 1 : end);
        }
        *this = std::move(more);
        return {};
    }
    // append(std::string_view) gets the whole text, piece by piece.
    template <class F>
    void write(F&& append) const {
        append(std::string_view("# whom this machine trusts; kept by tenon, one line each\n"));
        for (std::size_t i = 0; i < issuers_.size(); ++i) {
            append(std::string_view("issuer "));
            append(KeyText(issuers_[i]).view());
            append(std::string_view("\n"));
        }
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            append(std::string_view("server "));
            append(servers_[i].name.view());
            append(std::string_view(" "));
            append(KeyText(servers_[i].key).view());
            append(std::string_view("\n"));
        }
    }

  private:
    struct Server {
        Name name;
        SignPublic key;
    };

    const Server* find(std::string_view name) const {
        for (std::size_t i = 0; i < servers_.size(); ++i)
            if (servers_[i].name == name) return &servers_[i];
        return nullptr;
    }
    template <class T>
    static bool copy(const Ring<T>& from, Ring<T>& to) {
        for (std::size_t i = 0; i < from.size(); ++i)
            if (to.push_back(from[i]) == nullptr) return false;
        return true;
    }
    // Where it is, or the end.
    static std::size_t first(std::string_view text, char c) {
        const std::size_t at = text.find(c);
        return at < text.size() ? at : text.size();
    }
    Result<> read_line(std::string_view line) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) return {};
        const auto word = [&] {
            const std::size_t end = first(line, ' ');
            const std::string_view found = line.substr(0, end);
            line.remove_prefix(end < line.size() ? end + 1 : end);
            return found;
        };
        const std::string_view kind = word();
        const std::string_view name = kind == "server" ? word() : std::string_view();
        if (kind != "server" && kind != "issuer") return Error::malformed;
        const auto key = read_key(line);
        if (!key) return key.error();
        return kind == "server" ? pin(name, *key) : trust_issuer(*key);
    }

    Ring<Server> servers_{trusted_max};
    Ring<SignPublic> issuers_{trusted_max};
};

} // namespace tenon::secure
