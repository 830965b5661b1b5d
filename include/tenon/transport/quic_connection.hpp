#pragma once
// QuicConnection: one peer of Quic: ngtcp2's connection, its handshake, one stream with frames in both
// directions, datagrams beside it, and the identities under which it is found. QuicOver keeps them; none
// knows of another.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/hash_map.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/connection_table.hpp"
#include "tenon/transport/gnutls.hpp"
#include "tenon/transport/kept_queue.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/transport/ngtcp2.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/quic_datagrams.hpp"

namespace tenon::transport {

struct QuicOptions {
    std::string protocol = "tenon/1";         // by which both sides know that they mean the same (ALPN)
    std::uint32_t handshakes_max = 256;       // that are under way at once with those who come
    Duration idle_max = seconds(30);          // nothing at all was heard: lost
    std::uint32_t window = 256 << 10;         // bytes that the other side may send ahead
    std::uint32_t flight_max = 1 << 20;       // bytes that left and are kept until they are acknowledged
    Duration token_lifetime = seconds(86400); // in which who was here need not show its address again
};

namespace detail {

inline constexpr std::size_t quic_id_bytes = 8;          // of those that we choose
inline constexpr std::size_t quic_datagram_bytes = 1200; // which every path takes

// What all connections of one transport share.
struct QuicShared {
    QuicOptions options;
    GnuTls::Context tls;
    HashMap<QuicId, std::uint32_t> ids; // whose a packet is, by its destination: the slot
    std::uint8_t secret[32];            // of the tokens and resets
    IpAddress local;                    // all packets are from here, as far as it is known
    bool listens = false;               // strangers may come
};

struct QuicConnection {
    ConnectionAddress address;
    std::uint32_t slot = 0;
    Stage stage = Stage::dialling;
    bool dialled = false;
    bool heard = false;   // a whole frame came, so whoever polls knows of it
    bool queued = false;  // among those that flush() looks at
    bool blocked = false; // the other side, or the path, takes no more now
    bool mute = false;    // and never will
    bool ended = false;   // the other side says no more
    bool over = false;    // ngtcp2 has done with it: `error` says why
    bool gone = false;    // and the other side knows
    bool shaken = false;  // hands were, and that was seen to
    bool resumed = false; // from the secrets of an earlier one
    Error error = Error::closed;
    Instant deadline = Instant::never(), due = Instant::never();
    std::uint64_t code = 0;       // what the other side is told in the end
    std::uint64_t migrations = 0; // times that the other side came from another address
    ByteQueue in;
    KeptQueue out;
    QuicDatagrams datagrams;              // beside those
    std::vector<std::byte> ticket, token; // that came in, for the next time

    QuicConnection() = default;
    QuicConnection(const QuicConnection&) = delete;
    QuicConnection& operator=(const QuicConnection&) = delete;
    ~QuicConnection() {
        forget_ids();
        if (conn_ != nullptr) ngtcp2_conn_del(conn_);
    }

    bool is_up() const { return stage < Stage::leaving; }
    // A stranger whose address is known to be real. Where a retry was asked of it, `original` is the identity
    // with which it came first.
    bool accept(QuicShared& shared, const ngtcp2_pkt_hd& head, const ngtcp2_cid* original, Instant now);
    bool dial(QuicShared& shared, std::string_view host, BytesIn kept_ticket, BytesIn kept_token,
              Instant now);

