#pragma once
// IpAddress: where a datagram comes from or goes to, IPv4 and IPv6 alike, and the reading of addresses that
// people write. Knows no socket; the native transports turn it into the system's form.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"

namespace tenon::transport {

// An address as text, held in itself.
class AddressText {
  public:
    constexpr void add(char c) {
        if (size_ < text_.size()) text_[size_++] = c;
    }
    constexpr void add(std::string_view text) {
        for (const char c : text) add(c);
    }
    constexpr void add_number(std::uint64_t number, unsigned base = 10) {
        if (number >= base) add_number(number / base, base);
        add("0123456789abcdef"[number % base]);
    }

    constexpr std::string_view view() const { return {text_.data(), size_}; }
    constexpr operator std::string_view() const { return view(); }

  private:
    std::array<char, 79> text_{}; // [ffff:...:ffff%4294967295]:65535#4294967295 is 69 long
    std::uint8_t size_ = 0;
};

// The part of an address that all who share a connection have in common, where it knows one.
template <class Address>
constexpr auto network_of(const Address& address) {
    if constexpr (requires { address.network(); })
        return address.network();
    else
        return address;
}

struct HostAndPort {
    std::string_view host; // without brackets; empty means this machine
    std::uint16_t port = 0;
    bool bracketed = false; // can only be an IPv6 literal
};

// Splits "HOST:PORT", "[IPV6]:PORT", ":PORT" and "PORT"; nobody can be sent to at port 0, so it is refused.
constexpr Result<HostAndPort> split_address(std::string_view text);

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{}; // IPv4 as ::ffff:a.b.c.d, so that one host has one form
    std::uint32_t scope = 0;              // the interface of a link-local IPv6 address
    std::uint16_t port = 0;

    static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                                  std::uint16_t port) {
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}, 0, port};
    }
    static constexpr IpAddress loopback(std::uint16_t port) { return v4(127, 0, 0, 1, port); }
    static constexpr IpAddress loopback_v6(std::uint16_t port) {
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0, port};
    }
    // All of this machine's addresses: only to bind to.
    static constexpr IpAddress any_v4(std::uint16_t port = 0) { return v4(0, 0, 0, 0, port); }
    static constexpr IpAddress any(std::uint16_t port = 0) { return {{}, 0, port}; }

    // Literals alone: a host's name is a bad_address here, and work for the transport's resolve().
    static constexpr Result<IpAddress> parse(std::string_view text);
    static constexpr Result<IpAddress> parse(const HostAndPort& parts);

    constexpr bool is_v4() const {
        for (std::size_t i = 0; i < 10; ++i)
            if (bytes[i] != 0) return false;
        return bytes[10] == 0xFF && bytes[11] == 0xFF;
    }
    constexpr bool is_any() const {
        for (std::size_t i = is_v4() ? 12 : 0; i < 16; ++i)
            if (bytes[i] != 0) return false;
        return true;
    }
    constexpr bool is_loopback() const {
        if (is_v4()) return bytes[12] == 127;
        for (std::size_t i = 0; i < 15; ++i)
            if (bytes[i] != 0) return false;
        return bytes[15] == 1;
    }
    constexpr AddressText text() const;
    // What all who share a connection have in common: the address itself, or 64 bits of IPv6.
    constexpr IpAddress network() const {
        IpAddress network{bytes, 0, 0};
        for (std::size_t i = is_v4() ? 16 : 8; i < 16; ++i) network.bytes[i] = 0;
        return network;
    }

    constexpr std::uint64_t hash() const { return hash(0); }
    // Who has a whole network of addresses finds many with one hash, but not without the seed.
    constexpr std::uint64_t hash(std::uint64_t seed) const {
        const std::uint64_t rest = static_cast<std::uint64_t>(scope) << 16 | port;
        return splitmix(half(8) ^ splitmix(half(0) ^ splitmix(rest ^ seed)));
    }
    friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
        return a.half(8) == b.half(8) && a.port == b.port && a.half(0) == b.half(0) && a.scope == b.scope;
    }

  private:
    // Eight of the bytes as one number, in one look where it is done for every packet.
    constexpr std::uint64_t half(std::size_t first) const {
        if (!std::is_constant_evaluated())
            return load_le<std::uint64_t>(reinterpret_cast<const std::byte*>(bytes.data()) + first);
        std::uint64_t value = 0;
        for (std::size_t i = 8; i-- > 0;) value = value << 8 | bytes[first + i];
        return value;
    }
};

