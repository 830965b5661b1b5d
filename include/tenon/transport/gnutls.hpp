#pragma once
// GnuTls: the certificates, tickets and handshakes of Quic, as TlsOptions ask for them. GnuTLS is met here
// and in ngtcp2.hpp: link it with -lgnutls.

#if !__has_include(<gnutls/gnutls.h>)
#error "tenon: gnutls.hpp needs GnuTLS: install libgnutls28-dev (Debian) or gnutls-devel (Fedora)"
#endif
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/tls_options.hpp"

namespace tenon::transport::detail {

// Numbers that nobody can guess.
inline void gnutls_secret(std::uint8_t* into, std::size_t size) { gnutls_rnd(GNUTLS_RND_RANDOM, into, size); }

class GnuTls {
  public:
    // What all connections of one transport share.
    class Context {
      public:
        Context() = default;
        Context(const Context&) = delete;
        Context& operator=(const Context&) = delete;
        ~Context() {
            for (const auto old : old_) gnutls_certificate_free_credentials(old);
            if (server_ != nullptr) gnutls_certificate_free_credentials(server_);
            if (client_ != nullptr) gnutls_certificate_free_credentials(client_);
            gnutls_memset(ticket_key_.data, 0, ticket_key_.size);
            gnutls_free(ticket_key_.data);
        }
        // file_missing: of a file, or of a server's certificate; malformed: it can't be read, or the key is
        // another's. A server that is given none may make one.
        Result<> open(const TlsOptions& options, std::string_view protocol, bool listens, bool may_make);
        // Makes another where its own is about to be too old; whoever shakes hands with that keeps it.
        void renew(std::time_t now) {
            if (made_ != 0 && now >= made_ + renewed_days * day) (void)make_certificate(now);
        }
        // SHA-256 of a server's certificate, in hexadecimal.
        std::string fingerprint() const;

      private:
        friend class GnuTls;
        // One of its own, as browsers believe by its fingerprint: for P-256, and for less than 14 days.
        Result<> make_certificate(std::time_t now);
        // When one is needed: the authorities of a system are many.
        Result<> make_client();
        static bool exists(const std::string& file) {
            std::FILE* found = std::fopen(file.c_str(), "rb");
            return found != nullptr && std::fclose(found) == 0;
        }

        static constexpr std::time_t day = 86'400, certificate_days = 13, renewed_days = 12;

        TlsOptions options_;
        std::string protocol_;
        gnutls_certificate_credentials_t server_ = nullptr, client_ = nullptr;
        std::vector<gnutls_certificate_credentials_t> old_; // a server's own, for who still holds them
        std::time_t made_ = 0;                              // that in use
        gnutls_datum_t ticket_key_ = {nullptr, 0};
    };

    GnuTls() = default;
    GnuTls(const GnuTls&) = delete;
    GnuTls& operator=(const GnuTls&) = delete;
    ~GnuTls() {
        if (session_ != nullptr) gnutls_deinit(session_);
    }

    // A server's. What is behind `pointer` is for those who go on with the session.
    bool accept(Context& context) {
        context.renew(std::time(nullptr));
        return begin(context, false);
    }
    // A client's, for this host or, where that is empty, the address as text; with what was kept of an
    // earlier one, if anything was.
    bool dial(Context& context, std::string_view host, std::string_view address, BytesIn ticket) {
        if (!context.make_client() || !begin(context, true)) return false;
        const std::string& instead = context.options_.host_name;
        const bool named = !instead.empty() || !host.empty();
        expected_ = !instead.empty() ? instead : std::string(named ? host : address);
        if (named &&
            gnutls_server_name_set(session_, GNUTLS_NAME_DNS, expected_.data(), expected_.size()) < 0)
            return false;
        // One that is of no use only makes the handshake longer.
        if (!ticket.empty()) gnutls_session_set_data(session_, ticket.data(), ticket.size());
        return true;
    }
    gnutls_session_t session() const { return session_; }
    // Whether a certificate is one to believe, and if not, why: called while hands are shaken.
    bool is_believed();
    Error error() const { return error_; }
    bool is_resumed() const { return gnutls_session_is_resumed(session_) != 0; }
    bool speaks(std::string_view protocol) const {
        gnutls_datum_t chosen = {nullptr, 0};
        return gnutls_alpn_get_selected_protocol(session_, &chosen) == 0 &&
               std::string_view(reinterpret_cast<const char*>(chosen.data), chosen.size) == protocol;
    }
    // f(bytes) of a ticket that has just come.
    template <class F>
    void ticket(F&& f) const {
        gnutls_datum_t data = {nullptr, 0};
        if (gnutls_session_get_data2(session_, &data) < 0) return;
        f(BytesIn(reinterpret_cast<const std::byte*>(data.data), data.size));
        gnutls_free(data.data);
    }
    void send_ticket() const { gnutls_session_ticket_send(session_, 1, 0); }

  private:
    static constexpr const char* priorities =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
        "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";

    bool begin(Context& context, bool dials);
    bool is_pinned() const;

