#pragma once
// QuicDoor: what is done with datagrams that belong to no connection. Nothing is kept of a stranger until it
// has shown that its address is its own, and no answer is larger than what it answers. QuicOver asks it.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tenon/transport/quic_shared.hpp"

namespace tenon::transport {

struct QuicDoorCounters {
    std::uint64_t retried = 0;        // strangers who were asked to show their address
    std::uint64_t other_versions = 0; // who were told which version is spoken
    std::uint64_t reset = 0;          // who speak of a connection that is not here any more
    std::uint64_t refused = 0;        // who were told to go
    std::uint64_t dropped = 0;        // what nothing was said to
};

namespace detail {

class QuicDoor {
  public:
    struct Visit {
        bool admitted = false;  // a stranger who may have a connection
        bool retried = false;   // and came for the second time, with `original` the first
        std::size_t answer = 0; // bytes that were written for it
        ngtcp2_pkt_hd head{};
        ngtcp2_cid original{};
    };

    // What is in `into` is to be sent back, where the visit says so.
    Visit look(const QuicShared& shared, const ngtcp2_version_cid& ids, int read, const IpAddress& from,
               BytesIn datagram, BytesOut into, Instant now) {
        Visit visit;
        into = into.first(std::min(into.size(), datagram.size()));
        if (read == NGTCP2_ERR_VERSION_NEGOTIATION) {
            if (shared.listens && datagram.size() >= quic_datagram_bytes) offer_version(visit, ids, into);
        } else if (read == 0 && ids.version == 0) {
            if (ids.dcidlen == quic_id_bytes) reset(visit, shared, ids, datagram.size(), into);
        } else if (read == 0 && shared.listens && datagram.size() >= quic_datagram_bytes &&
                   ngtcp2_accept(&visit.head, octets(datagram), datagram.size()) == 0) {
            judge(visit, shared, from, into, now);
        }
        counters_.dropped += visit.answer == 0 && !visit.admitted;
        return visit;
    }
    // The answer to one who is not let in.
    std::size_t refuse(const ngtcp2_pkt_hd& head, std::uint64_t why, BytesOut into) {
        ++counters_.refused;
        return count(ngtcp2_crypto_write_connection_close(octets(into), into.size(), head.version, &head.scid,
                                                          &head.dcid, why, nullptr, 0));
    }
    const QuicDoorCounters& counters() const { return counters_; }

  private:
    static constexpr Duration retry_patience = seconds(10);

    static std::size_t count(ngtcp2_ssize written) {
        return written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    void offer_version(Visit& visit, const ngtcp2_version_cid& ids, BytesOut into) {
        std::uint8_t random = 0;
        gnutls_secret(&random, 1);
        const std::uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
        visit.answer = count(ngtcp2_pkt_write_version_negotiation(
            octets(into), into.size(), random, ids.scid, ids.scidlen, ids.dcid, ids.dcidlen, versions, 1));
        counters_.other_versions += visit.answer != 0;
    }
    // Smaller than what it answers, so that two who have both forgotten soon fall silent.
    void reset(Visit& visit, const QuicShared& shared, const ngtcp2_version_cid& ids, std::size_t size,
               BytesOut into) {
        constexpr std::size_t least = NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN;
        if (size <= least) return;
        ngtcp2_cid id{};
        ngtcp2_cid_init(&id, ids.dcid, ids.dcidlen);
        std::uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], random[24];
        gnutls_secret(random, sizeof random);
        const std::size_t length = std::min(sizeof random, size - 1 - sizeof token);
        if (ngtcp2_crypto_generate_stateless_reset_token(token, shared.secret, sizeof shared.secret, &id) !=
            0)
            return;
        visit.answer =
            count(ngtcp2_pkt_write_stateless_reset(octets(into), into.size(), token, random, length));
        counters_.reset += visit.answer != 0;
    }
    void judge(Visit& visit, const QuicShared& shared, const IpAddress& from, BytesOut into, Instant now) {
        const BytesIn token = token_of(visit.head);
        const sockaddr_in6 address = to_system(from);
        const auto* system = reinterpret_cast<const ngtcp2_sockaddr*>(&address);
        const int magic = token.empty() ? -1 : std::to_integer<int>(token[0]);
        if (magic == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) {
            visit.admitted = visit.retried =
                ngtcp2_crypto_verify_retry_token(&visit.original, octets(token), token.size(), shared.secret,
                                                 sizeof shared.secret, visit.head.version, system,
                                                 sizeof address, &visit.head.dcid, to_quic(retry_patience),
                                                 to_quic(now)) == 0;
            // It was asked already, and would not take a second time.
            if (!visit.admitted) visit.answer = refuse(visit.head, NGTCP2_INVALID_TOKEN, into);
            return;
        }
        if (magic == NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR)
            visit.admitted = ngtcp2_crypto_verify_regular_token(
                                 octets(token), token.size(), shared.secret, sizeof shared.secret, system,
                                 sizeof address, to_quic(shared.options.token_lifetime), to_quic(now)) == 0;
        if (!visit.admitted) ask_again(visit, shared, system, sizeof address, into, now);
    }
    void ask_again(Visit& visit, const QuicShared& shared, const ngtcp2_sockaddr* system,
                   std::size_t system_size, BytesOut into, Instant now) {
        ngtcp2_cid id{};
        id.datalen = quic_id_bytes;
        gnutls_secret(id.data, id.datalen);
        std::uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
        const ngtcp2_ssize size = ngtcp2_crypto_generate_retry_token(
            token, shared.secret, sizeof shared.secret, visit.head.version, system,
            static_cast<ngtcp2_socklen>(system_size), &id, &visit.head.dcid, to_quic(now));
        if (size <= 0) return;
        visit.answer =
            count(ngtcp2_crypto_write_retry(octets(into), into.size(), visit.head.version, &visit.head.scid,
                                            &id, &visit.head.dcid, token, static_cast<std::size_t>(size)));
        counters_.retried += visit.answer != 0;
    }

    QuicDoorCounters counters_;
};

} // namespace detail

} // namespace tenon::transport