    // False when it is over.
    bool read(const IpAddress& from, BytesIn datagram, Instant now) {
        const QuicPath at(shared_->local, from);
        const ngtcp2_pkt_info info{};
        const int code_read =
            ngtcp2_conn_read_pkt(conn_, &at.path, &info, octets(datagram), datagram.size(), to_quic(now));
        if (code_read != 0) return fail(code_read);
        return open_stream();
    }
    bool expire(Instant now) {
        const int code_expired = ngtcp2_conn_handle_expiry(conn_, to_quic(now));
        return code_expired == 0 || fail(code_expired);
    }
    Instant expiry() const { return from_quic(ngtcp2_conn_get_expiry(conn_)); }
    bool is_shaken() const { return ngtcp2_conn_get_handshake_completed(conn_) != 0; }
    std::size_t datagram_room() const { return stage == Stage::open ? QuicDatagrams::room(conn_) : 0; }
    bool append(BytesIn frame) {
        std::byte head[LengthFraming::head_max];
        ByteWriter writer(head);
        writer.varint(frame.size());
        return out.append(BytesIn(head, writer.position()), frame);
    }
    // The next packet and where it goes; 0 when there is none now.
    std::size_t write(BytesOut into, IpAddress& to, Instant now);
    // As much as may leave in one go has been written.
    void written(Instant now) { ngtcp2_conn_update_pkt_tx_time(conn_, to_quic(now)); }
    std::size_t quantum() const { return ngtcp2_conn_get_send_quantum(conn_); }
    // Tells the other side that it is over, and why; 0 where there is nobody to tell.
    std::size_t write_close(BytesOut into, IpAddress& to, Instant now);
    void forget_ids() {
        for (const QuicId& id : ids_) shared_->ids.erase(id);
        ids_.clear();
    }

  private:
    using Flag = std::uint32_t;
    static QuicConnection& of(void* user) { return *static_cast<QuicConnection*>(user); }
    static QuicConnection& of(gnutls_session_t session) {
        return of(static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session))->user_data);
    }
    static ngtcp2_callbacks callbacks(bool dials);
    static ngtcp2_cid new_id();
    ngtcp2_settings settings(Instant now, BytesIn with_token) const;
    ngtcp2_transport_params params(bool accepts) const;
    bool list(const QuicId& id) {
        if (shared_->ids.insert(id, slot) == nullptr) return false;
        ids_.push_back(id);
        return true;
    }
    bool join_tls(bool dials);
    bool open_stream() {
        if (!dialled || stream_ >= 0 || !is_shaken()) return true;
        return ngtcp2_conn_open_bidi_stream(conn_, &stream_, nullptr) == 0 || fail(NGTCP2_ERR_PROTO);
    }
    bool fail(int library_code);
    bool issue(ngtcp2_cid& id, std::uint8_t* reset, std::size_t size);
    int take(std::int64_t stream, Flag flags, BytesIn bytes);
    void greet();
    void moved(ngtcp2_path_validation_result result) {
        migrations += result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS;
    }

    QuicShared* shared_ = nullptr;
    ngtcp2_conn* conn_ = nullptr;
    GnuTls tls_;
    ngtcp2_crypto_conn_ref ref_{};
    std::vector<QuicId> ids_;
    std::int64_t stream_ = -1;
    QuicCause cause_{};
};

inline ngtcp2_cid QuicConnection::new_id() {
    ngtcp2_cid id{};
    id.datalen = quic_id_bytes;
    gnutls_secret(id.data, id.datalen);
    return id;
}

inline ngtcp2_settings QuicConnection::settings(Instant now, BytesIn with_token) const {
    ngtcp2_settings made;
    ngtcp2_settings_default(&made);
    made.initial_ts = to_quic(now);
    made.max_tx_udp_payload_size = quic_datagram_bytes;
    made.no_pmtud = 1;
    made.handshake_timeout = UINT64_MAX; // whoever keeps it has a deadline for that
    set_token(made, with_token);
    return made;
}

inline ngtcp2_transport_params QuicConnection::params(bool accepts) const {
    ngtcp2_transport_params made;
    ngtcp2_transport_params_default(&made);
    const QuicOptions& options = shared_->options;
    const std::uint64_t window = std::max<std::uint64_t>(options.window, 2 * frame_max);
    made.initial_max_stream_data_bidi_local = made.initial_max_stream_data_bidi_remote = window;
    made.initial_max_data = window;
    made.initial_max_streams_bidi = accepts ? 1 : 0; // and none of any other kind
    made.max_idle_timeout = to_quic(options.idle_max);
    made.active_connection_id_limit = 4;
    made.max_datagram_frame_size = quic_datagram_bytes;
    return made;
}

