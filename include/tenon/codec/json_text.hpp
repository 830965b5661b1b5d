#pragma once
// Numbers and characters as JSON writes them, whatever the program's locale. Only the Json codec's archives
// call this.

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tenon/core/real.hpp"

namespace tenon::codec::detail {

// Bytes of the UTF-8 character that the text begins with; 0 where it begins with none: no over-long forms, no
// surrogates, nothing past U+10FFFF.
constexpr std::size_t utf8_size(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0;
    };
    const auto follows = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
    const unsigned first = at(0), second = at(1);
    if (text.empty()) return 0;
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4 || !follows(1)) return 0;
    if (first < 0xE0) return 2;
    if (!follows(2)) return 0;
    if (first < 0xF0) return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
    if (!follows(3)) return 0;
    return (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ? 0 : 4;
}

struct Utf8 {
    char bytes[4];
    std::size_t size;
};
// For a code point that is not a surrogate.
constexpr Utf8 utf8_of(std::uint32_t point) {
    const auto tail = [&](unsigned shift) { return static_cast<char>(0x80u | ((point >> shift) & 0x3Fu)); };
    if (point < 0x80) return {{static_cast<char>(point)}, 1};
    if (point < 0x800) return {{static_cast<char>(0xC0u | point >> 6), tail(0)}, 2};
    if (point < 0x10000) return {{static_cast<char>(0xE0u | point >> 12), tail(6), tail(0)}, 3};
    return {{static_cast<char>(0xF0u | point >> 18), tail(12), tail(6), tail(0)}, 4};
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_of_number(char c) {
    return is_digit(c) || c == '+' || c == '-' || c == 'e' || c == 'E' || c == '.';
}

// A finite number, NaN or an infinity, in the fewest digits that read back as the same value of T. NaN and
// the infinities are written as cereal does it, though JSON has no words for them.
template <class T>
class NumberText {
  public:
    explicit NumberText(T value) {
        constexpr T infinity = static_cast<T>(real::infinity);
        if (value != value)
            word("NaN");
        else if (value == infinity)
            word("Infinity");
        else if (value == -infinity)
            word("-Infinity");
        else
            shortest(value);
    }
    std::string_view view() const { return {text_, size_}; }

  private:
    void shortest(T value) {
        constexpr bool is_float = sizeof(T) == sizeof(float);
        constexpr int least = is_float ? FLT_DIG : DBL_DIG,
                      most = is_float ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
        for (int digits = least; digits <= most; ++digits) {
            const int size = std::snprintf(text_, sizeof(text_), "%.*g", digits, static_cast<double>(value));
            size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
            if (static_cast<T>(std::strtod(text_, nullptr)) == value) break;
        }
        without_locale();
    }
    void word(std::string_view text) {
        size_ = text.size();
        std::memcpy(text_, text.data(), text.size());
    }
    // The locale's decimal point, of whatever size, becomes a full stop; a whole number gets one, so that its
    // sign survives readers that take it for an integer.
    void without_locale() {
        std::size_t to = 0;
        bool is_whole = true;
        for (std::size_t i = 0; i < size_; ++i) {
            const bool is_plain = is_of_number(text_[i]) && text_[i] != '.';
            is_whole = is_whole && is_plain && text_[i] != 'e';
            if (is_plain)
                text_[to++] = text_[i];
            else if (to == 0 || text_[to - 1] != '.')
                text_[to++] = '.';
        }
        if (is_whole) {
            text_[to++] = '.';
            text_[to++] = '0';
        }
        size_ = to;
    }

    char text_[48] = {};
    std::size_t size_ = 0;
};

inline constexpr std::size_t number_chars_max = 64;

// Whether the text is a number of JSON's grammar; it is then read into `value`, which is infinite when the
// number is too large.
inline bool read_number(std::string_view text, double& value) {
    std::size_t at = 0;
    const auto is = [&](char c) { return at < text.size() && text[at] == c; };
    const auto digits = [&] {
        const std::size_t from = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return at - from;
    };
    if (text.size() > number_chars_max) return false;
    if (is('-')) ++at;
    const bool has_zero = is('0');
    const std::size_t whole = digits();
    if (whole == 0 || (has_zero && whole > 1)) return false;
    const std::size_t point = at;
    if (is('.') && (++at, digits() == 0)) return false;
    const bool has_point = at != point;
    if (is('e') || is('E')) {
        ++at;
        if (is('+') || is('-')) ++at;
        if (digits() == 0) return false;
    }
    if (at != text.size()) return false;

    // strtod wants the locale's decimal point, which stands in its 0.5 between the digits.
    char local[16] = {}, copy[number_chars_max + sizeof(local)];
    const int size = std::snprintf(local, sizeof(local), "%.1f", 0.5);
    const std::string_view mark(local + 1, size > 2 ? static_cast<std::size_t>(size) - 2 : 0);
    std::size_t to = 0;
    const auto append = [&](std::string_view piece) {
        std::memcpy(copy + to, piece.data(), piece.size());
        to += piece.size();
    };
    append(text.substr(0, point));
    if (has_point) {
        append(mark);
        append(text.substr(point + 1));
    } else {
        append(text.substr(point));
    }
    copy[to] = 0;
    value = std::strtod(copy, nullptr);
    return true;
}

} // namespace tenon::codec::detail
