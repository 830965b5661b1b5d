#pragma once
// Tls: the cover of connections that are encrypted as the web's are, with a server's certificate. OpenSSL 3
// is met here (and in secure/jwt_rs256.hpp): link it with -lssl -lcrypto. TlsTcp and TlsWebSocket wear it.

#if !__has_include(<openssl/ssl.h>)
#error "tenon: tls.hpp needs OpenSSL 3: install libssl-dev (Debian), openssl-devel (Fedora) or openssl"
#endif
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "tenon/transport/framing.hpp"
#include "tenon/transport/tls_options.hpp"

namespace tenon::transport {

namespace detail {

class Tls {
  public:
    using Options = TlsOptions;
    static constexpr bool encrypted = true;
    static constexpr bool reads_in_pieces = true;

    class Context {
      public:
        Context() = default;
        Context(const Context&) = delete;
        Context& operator=(const Context&) = delete;
        ~Context() {
            SSL_CTX_free(server_);
            SSL_CTX_free(client_);
        }
        // file_missing: of a file, or of a server's certificate; malformed: it can't be read, or the key is
        // another's.
        Result<> open(const Options& options, bool listens);

      private:
        friend class Tls;
        static SSL_CTX* make(const SSL_METHOD* method);
        // When one is needed: the authorities of a system are many.
        Result<> make_client();
        static bool exists(const std::string& file) {
            std::FILE* found = std::fopen(file.c_str(), "rb");
            return found != nullptr && std::fclose(found) == 0;
        }

        Options options_;
        SSL_CTX* server_ = nullptr;
        SSL_CTX* client_ = nullptr;
    };

    Tls() = default;
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;
    ~Tls() { SSL_free(ssl_); }

    // Neither it nor the socket is to move from here on.
    bool start(Context& context, StreamSocket& socket, bool dialled, const IpAddress& to,
               std::string_view host);
    Moving shake_hands();
    Moved read(StreamSocket&, BytesOut into) {
        Moved moved;
        return heed(SSL_read_ex(clean(), into.data(), into.size(), &moved.bytes), moved);
    }
    Moved write(StreamSocket&, BytesIn bytes) {
        Moved moved;
        return heed(SSL_write_ex(clean(), bytes.data(), bytes.size(), &moved.bytes), moved);
    }
    bool holds_bytes() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }
    bool wants_to_write() const { return wants_to_write_; }
    void finish() {
        if (up_) SSL_shutdown(clean());
    }
    // Why hands were not shaken.
    Error error() const { return error_; }

  private:
    // The errors of one call are found in a queue of the thread, which may hold another's.
    SSL* clean() {
        ERR_clear_error();
        return ssl_;
    }
    Moved heed(int done, Moved moved) {
        wants_to_write_ = false;
        moved.how = done == 1 ? Moving::moved : refused(done);
        return moved;
    }
    Moving refused(int done) {
        switch (SSL_get_error(ssl_, done)) {
            case SSL_ERROR_WANT_WRITE:
                wants_to_write_ = true;
                return Moving::later;
            case SSL_ERROR_WANT_READ:
                return Moving::later;
            case SSL_ERROR_ZERO_RETURN:
                return Moving::ended;
            default:
                up_ = false; // OpenSSL wants nothing more to do with it
                return Moving::broken;
        }
    }
    bool expect(const IpAddress& to, std::string_view host);
    bool is_pinned() const;
    static BIO_METHOD* socket_method();

