#pragma once
// TlsOptions: whose certificate a server shows, and whom a client believes. The transports under TLS take
// them, Quic among them.

#include <cstddef>
#include <string>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::transport {

// Files are PEM, as everybody writes them.
struct TlsOptions {
    std::string certificate = {}; // a server's, with those that vouch for it behind it
    std::string key = {};         // and the secret key to it
    // Whom a client believes: whoever signed with one of these; empty: the authorities of the system. The
    // certificate has to be for the host that was dialled.
    std::string authorities = {};
    std::string host_name = {};   // for this one instead
    std::string fingerprint = {}; // or the certificate of this SHA-256, in hexadecimal, whoever signed it
};

namespace detail {

// Whether a digest is the one that is written in hexadecimal, with or without colons.
inline bool is_fingerprint(std::string_view written, BytesIn digest) {
    std::size_t at = 0;
    for (const char c : written) {
        if (c == ':') continue;
        const int digit = hex_digit(c);
        if (digit < 0 || at == 2 * digest.size()) return false;
        const unsigned byte = std::to_integer<unsigned>(digest[at / 2]);
        if (static_cast<unsigned>(digit) != (at % 2 == 0 ? byte >> 4 : byte & 15)) return false;
        ++at;
    }
    return at == 2 * digest.size();
}

} // namespace detail

} // namespace tenon::transport
