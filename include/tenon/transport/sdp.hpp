#pragma once
// Sdp: what two WebRTC peers tell each other before they meet (RFC 8866, 8829 and 8841), as far as data
// channels need it: bounded, strict, read in place. WebRtc reads offers and writes answers, or the other way.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/http_head.hpp"

namespace tenon::transport::detail {

using CertificatePrint = std::array<std::uint8_t, 32>; // SHA-256

struct Sdp {
    static constexpr std::size_t bytes_max = 16 << 10, lines_max = 256, candidates_max = 8;
    enum class Setup : std::uint8_t { none, active, passive, actpass };

    std::string_view mid;            // what the one who offers calls it
    std::string_view user, password; // by which the checks of the path are vouched for
    CertificatePrint print{};        // of the certificate that this side will show
    bool has_print = false;
    Setup setup = Setup::none;         // who begins the handshake
    bool lite = false;                 // this side only answers checks
    std::uint16_t port = 0;            // of SCTP
    std::uint32_t message_max = 65536; // as the standard has it where nothing is said
    std::array<IpAddress, candidates_max> candidates{};
    std::size_t candidate_count = 0;

    // `malformed`: it is no description, or lacks what a data channel takes; `too_large`: by far too long.
    static Result<Sdp> read(std::string_view text);
    std::string write(std::uint64_t session) const;

    bool add(const IpAddress& candidate) {
        for (std::size_t i = 0; i < candidate_count; ++i)
            if (candidates[i] == candidate) return true;
        if (candidate_count == candidates_max) return false;
        candidates[candidate_count++] = candidate;
        return true;
    }

  private:
    bool heed(char type, std::string_view value);
    bool heed_attribute(std::string_view name, std::string_view value);
    bool heed_media(std::string_view value);
    bool heed_candidate(std::string_view value);
    bool heed_print(std::string_view value);

    std::size_t media_ = 0;
    bool has_port_ = false, has_message_max_ = false, has_mid_ = false;
};

// The next word of a text with blanks, which is taken off.
constexpr std::string_view next_word(std::string_view& text) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}
constexpr bool is_ice_text(std::string_view text, std::size_t min) {
    if (text.size() < min || text.size() > 256) return false;
    for (const char c : text)
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '+' || c == '/'))
            return false;
    return true;
}
constexpr bool is_token(std::string_view text, std::size_t max) {
    if (text.empty() || text.size() > max) return false;
    for (const char c : text)
        if (c <= ' ' || c > '~') return false;
    return true;
}

inline Result<Sdp> Sdp::read(std::string_view text) {
    if (text.size() > bytes_max) return Error::too_large;
    Sdp sdp;
    std::size_t lines = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos || ++lines > lines_max) return Error::malformed;
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z') return Error::malformed;
        for (const char c : line)
            if (static_cast<unsigned char>(c) < ' ' && c != '\t') return Error::malformed;
        if (lines == 1 && line != "v=0") return Error::malformed;
        if (!sdp.heed(line[0], line.substr(2))) return Error::malformed;
    }
    const bool whole = sdp.media_ == 1 && sdp.has_mid_ && sdp.has_port_ && sdp.has_print &&
                       sdp.setup != Setup::none && !sdp.user.empty() && !sdp.password.empty();
    if (!whole) return Error::malformed;
    return sdp;
}

inline bool Sdp::heed(char type, std::string_view value) {
    if (type == 'm') return heed_media(value);
    if (type != 'a') return true; // versions, names, times: nothing hangs on them
    const std::size_t colon = value.find(':');
    return colon == std::string_view::npos ? heed_attribute(value, {})
                                           : heed_attribute(value.substr(0, colon), value.substr(colon + 1));
}

inline bool Sdp::heed_media(std::string_view value) {
    std::uint64_t number = 0;
    if (++media_ > 1 || next_word(value) != "application") return false;
    return read_decimal(next_word(value), 65535, number) && next_word(value) == "UDP/DTLS/SCTP" &&
           value == "webrtc-datachannel";
}