namespace detail {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits alone, up to `max`; false for an empty text, a sign, or more digits than `max` can need.
constexpr bool read_decimal(std::string_view text, std::uint64_t max, std::uint64_t& value) {
    if (text.empty() || text.size() > 10) return false;
    value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value <= max;
}

constexpr int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Four decimals with dots. A leading zero is refused, because some systems take it for octal.
constexpr bool read_v4(std::string_view text, std::uint8_t* into) {
    for (int part = 0; part < 4; ++part) {
        const std::size_t end = part < 3 ? text.find('.') : text.size();
        if (end == std::string_view::npos) return false;
        const std::string_view digits = text.substr(0, end);
        std::uint64_t value = 0;
        if (digits.size() > 3 || (digits.size() > 1 && digits[0] == '0') || !read_decimal(digits, 255, value))
            return false;
        into[part] = static_cast<std::uint8_t>(value);
        if (part < 3) text.remove_prefix(end + 1);
    }
    return true;
}

// Up to eight groups with at most one "::", the last two possibly as IPv4, and a numeric %scope.
constexpr bool read_v6(std::string_view text, IpAddress& address) {
    if (const std::size_t mark = text.find('%'); mark != std::string_view::npos) {
        std::uint64_t scope = 0;
        if (!read_decimal(text.substr(mark + 1), 0xFFFF'FFFF, scope)) return false;
        address.scope = static_cast<std::uint32_t>(scope);
        text = text.substr(0, mark);
    }
    std::array<std::uint8_t, 16> bytes{};
    std::size_t filled = 0, gap = 17; // 17: no "::" seen
    if (text.size() >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        std::size_t end = 0;
        unsigned group = 0;
        while (end < text.size() && end < 4 && hex_digit(text[end]) >= 0)
            group = group * 16 + static_cast<unsigned>(hex_digit(text[end++]));
        if (end < text.size() && text[end] == '.') {
            if (filled > 12 || !read_v4(text, bytes.data() + filled)) return false;
            filled += 4;
            break;
        }
        if (end == 0 || filled > 14) return false;
        bytes[filled++] = static_cast<std::uint8_t>(group >> 8);
        bytes[filled++] = static_cast<std::uint8_t>(group & 0xFF);
        text.remove_prefix(end);
        if (text.empty()) break;
        if (text[0] != ':' || text.size() == 1) return false;
        text.remove_prefix(1);
        if (text[0] == ':') {
            if (gap != 17) return false;
            gap = filled;
            text.remove_prefix(1);
        }
    }
    if (gap == 17 ? filled != 16 : filled > 14) return false;
    const std::size_t head = gap == 17 ? 16 : gap;
    for (std::size_t i = 0; i < head; ++i) address.bytes[i] = bytes[i];
    for (std::size_t i = head; i < filled; ++i) address.bytes[16 - filled + i] = bytes[i];
    return true;
}

} // namespace detail

constexpr Result<HostAndPort> split_address(std::string_view text) {
    HostAndPort parts;
    std::string_view port = text;
    if (!text.empty() && text[0] == '[') {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':')
            return Error::bad_address;
        parts.host = text.substr(1, close - 1);
        parts.bracketed = true;
        port = text.substr(close + 2);
        if (parts.host.empty()) return Error::bad_address;
    } else if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        parts.host = text.substr(0, colon);
        port = text.substr(colon + 1);
        // An IPv6 address without brackets: its last group would pass for a port.
        if (parts.host.find(':') != std::string_view::npos) return Error::bad_address;
    }
    std::uint64_t value = 0;
    if (!detail::read_decimal(port, 65535, value) || value == 0) return Error::bad_address;
    parts.port = static_cast<std::uint16_t>(value);
    return parts;
}

constexpr Result<IpAddress> IpAddress::parse(const HostAndPort& parts) {
    IpAddress address = loopback(parts.port);
    if (parts.bracketed) {
        address.bytes = {};
        if (!detail::read_v6(parts.host, address)) return Error::bad_address;
    } else if (!parts.host.empty() && !detail::read_v4(parts.host, address.bytes.data() + 12)) {
        return Error::bad_address;
    }
    return address;
}

constexpr Result<IpAddress> IpAddress::parse(std::string_view text) {
    const Result<HostAndPort> parts = split_address(text);
    return parts ? parse(*parts) : Result<IpAddress>(parts.error());
}

constexpr AddressText IpAddress::text() const {
    AddressText out;
    if (is_v4()) {
        for (std::size_t i = 12; i < 16; ++i) {
            if (i > 12) out.add('.');
            out.add_number(bytes[i]);
        }
    } else {
        // The longest run of two or more zero groups is written "::" (RFC 5952).
        std::size_t best = 8, best_size = 1;
        for (std::size_t i = 0; i < 8; ++i) {
            std::size_t n = 0;
            while (i + n < 8 && bytes[2 * (i + n)] == 0 && bytes[2 * (i + n) + 1] == 0) ++n;
            if (n > best_size) {
                best = i;
                best_size = n;
            }
        }
        out.add('[');
        for (std::size_t i = 0; i < 8; ++i) {
            if (i == best) {
                out.add("::");
                i += best_size - 1;
                continue;
            }
            if (i > 0 && i != best + best_size) out.add(':');
            out.add_number(static_cast<std::uint64_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]), 16);
        }
        if (scope != 0) {
            out.add('%');
            out.add_number(scope);
        }
        out.add(']');
    }
    out.add(':');
    out.add_number(port);
    return out;
}

} // namespace tenon::transport
