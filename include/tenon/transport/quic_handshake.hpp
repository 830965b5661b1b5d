#pragma once
// How a QuicConnection begins: what both sides ask for, how hands are shaken, and what ngtcp2 calls from then
// on. QuicState brings it; the connection's other half is in quic_connection.hpp.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/transport/quic_connection.hpp"

namespace tenon::transport::detail {

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
    made.initial_max_stream_data_uni = shared_->terms.one_way != 0 ? window : 0;
    made.initial_max_streams_bidi = accepts ? shared_->terms.both_ways : 0; // and never more
    made.initial_max_streams_uni = shared_->terms.one_way;
    if (shared_->terms.bulk) { // which take nothing of the window of the others
        made.initial_max_streams_uni = options.bulk_streams;
        made.initial_max_stream_data_uni = QuicBulk::stream_bytes;
        made.initial_max_data += std::uint64_t(options.bulk_streams) * QuicBulk::stream_bytes;
    }
    made.max_datagram_frame_size = shared_->terms.datagram_bytes;
    made.max_idle_timeout = to_quic(options.idle_max);
    made.active_connection_id_limit = 4;
    return made;
}

inline bool QuicConnection::accept(QuicShared& shared, const ngtcp2_pkt_hd& head, const ngtcp2_cid* original,
                                   Instant now) {
    shared_ = &shared;
    stage = Stage::covering;
    const ngtcp2_cid id = new_id();
    ngtcp2_settings set = settings(now, token_of(head));
    set_token_kind(set, original != nullptr);
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
        return of(user).datagrams.take({reinterpret_cast<const std::byte*>(data), size}), 0;
    };
    calls.acked_stream_data_offset = [](ngtcp2_conn*, std::int64_t stream, std::uint64_t, std::uint64_t size,
                                        void* user, void*) {
        return of(user).settle(stream, static_cast<std::size_t>(size)), 0;
    };
    calls.stream_open = [](ngtcp2_conn*, std::int64_t stream, void* user) {
        return of(user).begin(stream), 0;
    };
    calls.stream_reset = [](ngtcp2_conn*, std::int64_t stream, std::uint64_t, std::uint64_t, void* user,
                            void*) { return of(user).end(stream), 0; };
    calls.stream_stop_sending = [](ngtcp2_conn*, std::int64_t stream, std::uint64_t, void* user, void*) {
        QuicConnection& c = of(user);
        if (QuicSide* side = c.sides.find(stream); side != nullptr)
            side->stop();
        else if (c.is_bulk(stream))
            c.bulk.fail(Error::malformed);
        else
            c.mute = true;
        return 0;
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

} // namespace tenon::transport::detail