inline bool QuicConnection::accept(QuicShared& shared, const ngtcp2_pkt_hd& head, const ngtcp2_cid* original,
                                   Instant now) {
    shared_ = &shared;
    stage = Stage::covering;
    const ngtcp2_cid id = new_id();
    ngtcp2_settings set = settings(now, token_of(head));
    ngtcp2_transport_params with = params(true);
    set_original(with, original == nullptr ? head.dcid : *original);
    if (original != nullptr) {
        with.retry_scid = head.dcid;
        with.retry_scid_present = 1;
    }
    with.stateless_reset_token_present =
        ngtcp2_crypto_generate_stateless_reset_token(with.stateless_reset_token, shared.secret,
                                                     sizeof shared.secret, &id) == 0;
    const ngtcp2_callbacks calls = callbacks(false);
    const QuicPath at(shared.local, address);
    if (ngtcp2_conn_server_new(&conn_, &head.scid, &id, &at.path, head.version, &calls, &set, &with, nullptr,
                               this) != 0)
        return conn_ = nullptr, false;
    return list(id) && list(head.dcid) && tls_.accept(shared.tls) && join_tls(false);
}

inline bool QuicConnection::dial(QuicShared& shared, std::string_view host, BytesIn kept_ticket,
                                 BytesIn kept_token, Instant now) {
    shared_ = &shared;
    dialled = true;
    const ngtcp2_cid id = new_id();
    ngtcp2_cid first{};
    first.datalen = 16;
    gnutls_secret(first.data, first.datalen);
    const ngtcp2_settings set = settings(now, kept_token);
    const ngtcp2_transport_params with = params(false);
    const ngtcp2_callbacks calls = callbacks(true);
    const QuicPath at(shared.local, address);
    if (ngtcp2_conn_client_new(&conn_, &first, &id, &at.path, NGTCP2_PROTO_VER_V1, &calls, &set, &with,
                               nullptr, this) != 0)
        return conn_ = nullptr, false;
    ngtcp2_conn_set_keep_alive_timeout(conn_, to_quic(shared.options.idle_max / 3));
    const AddressText text = static_cast<const IpAddress&>(address).text();
    std::string_view place = text.view().substr(0, text.view().rfind(':'));
    if (place.starts_with('[')) place = place.substr(1, place.find_first_of("]%") - 1);
    return list(id) && tls_.dial(shared.tls, host, place, kept_ticket) && join_tls(true);
}

inline bool QuicConnection::join_tls(bool dials) {
    ref_.user_data = this;
    ref_.get_conn = [](ngtcp2_crypto_conn_ref* ref) { return of(ref->user_data).conn_; };
    const gnutls_session_t session = tls_.session();
    gnutls_session_set_ptr(session, &ref_);
    ngtcp2_conn_set_tls_native_handle(conn_, session);
    if (!dials) return ngtcp2_crypto_gnutls_configure_server_session(session) == 0;
    gnutls_session_set_verify_function(session, [](gnutls_session_t of_whom) {
        QuicConnection& c = of(of_whom);
        if (c.tls_.is_believed()) return 0;
        c.error = c.tls_.error();
        return GNUTLS_E_CERTIFICATE_ERROR;
    });
    gnutls_handshake_set_hook_function(
        session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET, GNUTLS_HOOK_POST,
        [](gnutls_session_t of_whom, unsigned, unsigned, unsigned, const gnutls_datum_t*) {
            QuicConnection& c = of(of_whom);
            c.tls_.ticket([&](BytesIn bytes) { c.ticket.assign(bytes.begin(), bytes.end()); });
            return 0;
        });
    return ngtcp2_crypto_gnutls_configure_client_session(session) == 0;
}

