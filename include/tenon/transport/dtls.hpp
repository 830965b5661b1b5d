#pragma once
// Dtls: encryption of datagrams between two who know each other's certificates by their fingerprints, as
// WebRTC has it. OpenSSL 3 is met here as in tls.hpp; datagrams in and out, no socket. WebRtc carries them.

#if !__has_include(<openssl/ssl.h>)
#error "tenon: web_rtc.hpp needs OpenSSL 3: install libssl-dev (Debian), openssl-devel (Fedora) or openssl"
#endif
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/sdp.hpp"

namespace tenon::transport::detail {

class Dtls {
  public:
    static constexpr std::size_t datagram_bytes = 1200; // none that it makes is larger

    // What all connections of one transport share: a certificate that is as old as it.
    class Context {
      public:
        Context() = default;
        Context(const Context&) = delete;
        Context& operator=(const Context&) = delete;
        ~Context() { SSL_CTX_free(context_); }
        Result<> open();
        const CertificatePrint& print() const { return print_; }

      private:
        friend class Dtls;
        bool make_certificate();

        SSL_CTX* context_ = nullptr;
        CertificatePrint print_{};
    };
    enum class State : std::uint8_t {
        closed,
        shaking_hands,
        open,
        ended, // by the other side
        broken,
        stranger, // who shows another certificate than was said
    };

    Dtls() = default;
    Dtls(const Dtls&) = delete;
    Dtls& operator=(const Dtls&) = delete;
    ~Dtls() { SSL_free(ssl_); }

    // It is not to move from here on.
    bool start(Context& context, bool dialled, const CertificatePrint& theirs);
    State state() const { return state_; }
    bool is_up() const { return state_ == State::open; }
    bool has_met() const { return met_; } // the other side has shown that it hears at its address
    // Whoever answers to another address has to show once more that it hears.
    void distrust() { RAND_bytes(cookie_.data(), static_cast<int>(cookie_.size())); }

    // Calls f(packet) for what a datagram of the other side holds; false when there was nothing sound in it.
    template <class F>
    bool heed(BytesIn datagram, BytesOut room, F&& f) {
        incoming_ = datagram;
        bool sound = false;
        if (state_ == State::shaking_hands) sound = shake_hands();
        while (state_ == State::open) {
            ERR_clear_error();
            std::size_t size = 0;
            if (SSL_read_ex(ssl_, room.data(), room.size(), &size) != 1) {
                judge(0);
                break;
            }
            sound = true;
            f(BytesIn(room.first(size)));
        }
        incoming_ = {};
        return sound || state_ == State::ended;
    }
    bool write(BytesIn packet) {
        if (state_ != State::open) return false;
        ERR_clear_error();
        std::size_t written = 0;
        return SSL_write_ex(ssl_, packet.data(), packet.size(), &written) == 1;
    }
    // Says again what may have been lost of the handshake, when that is due.
    void handle_timeout() {
        if (state_ != State::shaking_hands) return;
        ERR_clear_error();
        if (DTLSv1_handle_timeout(ssl_) < 0) state_ = State::broken;
    }
    void finish() {
        if (state_ != State::open) return;
        ERR_clear_error();
        SSL_shutdown(ssl_);
        state_ = State::closed;
    }
    // Calls f(datagram) for each that is to leave.
    template <class F>
    void drain(F&& f) {
        while (outgoing_.size() >= 2) {
            const BytesIn left = outgoing_.front();
            const std::size_t size = load_le<std::uint16_t>(left.data());
            f(left.subspan(2, size));
            outgoing_.take(2 + size);
        }
    }

  private:
    bool shake_hands();
    void judge(int done) {
        const int why = SSL_get_error(ssl_, done);
        if (why == SSL_ERROR_ZERO_RETURN)
            state_ = State::ended;
        else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            state_ = State::broken;
    }
    bool is_expected() const;
    static BIO_METHOD* datagrams();
    static Dtls& of(SSL* ssl) { return *static_cast<Dtls*>(SSL_get_app_data(ssl)); }

    SSL* ssl_ = nullptr;
    State state_ = State::closed;
    bool met_ = false;
    CertificatePrint theirs_{};
    std::array<unsigned char, 16> cookie_{};
    BytesIn incoming_;
    ByteQueue outgoing_; // each datagram behind its size
};

inline bool Dtls::Context::make_certificate() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* made = X509_new();
    bool done = key != nullptr && made != nullptr && X509_set_version(made, 2) == 1 &&
                X509_set_pubkey(made, key) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(made), -86'400) != nullptr &&
                X509_gmtime_adj(X509_getm_notAfter(made), 30 * 86'400L) != nullptr;
    std::uint64_t serial = 0;
    done = done && RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial >> 1 | 1) == 1;
    X509_NAME* name = done ? X509_get_subject_name(made) : nullptr;
    const auto* of = reinterpret_cast<const unsigned char*>("tenon");
    done = done && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, of, -1, -1, 0) == 1 &&
           X509_set_issuer_name(made, name) == 1 && X509_sign(made, key, EVP_sha256()) != 0 &&
           SSL_CTX_use_certificate(context_, made) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1;
    unsigned size = 0;
    done = done && X509_digest(made, EVP_sha256(), print_.data(), &size) == 1 && size == print_.size();
    X509_free(made);
    EVP_PKEY_free(key);
    return done;
}