    SSL* ssl_ = nullptr;
    const Options* options_ = nullptr;
    Error error_ = Error::encryption_mismatch;
    bool dialled_ = false, up_ = false, wants_to_write_ = false;
};

inline SSL_CTX* Tls::Context::make(const SSL_METHOD* method) {
    SSL_CTX* context = SSL_CTX_new(method);
    if (context == nullptr) return nullptr;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Nobody resumes; and tickets that a client has not read would undo what was sent when it closes.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    return context;
}

inline Result<> Tls::Context::make_client() {
    if (client_ != nullptr) return {};
    client_ = make(TLS_client_method());
    if (client_ == nullptr) return Error::system;
    const bool pinned = !options_.fingerprint.empty();
    SSL_CTX_set_verify(client_, pinned ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    if (!options_.authorities.empty()) {
        if (!exists(options_.authorities)) return Error::file_missing;
        if (SSL_CTX_load_verify_file(client_, options_.authorities.c_str()) != 1) return Error::malformed;
    } else if (!pinned && SSL_CTX_set_default_verify_paths(client_) != 1) {
        return Error::system;
    }
    return {};
}

inline Result<> Tls::Context::open(const Options& options, bool listens) {
    options_ = options;
    ERR_clear_error();
    if (!listens || !options.authorities.empty())
        if (const Result<> made = make_client(); !made) return made;
    if (!listens) return {};
    if (!exists(options.certificate) || !exists(options.key)) return Error::file_missing;
    server_ = make(TLS_server_method());
    if (server_ == nullptr) return Error::system;
    if (SSL_CTX_use_certificate_chain_file(server_, options.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(server_, options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(server_) != 1)
        return Error::malformed;
    return {};
}

inline bool Tls::start(Context& context, StreamSocket& socket, bool dialled, const IpAddress& to,
                       std::string_view host) {
    ERR_clear_error();
    options_ = &context.options_;
    dialled_ = dialled;
    if (dialled && !context.make_client()) return false;
    ssl_ = SSL_new(dialled ? context.client_ : context.server_);
    BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(socket_method());
    if (bio == nullptr) return false;
    BIO_set_data(bio, &socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    if (!dialled) return SSL_set_accept_state(ssl_), true;
    SSL_set_connect_state(ssl_);
    return expect(to, options_->host_name.empty() ? host : std::string_view(options_->host_name));
}

// For whom the certificate has to be: a name that was dialled, or else an address.
inline bool Tls::expect(const IpAddress& to, std::string_view host) {
    if (host.empty()) {
        X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_);
        const std::uint8_t* bytes = to.bytes.data();
        return X509_VERIFY_PARAM_set1_ip(wanted, to.is_v4() ? bytes + 12 : bytes, to.is_v4() ? 4 : 16) == 1;
    }
    const std::string name(host);
    return SSL_set1_host(ssl_, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl_, name.c_str()) == 1;
}

inline Moving Tls::shake_hands() {
    wants_to_write_ = false;
    const int done = SSL_do_handshake(clean());
    if (done == 1) {
        if (dialled_ && !options_->fingerprint.empty() && !is_pinned()) {
            error_ = Error::key_changed;
            return Moving::broken;
        }
        up_ = true;
        return Moving::moved;
    }
    const Moving how = refused(done);
    if (how == Moving::later) return how;
    const long verdict = dialled_ ? SSL_get_verify_result(ssl_) : X509_V_OK;
    if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
        error_ = Error::expired;
    else if (verdict != X509_V_OK)
        error_ = Error::unknown_key;
    return Moving::broken;
}

inline bool Tls::is_pinned() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    if (certificate == nullptr) return false;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const bool made = X509_digest(certificate, EVP_sha256(), digest, &size) == 1;
    X509_free(certificate);
    if (!made) return false;
    return is_fingerprint(options_->fingerprint, {reinterpret_cast<const std::byte*>(digest), size});
}

// OpenSSL's own socket would raise SIGPIPE.
inline BIO_METHOD* Tls::socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tenon");
        if (made == nullptr) return made;
        BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
            BIO_clear_retry_flags(bio);
            const auto* socket = static_cast<const StreamSocket*>(BIO_get_data(bio));
            const Moved moved =
                socket->write({reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)});
            if (moved.how == Moving::later) BIO_set_retry_write(bio);
            return moved.how == Moving::moved ? static_cast<int>(moved.bytes) : -1;
        });
        BIO_meth_set_read(made, [](BIO* bio, char* bytes, int size) {
            BIO_clear_retry_flags(bio);
            const auto* socket = static_cast<const StreamSocket*>(BIO_get_data(bio));
            const Moved moved =
                socket->read({reinterpret_cast<std::byte*>(bytes), static_cast<std::size_t>(size)});
            if (moved.how == Moving::later) BIO_set_retry_read(bio);
            if (moved.how == Moving::ended) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
            return moved.how == Moving::moved   ? static_cast<int>(moved.bytes)
                   : moved.how == Moving::ended ? 0
                                                : -1;
        });
        BIO_meth_set_ctrl(made, [](BIO* bio, int what, long, void*) -> long {
            if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
            return what == BIO_CTRL_FLUSH;
        });
        return made;
    }();
    return method;
}

} // namespace detail

} // namespace tenon::transport