    gnutls_session_t session_ = nullptr;
    const TlsOptions* options_ = nullptr;
    std::string expected_; // for whom the certificate has to be
    Error error_ = Error::encryption_mismatch;
};

inline Result<> GnuTls::Context::make_client() {
    if (client_ != nullptr) return {};
    gnutls_certificate_credentials_t made = nullptr;
    if (gnutls_certificate_allocate_credentials(&made) < 0) return Error::system;
    Error error = Error::none;
    if (!options_.authorities.empty()) {
        const char* file = options_.authorities.c_str();
        if (!exists(options_.authorities))
            error = Error::file_missing;
        else if (gnutls_certificate_set_x509_trust_file(made, file, GNUTLS_X509_FMT_PEM) <= 0)
            error = Error::malformed;
    } else if (options_.fingerprint.empty() && gnutls_certificate_set_x509_system_trust(made) < 0) {
        error = Error::system;
    }
    if (error == Error::none)
        client_ = made;
    else
        gnutls_certificate_free_credentials(made);
    return error;
}

inline Result<> GnuTls::Context::open(const TlsOptions& options, std::string_view protocol, bool listens,
                                      bool may_make) {
    options_ = options;
    protocol_ = protocol;
    if (!listens || !options.authorities.empty())
        if (const Result<> made = make_client(); !made) return made;
    if (!listens) return {};
    const bool makes = may_make && options.certificate.empty() && options.key.empty();
    if (!makes && (!exists(options.certificate) || !exists(options.key))) return Error::file_missing;
    if (gnutls_session_ticket_key_generate(&ticket_key_) < 0) return Error::system;
    if (makes) return make_certificate(std::time(nullptr));
    if (gnutls_certificate_allocate_credentials(&server_) < 0) return Error::system;
    const int read = gnutls_certificate_set_x509_key_file(server_, options.certificate.c_str(),
                                                          options.key.c_str(), GNUTLS_X509_FMT_PEM);
    if (read < 0) return Error::malformed;
    return {};
}

inline Result<> GnuTls::Context::make_certificate(std::time_t now) {
    gnutls_certificate_credentials_t shown = nullptr;
    if (gnutls_certificate_allocate_credentials(&shown) < 0) return Error::system;
    gnutls_x509_privkey_t key = nullptr;
    gnutls_x509_crt_t made = nullptr;
    std::uint8_t serial[16];
    gnutls_secret(serial, sizeof serial);
    serial[0] = (serial[0] & 0x3F) | 0x40; // a number above zero that is written in as many bytes
    const bool done =
        gnutls_x509_privkey_init(&key) >= 0 && gnutls_x509_crt_init(&made) >= 0 &&
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                     0) >= 0 &&
        gnutls_x509_crt_set_version(made, 3) >= 0 &&
        gnutls_x509_crt_set_serial(made, serial, sizeof serial) >= 0 &&
        gnutls_x509_crt_set_dn_by_oid(made, GNUTLS_OID_X520_COMMON_NAME, 0, "tenon", 5) >= 0 &&
        gnutls_x509_crt_set_activation_time(made, now - day / 24) >= 0 &&
        gnutls_x509_crt_set_expiration_time(made, now + certificate_days * day) >= 0 &&
        gnutls_x509_crt_set_key(made, key) >= 0 &&
        gnutls_x509_crt_set_basic_constraints(made, 0, -1) >= 0 && // Chromium reads none without extensions
        gnutls_x509_crt_sign2(made, made, key, GNUTLS_DIG_SHA256, 0) >= 0 &&
        gnutls_certificate_set_x509_key(shown, &made, 1, key) >= 0;
    gnutls_x509_crt_deinit(made);
    gnutls_x509_privkey_deinit(key);
    if (!done) return gnutls_certificate_free_credentials(shown), Error::system;
    if (server_ != nullptr) old_.push_back(server_);
    server_ = shown;
    made_ = now;
    return {};
}

inline std::string GnuTls::Context::fingerprint() const {
    gnutls_datum_t shown = {nullptr, 0};
    std::uint8_t digest[32];
    std::string text;
    if (server_ == nullptr || gnutls_certificate_get_crt_raw(server_, 0, 0, &shown) < 0 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, shown.data, shown.size, digest) < 0)
        return text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

inline bool GnuTls::begin(Context& context, bool dials) {
    options_ = &context.options_;
    const unsigned flags = dials ? GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA
                                 : GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA;
    if (gnutls_init(&session_, flags) < 0) return session_ = nullptr, false;
    if (gnutls_priority_set_direct(session_, priorities, nullptr) < 0) return false;
    const auto credentials = dials ? context.client_ : context.server_;
    if (gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials) < 0) return false;
    if (!dials && gnutls_session_ticket_enable_server(session_, &context.ticket_key_) < 0) return false;
    auto* name = reinterpret_cast<unsigned char*>(context.protocol_.data());
    const gnutls_datum_t protocol = {name, static_cast<unsigned>(context.protocol_.size())};
    return gnutls_alpn_set_protocols(session_, &protocol, 1, GNUTLS_ALPN_MANDATORY) >= 0;
}

inline bool GnuTls::is_believed() {
    if (!options_->fingerprint.empty()) {
        if (is_pinned()) return true;
        error_ = Error::key_changed;
        return false;
    }
    unsigned status = 0;
    if (gnutls_certificate_verify_peers3(session_, expected_.c_str(), &status) < 0)
        status = GNUTLS_CERT_INVALID;
    if (status == 0) return true;
    const unsigned time = GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED;
    error_ = (status & ~(time | GNUTLS_CERT_INVALID)) == 0 && (status & time) != 0 ? Error::expired
                                                                                   : Error::unknown_key;
    return false;
}

inline bool GnuTls::is_pinned() const {
    unsigned count = 0;
    const gnutls_datum_t* peers = gnutls_certificate_get_peers(session_, &count);
    std::uint8_t digest[32];
    if (peers == nullptr || count == 0 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, peers[0].data, peers[0].size, digest) < 0)
        return false;
    return is_fingerprint(options_->fingerprint, {reinterpret_cast<const std::byte*>(digest), sizeof digest});
}

} // namespace tenon::transport::detail