inline ngtcp2_callbacks QuicConnection::callbacks(bool dials) {
    ngtcp2_callbacks calls{};
    if (dials) {
        calls.client_initial = ngtcp2_crypto_client_initial_cb;
        calls.recv_retry = ngtcp2_crypto_recv_retry_cb;
    } else {
        calls.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    }
    calls.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
    calls.encrypt = ngtcp2_crypto_encrypt_cb;
    calls.decrypt = ngtcp2_crypto_decrypt_cb;
    calls.hp_mask = ngtcp2_crypto_hp_mask_cb;
    calls.update_key = ngtcp2_crypto_update_key_cb;
    calls.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
    calls.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
    calls.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
    calls.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
    calls.rand = [](std::uint8_t* into, std::size_t size, const ngtcp2_rand_ctx*) {
        gnutls_secret(into, size);
    };
    calls.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* reset, std::size_t size,
                                     void* user) {
        return of(user).issue(*id, reset, size) ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    };
    calls.remove_connection_id = [](ngtcp2_conn*, const ngtcp2_cid* id, void* user) {
        QuicConnection& c = of(user);
        c.shared_->ids.erase(*id);
        std::erase(c.ids_, QuicId(*id));
        return 0;
    };
    calls.handshake_completed = [](ngtcp2_conn*, void* user) { return of(user).greet(), 0; };
    calls.recv_stream_data = [](ngtcp2_conn*, Flag flags, std::int64_t stream, std::uint64_t,
                                const std::uint8_t* data, std::size_t size, void* user, void*) {
        return of(user).take(stream, flags, {reinterpret_cast<const std::byte*>(data), size});
    };
    calls.recv_datagram = [](ngtcp2_conn*, Flag, const std::uint8_t* data, std::size_t size, void* user) {
        of(user).datagrams.take({reinterpret_cast<const std::byte*>(data), size});
        return 0;
    };
    calls.acked_stream_data_offset = [](ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t size,
                                        void* user, void*) {
        of(user).out.settle(static_cast<std::size_t>(size));
        return 0;
    };
    calls.stream_open = [](ngtcp2_conn*, std::int64_t stream, void* user) {
        return of(user).stream_ = stream, 0;
    };
    calls.stream_reset = [](ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t, void* user, void*) {
        return of(user).ended = true, 0;
    };
    calls.stream_stop_sending = [](ngtcp2_conn*, std::int64_t, std::uint64_t, void* user, void*) {
        return of(user).mute = true, 0;
    };
#if NGTCP2_VERSION_NUM >= 0x010000
    calls.path_validation = [](ngtcp2_conn*, Flag, const ngtcp2_path*, const ngtcp2_path*,
                               ngtcp2_path_validation_result result,
                               void* user) { return of(user).moved(result), 0; };
    calls.recv_new_token = [](ngtcp2_conn*, const std::uint8_t* made, std::size_t size, void* user) {
        const auto* bytes = reinterpret_cast<const std::byte*>(made);
        return of(user).token.assign(bytes, bytes + size), 0;
    };
#else
    calls.path_validation = [](ngtcp2_conn*, Flag, const ngtcp2_path*, ngtcp2_path_validation_result result,
                               void* user) { return of(user).moved(result), 0; };
    calls.recv_new_token = [](ngtcp2_conn*, const ngtcp2_vec* made, void* user) {
        const auto* bytes = reinterpret_cast<const std::byte*>(made->base);
        return of(user).token.assign(bytes, bytes + made->len), 0;
    };
#endif
    return calls;
}

inline bool QuicConnection::issue(ngtcp2_cid& id, std::uint8_t* reset, std::size_t size) {
    id.datalen = size;
    gnutls_secret(id.data, size);
    return ngtcp2_crypto_generate_stateless_reset_token(reset, shared_->secret, sizeof shared_->secret,
                                                        &id) == 0 &&
           list(id);
}

inline int QuicConnection::take(std::int64_t stream, Flag flags, BytesIn bytes) {
    if (stream == stream_ && is_up() && !in.append(bytes)) return NGTCP2_ERR_CALLBACK_FAILURE;
    ngtcp2_conn_extend_max_stream_offset(conn_, stream, bytes.size());
    ngtcp2_conn_extend_max_offset(conn_, bytes.size());
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) ended = true;
    return 0;
}

