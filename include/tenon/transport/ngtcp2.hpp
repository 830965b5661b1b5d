#pragma once
// The one place that meets ngtcp2, where 0.12 and 1.x differ, and the translation of its identities, paths
// and reasons. Quic calls it. Link it with -lngtcp2 -lngtcp2_crypto_gnutls -lgnutls.

#if !__has_include(<ngtcp2/ngtcp2_crypto_gnutls.h>)
#error \
    "tenon: quic.hpp needs ngtcp2 with GnuTLS: install libngtcp2-dev and libngtcp2-crypto-gnutls-dev (Debian)"
#endif
#include <netinet/in.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::transport::detail {

inline ngtcp2_tstamp to_quic(Instant at) { return static_cast<ngtcp2_tstamp>(at.ns); }
inline ngtcp2_duration to_quic(Duration time) { return static_cast<ngtcp2_duration>(time.ns); }
inline Instant from_quic(ngtcp2_tstamp at) {
    return at > static_cast<ngtcp2_tstamp>(Instant::never().ns) ? Instant::never()
                                                                : Instant{static_cast<std::int64_t>(at)};
}
inline const std::uint8_t* octets(BytesIn bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}
inline std::uint8_t* octets(BytesOut bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

// By which a packet says whose it is.
struct QuicId {
    std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};
    std::uint8_t size = 0;

    QuicId() = default;
    QuicId(const std::uint8_t* from, std::size_t count) : size(static_cast<std::uint8_t>(count)) {
        std::memcpy(bytes.data(), from, count);
    }
    QuicId(const ngtcp2_cid& id) : QuicId(id.data, id.datalen) {}

    std::uint64_t hash(std::uint64_t seed) const {
        std::byte padded[24] = {};
        std::memcpy(padded, bytes.data(), bytes.size());
        seed = splitmix(seed ^ size);
        for (std::size_t i = 0; i < sizeof padded; i += 8)
            seed = splitmix(seed ^ load_le<std::uint64_t>(padded + i));
        return seed;
    }
    friend bool operator==(const QuicId&, const QuicId&) = default;
};

// An address in the system's form, in which IPv4 is a part of IPv6: so one peer has one form.
inline sockaddr_in6 to_system(const IpAddress& address) {
    sockaddr_in6 system{};
    system.sin6_family = AF_INET6;
    system.sin6_port = htons(address.port);
    system.sin6_scope_id = address.scope;
    std::memcpy(&system.sin6_addr, address.bytes.data(), 16);
    return system;
}
inline IpAddress from_system(const ngtcp2_addr& address) {
    sockaddr_in6 system;
    std::memcpy(&system, address.addr, sizeof system);
    IpAddress found = IpAddress::any(ntohs(system.sin6_port));
    std::memcpy(found.bytes.data(), &system.sin6_addr, 16);
    found.scope = system.sin6_scope_id;
    return found;
}

// Where a packet came in and from where, for the length of a call.
struct QuicPath {
    sockaddr_in6 local, remote;
    ngtcp2_path path;

    QuicPath(const IpAddress& here, const IpAddress& there)
        : local(to_system(here)), remote(to_system(there)), path{of(local), of(remote), nullptr} {}
    QuicPath(const QuicPath&) = delete;
    QuicPath& operator=(const QuicPath&) = delete;

  private:
    static ngtcp2_addr of(sockaddr_in6& system) {
        return {reinterpret_cast<ngtcp2_sockaddr*>(&system), sizeof system};
    }
};

// Why a connection ends.
#if NGTCP2_VERSION_NUM >= 0x010000
using QuicCause = ngtcp2_ccerr;
inline void set_library_cause(QuicCause& cause, int code) {
    ngtcp2_ccerr_set_liberr(&cause, code, nullptr, 0);
}
inline void set_alert_cause(QuicCause& cause, std::uint8_t alert) {
    ngtcp2_ccerr_set_tls_alert(&cause, alert, nullptr, 0);
}
inline void set_own_cause(QuicCause& cause, std::uint64_t code) {
    ngtcp2_ccerr_set_application_error(&cause, code, nullptr, 0);
}
inline QuicCause cause_of(ngtcp2_conn* conn) { return *ngtcp2_conn_get_ccerr(conn); }
inline bool is_own(const QuicCause& cause) { return cause.type == NGTCP2_CCERR_TYPE_APPLICATION; }
inline BytesIn token_of(const ngtcp2_pkt_hd& head) {
    return {reinterpret_cast<const std::byte*>(head.token), head.tokenlen};
}
inline void set_token(ngtcp2_settings& settings, BytesIn token) {
    settings.token = octets(token);
    settings.tokenlen = token.size();
}
// A server's: with which it was shown an address.
inline void set_token_kind(ngtcp2_settings& settings, bool of_retry) {
    settings.token_type = of_retry ? NGTCP2_TOKEN_TYPE_RETRY : NGTCP2_TOKEN_TYPE_NEW_TOKEN;
}
inline void set_original(ngtcp2_transport_params& params, const ngtcp2_cid& id) {
    params.original_dcid = id;
    params.original_dcid_present = 1;
}
#else
using QuicCause = ngtcp2_connection_close_error;
inline void set_library_cause(QuicCause& cause, int code) {
    ngtcp2_connection_close_error_set_transport_error_liberr(&cause, code, nullptr, 0);
}
inline void set_alert_cause(QuicCause& cause, std::uint8_t alert) {
    ngtcp2_connection_close_error_set_transport_error_tls_alert(&cause, alert, nullptr, 0);
}
inline void set_own_cause(QuicCause& cause, std::uint64_t code) {
    ngtcp2_connection_close_error_set_application_error(&cause, code, nullptr, 0);
}
inline QuicCause cause_of(ngtcp2_conn* conn) {
    QuicCause cause{};
    ngtcp2_conn_get_connection_close_error(conn, &cause);
    return cause;
}
inline bool is_own(const QuicCause& cause) {
    return cause.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
}
inline BytesIn token_of(const ngtcp2_pkt_hd& head) {
    return {reinterpret_cast<const std::byte*>(head.token.base), head.token.len};
}
inline void set_token(ngtcp2_settings& settings, BytesIn token) {
    settings.token = {const_cast<std::uint8_t*>(octets(token)), token.size()}; // it is copied
}
inline void set_token_kind(ngtcp2_settings&, bool) {}
inline void set_original(ngtcp2_transport_params& params, const ngtcp2_cid& id) { params.original_dcid = id; }
#endif

// What a cause that the other side gave comes to for us.
inline Error to_error(const QuicCause& cause) {
    if (is_own(cause) || cause.error_code == NGTCP2_NO_ERROR) return Error::closed;
    if (cause.error_code == NGTCP2_CONNECTION_REFUSED) return Error::refused;
    const bool alert = cause.error_code >= 0x100 && cause.error_code < 0x200; // of the handshake
    return alert ? Error::encryption_mismatch : Error::closed;
}

} // namespace tenon::transport::detail