inline bool Sdp::heed_attribute(std::string_view name, std::string_view value) {
    std::uint64_t number = 0;
    if (name == "ice-ufrag") {
        if (!user.empty() || !is_ice_text(value, 4)) return false;
        user = value;
    } else if (name == "ice-pwd") {
        if (!password.empty() || !is_ice_text(value, 22)) return false;
        password = value;
    } else if (name == "ice-lite") {
        lite = true;
    } else if (name == "fingerprint") {
        return heed_print(value);
    } else if (name == "setup") {
        if (setup != Setup::none) return false;
        setup = value == "active"    ? Setup::active
                : value == "passive" ? Setup::passive
                : value == "actpass" ? Setup::actpass
                                     : Setup::none;
        return setup != Setup::none;
    } else if (name == "mid") {
        if (has_mid_ || !is_token(value, 32)) return false;
        has_mid_ = true;
        mid = value;
    } else if (name == "sctp-port") {
        if (has_port_ || !read_decimal(value, 65535, number) || number == 0) return false;
        has_port_ = true;
        port = static_cast<std::uint16_t>(number);
    } else if (name == "max-message-size") {
        if (has_message_max_ || !read_decimal(value, 0xFFFF'FFFF, number)) return false;
        has_message_max_ = true;
        message_max =
            static_cast<std::uint32_t>(number == 0 ? 0xFFFF'FFFF : number); // 0: as large as you like
    } else if (name == "candidate") {
        return heed_candidate(value);
    }
    return true;
}

// One of another kind beside it is passed over; two of this kind are one too many.
inline bool Sdp::heed_print(std::string_view value) {
    if (!same_word(next_word(value), "sha-256")) return true;
    if (has_print || value.size() != print.size() * 3 - 1) return false;
    for (std::size_t i = 0; i < print.size(); ++i) {
        const int high = hex_digit(value[i * 3]), low = hex_digit(value[i * 3 + 1]);
        if (high < 0 || low < 0 || (i + 1 < print.size() && value[i * 3 + 2] != ':')) return false;
        print[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return has_print = true;
}

// Where it may be reached. What can't be used (TCP, names that hide an address) is passed over.
inline bool Sdp::heed_candidate(std::string_view value) {
    const std::string_view foundation = next_word(value), component = next_word(value);
    const std::string_view protocol = next_word(value), priority = next_word(value);
    const std::string_view host = next_word(value), port_text = next_word(value);
    std::uint64_t number = 0, at = 0;
    if (!is_token(foundation, 32) || !read_decimal(component, 256, number)) return false;
    const bool first = number == 1;
    if (!read_decimal(priority, 0xFFFF'FFFF, number) || !read_decimal(port_text, 65535, at)) return false;
    if (next_word(value) != "typ" || host.empty()) return false;
    if (!first || !same_word(protocol, "udp") || at == 0 || candidate_count == candidates_max) return true;
    const bool v6 = host.find(':') != std::string_view::npos;
    if (const auto address = IpAddress::parse(HostAndPort{host, static_cast<std::uint16_t>(at), v6}))
        add(*address);
    return true;
}

inline std::string Sdp::write(std::uint64_t session) const {
    std::string text =
        "v=0\r\no=- " + std::to_string(session >> 1) + " 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    const auto line = [&](std::string_view name, std::string_view value) {
        ((text += name) += value) += "\r\n";
    };
    line("a=group:BUNDLE ", mid);
    if (lite) text += "a=ice-lite\r\n";
    text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n";
    line("a=mid:", mid);
    line("a=ice-ufrag:", user);
    line("a=ice-pwd:", password);
    text += "a=fingerprint:sha-256 ";
    for (std::size_t i = 0; i < print.size(); ++i) {
        if (i != 0) text += ':';
        text += "0123456789ABCDEF"[print[i] >> 4];
        text += "0123456789ABCDEF"[print[i] & 15];
    }
    line("\r\na=setup:", setup == Setup::active ? "active" : setup == Setup::passive ? "passive" : "actpass");
    line("a=sctp-port:", std::to_string(port));
    line("a=max-message-size:", std::to_string(message_max));
    for (std::size_t i = 0; i < candidate_count; ++i) {
        IpAddress bare = candidates[i];
        const std::string place(bare.text().view()), port_text = std::to_string(bare.port);
        std::string host = place.substr(0, place.rfind(':'));
        if (host.front() == '[') host = host.substr(1, host.size() - 2);
        const std::uint32_t priority = (126u << 24) + ((65535u - static_cast<std::uint32_t>(i)) << 8) + 255;
        line("a=candidate:" + std::to_string(i + 1) + " 1 udp " + std::to_string(priority) + " " + host + " ",
             port_text + " typ host");
    }
    if (candidate_count != 0) text += "a=end-of-candidates\r\n";
    return text;
}

} // namespace tenon::transport::detail