// Hands are shaken: a guest gets what makes it quicker the next time.
inline void QuicConnection::greet() {
    resumed = tls_.is_resumed();
    if (dialled) return;
    tls_.send_ticket();
    std::uint8_t made[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
    const ngtcp2_addr& from = ngtcp2_conn_get_path(conn_)->remote;
    const ngtcp2_ssize size = ngtcp2_crypto_generate_regular_token(
        made, shared_->secret, sizeof shared_->secret, from.addr, from.addrlen, to_quic(now()));
    if (size > 0) (void)ngtcp2_conn_submit_new_token(conn_, made, static_cast<std::size_t>(size));
}

inline std::size_t QuicConnection::write(BytesOut into, IpAddress& to, Instant now) {
    if (over || gone) return 0;
    ngtcp2_path_storage at;
    ngtcp2_path_storage_zero(&at);
    ngtcp2_pkt_info info;
    blocked = false;
    if (stage == Stage::open && datagrams.waits()) {
        const ngtcp2_ssize size = datagrams.write(conn_, &at.path, &info, into, to_quic(now));
        if (size > 0) return to = from_system(at.path.remote), static_cast<std::size_t>(size);
        if (size < 0 && size != NGTCP2_ERR_WRITE_MORE) return fail(static_cast<int>(size)), 0;
    }
    const std::size_t flight_max = shared_->options.flight_max;
    for (bool with_stream = stream_ >= 0 && !mute;; with_stream = false) {
        ngtcp2_vec pieces[4];
        std::size_t count = 0, room = flight_max > out.in_flight() ? flight_max - out.in_flight() : 0;
        if (with_stream)
            out.each_waiting([&](BytesIn piece) {
                const std::size_t size = std::min(piece.size(), room);
                if (size == 0) return false;
                pieces[count++] = {const_cast<std::uint8_t*>(octets(piece)), size};
                room -= size;
                return count < 4;
            });
        ngtcp2_ssize taken = -1;
        const ngtcp2_ssize size = ngtcp2_conn_writev_stream(
            conn_, &at.path, &info, octets(into), into.size(), &taken, NGTCP2_WRITE_STREAM_FLAG_NONE,
            count != 0 ? stream_ : -1, pieces, count, to_quic(now));
        if (taken > 0) out.give(static_cast<std::size_t>(taken));
        if (size == NGTCP2_ERR_STREAM_DATA_BLOCKED || size == NGTCP2_ERR_STREAM_SHUT_WR) {
            blocked = true;
            continue; // what else there is to say
        }
        if (size < 0) return fail(static_cast<int>(size)), 0;
        blocked = blocked || (size == 0 && out.waiting() != 0);
        if (size > 0) to = from_system(at.path.remote);
        return static_cast<std::size_t>(size);
    }
}

inline std::size_t QuicConnection::write_close(BytesOut into, IpAddress& to, Instant now) {
    if (conn_ == nullptr || gone) return 0;
    if (!over) set_own_cause(cause_, code);
    ngtcp2_path_storage at;
    ngtcp2_path_storage_zero(&at);
    ngtcp2_pkt_info info;
    const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(conn_, &at.path, &info, octets(into),
                                                                 into.size(), &cause_, to_quic(now));
    over = gone = true;
    if (size <= 0) return 0;
    to = from_system(at.path.remote);
    return static_cast<std::size_t>(size);
}

inline bool QuicConnection::fail(int library_code) {
    const bool refused_key =
        error == Error::unknown_key || error == Error::expired || error == Error::key_changed;
    switch (library_code) {
        case NGTCP2_ERR_DRAINING:
            gone = true;
            error = to_error(cause_of(conn_));
            break;
        case NGTCP2_ERR_CLOSING:
        case NGTCP2_ERR_DROP_CONN:
        case NGTCP2_ERR_RETRY:
            gone = true;
            break;
        case NGTCP2_ERR_IDLE_CLOSE:
        case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
            gone = true;
            error = Error::timed_out;
            break;
        case NGTCP2_ERR_CRYPTO:
            if (!refused_key) error = Error::encryption_mismatch;
            set_alert_cause(cause_, ngtcp2_conn_get_tls_alert(conn_));
            break;
        default:
            if (!refused_key) error = Error::malformed;
            set_library_cause(cause_, library_code);
            break;
    }
    over = true;
    return false;
}

} // namespace detail

} // namespace tenon::transport
