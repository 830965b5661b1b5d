#pragma once
// Url: where a page's transport dials, "wss://game.example:4000/play" in its one spelling. The browser keeps
// addresses to itself, so the text is the address. browser::WebSocket reads it from what people write.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::browser {

// What people write before "://", in plaintext and encrypted, and the path that is meant where none is said.
struct UrlScheme {
    std::string_view plain = "ws", secure = "wss", path = "/";
    bool marks = false; // behind all that there may be "#", and something that the host is not told
};

class Url {
  public:
    static constexpr std::size_t bytes_max = 255;
    std::uint16_t port = 0; // of an address that is none

    // "ws://HOST:PORT/path", "wss://HOST/path", or as the native transports are told it, HOST:PORT/path,
    // which is meant as the page itself was loaded: encrypted or not. Other schemes begin alike: with a
    // WebSocket, so that all are spelled as one.
    static Result<Url> parse(std::string_view text, bool page_is_encrypted, const UrlScheme& scheme = {});

    std::string_view text() const { return {text_.data(), size_}; }
    const char* c_str() const { return text_.data(); }
    bool is_encrypted() const { return text().substr(0, 4) == "wss:"; }
    std::uint64_t hash() const { return hash_; }
    friend bool operator==(const Url& a, const Url& b) { return a.hash_ == b.hash_ && a.text() == b.text(); }

  private:
    bool add(std::string_view text) {
        if (text.size() > bytes_max - size_) return false;
        for (const char c : text) text_[size_++] = c;
        return true;
    }
    static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
    // A name, an IPv4 address, or with brackets an IPv6 one: anything else a browser takes amiss.
    bool add_host(const transport::HostAndPort& place);

    std::array<char, bytes_max + 1> text_{}; // ends with a zero
    std::uint8_t size_ = 0;
    std::uint64_t hash_ = 0;
};

inline bool Url::add_host(const transport::HostAndPort& place) {
    if (place.host.empty()) return add("localhost");
    if (place.bracketed && !add("[")) return false;
    for (const char c : place.host) {
        const char letter = lower(c);
        const bool word =
            (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '.';
        const bool fits = place.bracketed ? letter == ':' : letter == '-' || letter == '_';
        if (!(word || fits) || !add(std::string_view(&letter, 1))) return false;
    }
    return !place.bracketed || add("]");
}

inline Result<Url> Url::parse(std::string_view text, bool page_is_encrypted, const UrlScheme& scheme) {
    Url url;
    bool encrypted = page_is_encrypted;
    const std::size_t mark = text.find("://");
    if (mark != std::string_view::npos) {
        const auto is = [&](std::string_view name) {
            bool same = mark == name.size();
            for (std::size_t i = 0; same && i < mark; ++i) same = lower(text[i]) == name[i];
            return same;
        };
        encrypted = is(scheme.secure);
        if (!encrypted && !is(scheme.plain)) return Error::bad_address;
        text.remove_prefix(mark + 3);
    }
    const std::size_t end = text.find_first_of(scheme.marks ? "/?#" : "/?");
    const std::string_view place = text.substr(0, end);
    const std::string_view path = end == std::string_view::npos ? scheme.path : text.substr(end);
    bool marked = !scheme.marks;
    for (const char c : path)
        if (c <= ' ' || c > '~' || (c == '#' && std::exchange(marked, true))) return Error::bad_address;

    transport::HostAndPort parts;
    const std::size_t colon = place.rfind(':'), bracket = place.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    if (mark != std::string_view::npos && !has_port) {
        parts.bracketed = bracket != std::string_view::npos;
        if (parts.bracketed && (place[0] != '[' || bracket + 1 != place.size())) return Error::bad_address;
        parts.host = parts.bracketed ? place.substr(1, bracket - 1) : place;
        parts.port = encrypted ? 443 : 80;
        if (parts.host.empty()) return Error::bad_address;
    } else {
        const Result<transport::HostAndPort> split = transport::split_address(place);
        if (!split) return split.error();
        parts = *split;
    }
    char digits[5];
    std::size_t first = sizeof digits;
    for (std::uint16_t left = url.port = parts.port; left != 0; left = static_cast<std::uint16_t>(left / 10))
        digits[--first] = static_cast<char>('0' + left % 10);
    const bool written = url.add(encrypted ? "wss://" : "ws://") && url.add_host(parts) && url.add(":") &&
                         url.add({digits + first, sizeof digits - first}) &&
                         (path[0] == '/' || url.add("/")) && url.add(path);
    if (!written) return Error::bad_address;
    url.hash_ = hash64(bytes_of(url.text()));
    return url;
}

} // namespace tenon::browser
