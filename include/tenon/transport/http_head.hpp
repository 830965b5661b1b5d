#pragma once
// HttpHead: the head of one HTTP request or response, read in place: bounded, strict, and without a word
// about bodies. The upgrade to WebSocket is all that it is for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool same_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    return true;
}
constexpr std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}
// Calls f(word) for each in a list with commas, until it says true.
template <class F>
constexpr bool any_listed(std::string_view list, F&& f) {
    for (;;) {
        const std::size_t comma = list.find(',');
        if (f(trimmed(list.substr(0, comma)))) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
}

// What can stand between the blanks of a request's first line.
constexpr bool is_request_path(std::string_view path) {
    if (path.empty() || path[0] != '/') return false;
    for (const char c : path)
        if (c <= ' ' || c > '~' || c == '#') return false;
    return true;
}

// Looks for the end of a head, at each byte once.
class HttpHeadEnd {
  public:
    static constexpr std::size_t head_max = 8192;
    enum class Found : std::uint8_t { more, whole, malformed, too_large };

    // `bytes` is all that has come so far; size() is then how much of it is the head.
    Found look(BytesIn bytes) {
        for (; looked_ < bytes.size(); ++looked_) {
            if (looked_ == head_max) return Found::too_large;
            const auto c = std::to_integer<unsigned char>(bytes[looked_]);
            // What is no text at all is another protocol, and needs no waiting for.
            if ((c < ' ' && c != '\r' && c != '\n' && c != '\t') || c >= 0x7F) return Found::malformed;
            const bool wants_return = ends_ % 2 == 0;
            if (c == '\n' && wants_return) return Found::malformed;
            if (c == '\r' && !wants_return) return Found::malformed;
            ends_ = c == '\r' || c == '\n' ? ends_ + 1 : 0;
            if (last_ == '\r' && c != '\n') return Found::malformed;
            last_ = c;
            if (ends_ == 4) return ++looked_, Found::whole;
        }
        return Found::more;
    }
    std::size_t size() const { return looked_; }

  private:
    std::size_t looked_ = 0;
    unsigned ends_ = 0; // of "\r\n\r\n"
    unsigned char last_ = 0;
};

class HttpHead {
  public:
    static constexpr std::size_t fields_max = 64;

    // The whole head, to its empty line, of which HttpHeadEnd found the end. False where it is malformed.
    bool read(std::string_view head) {
        count_ = 0;
        first_ = line(head);
        for (;;) {
            const std::string_view text = line(head);
            if (text.empty()) return head.empty();
            const std::size_t colon = text.find(':');
            full_ = count_ == fields_max;
            if (full_ || colon == 0 || colon == std::string_view::npos) return false;
            for (const char c : text.substr(0, colon))
                if (!is_token(c)) return false;
            fields_[count_++] = {text.substr(0, colon), trimmed(text.substr(colon + 1))};
        }
    }

    // It was malformed for having too many fields.
    bool is_full() const { return full_; }
    // The line before the fields.
    std::string_view first() const { return first_; }
    std::size_t count(std::string_view name) const {
        std::size_t found = 0;
        for (std::size_t i = 0; i < count_; ++i) found += same_word(fields_[i].name, name) ? 1 : 0;
        return found;
    }
    // The first of that name, or nothing.
    std::string_view value(std::string_view name) const {
        for (std::size_t i = 0; i < count_; ++i)
            if (same_word(fields_[i].name, name)) return fields_[i].value;
        return {};
    }
    // Whether one of its fields of that name lists a word of which f holds.
    template <class F>
    bool any(std::string_view name, F&& f) const {
        for (std::size_t i = 0; i < count_; ++i)
            if (same_word(fields_[i].name, name) && any_listed(fields_[i].value, f)) return true;
        return false;
    }
    bool lists(std::string_view name, std::string_view word) const {
        return any(name, [&](std::string_view each) { return same_word(each, word); });
    }

  private:
    struct Field {
        std::string_view name, value;
    };

    static std::string_view line(std::string_view& head) {
        const std::size_t end = head.find("\r\n");
        const std::string_view text = head.substr(0, end);
        head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
        return text;
    }
    static bool is_token(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    }

    std::string_view first_;
    std::array<Field, fields_max> fields_{};
    std::size_t count_ = 0;
    bool full_ = false;
};

} // namespace tenon::transport::detail