inline Result<> Dtls::Context::open() {
    ERR_clear_error();
    context_ = SSL_CTX_new(DTLS_method());
    if (context_ == nullptr) return Error::system;
    SSL_CTX_set_min_proto_version(context_, DTLS1_2_VERSION);
    SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                      SSL_OP_NO_QUERY_MTU | SSL_OP_COOKIE_EXCHANGE);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context_, 16 << 10);
    SSL_CTX_set_read_ahead(context_, 1); // a datagram is taken whole
    // Nobody vouches for these certificates but their fingerprints, which are compared when all is said.
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       [](int, X509_STORE_CTX*) { return 1; });
    SSL_CTX_set_cookie_generate_cb(context_, [](SSL* ssl, unsigned char* cookie, unsigned* size) {
        const auto& made = of(ssl).cookie_;
        std::memcpy(cookie, made.data(), made.size());
        *size = static_cast<unsigned>(made.size());
        return 1;
    });
    SSL_CTX_set_cookie_verify_cb(context_, [](SSL* ssl, const unsigned char* cookie, unsigned size) {
        Dtls& dtls = of(ssl);
        const auto& made = dtls.cookie_;
        const bool fits = size == made.size() && CRYPTO_memcmp(cookie, made.data(), size) == 0;
        dtls.met_ = dtls.met_ || fits;
        return int(fits);
    });
    if (SSL_CTX_set_cipher_list(context_, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 || !make_certificate())
        return Error::system;
    return {};
}

inline bool Dtls::start(Context& context, bool dialled, const CertificatePrint& theirs) {
    ERR_clear_error();
    theirs_ = theirs;
    ssl_ = SSL_new(context.context_);
    BIO* bio = ssl_ == nullptr || datagrams() == nullptr ? nullptr : BIO_new(datagrams());
    if (bio == nullptr) return false;
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    SSL_set_mtu(ssl_, datagram_bytes);
    DTLS_set_timer_cb(ssl_,
                      [](SSL*, unsigned us) { return us == 0 ? 250'000u : std::min(2 * us, 2'000'000u); });
    distrust();
    state_ = State::shaking_hands;
    if (!dialled) return SSL_set_accept_state(ssl_), true;
    SSL_set_connect_state(ssl_);
    shake_hands(); // begins it
    return state_ == State::shaking_hands;
}

// Whether it went on.
inline bool Dtls::shake_hands() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    if (done != 1) {
        judge(done);
        return state_ == State::shaking_hands;
    }
    state_ = is_expected() ? State::open : State::stranger;
    return is_up();
}

inline bool Dtls::is_expected() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    if (certificate == nullptr) return false;
    CertificatePrint shown{};
    unsigned size = 0;
    const bool made = X509_digest(certificate, EVP_sha256(), shown.data(), &size) == 1;
    X509_free(certificate);
    return made && size == shown.size() && shown == theirs_;
}

// One of memory would run what came in several datagrams together.
inline BIO_METHOD* Dtls::datagrams() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tenon datagrams");
        if (made == nullptr) return made;
        BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
            BIO_clear_retry_flags(bio);
            auto* dtls = static_cast<Dtls*>(BIO_get_data(bio));
            std::byte head[2];
            store_le(head, static_cast<std::uint16_t>(size));
            const BytesIn datagram{reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
            return dtls->outgoing_.append(head) && dtls->outgoing_.append(datagram) ? size : -1;
        });
        BIO_meth_set_read(made, [](BIO* bio, char* bytes, int room) {
            BIO_clear_retry_flags(bio);
            auto* dtls = static_cast<Dtls*>(BIO_get_data(bio));
            const std::size_t size = std::min(dtls->incoming_.size(), static_cast<std::size_t>(room));
            if (size == 0) return BIO_set_retry_read(bio), -1;
            copy(reinterpret_cast<std::byte*>(bytes), dtls->incoming_.first(size));
            dtls->incoming_ = {};
            return static_cast<int>(size);
        });
        BIO_meth_set_ctrl(made, [](BIO*, int what, long, void*) -> long { return what == BIO_CTRL_FLUSH; });
        return made;
    }();
    return method;
}

} // namespace tenon::transport::detail
