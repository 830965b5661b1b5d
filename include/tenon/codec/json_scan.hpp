#pragma once
// Walks JSON text without building anything: punctuation, strings, numbers, and the fields of an object by
// name. The Json codec's input archive stands on it, and JSON web tokens. Nothing here recurses or allocates.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "tenon/codec/json_text.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/real.hpp"

namespace tenon::codec {

class JsonScan {
  public:
    // Where an object's fields are being read.
    struct Fields {
        std::size_t first = 0, count = 0;
        bool is_shuffled = false;
    };

    explicit JsonScan(BytesIn from) : text_(text_of(from)) {}

    // The first error stays; everything after it is at the end of the text.
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
        at_ = text_.size();
    }
    bool ok() const { return error_ == Error::none; }
    Error error() const { return error_; }

    // The next character that is not space; 0, and truncated, at the end.
    char peek() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        return front();
    }
    bool take(char wanted) {
        if (peek() != wanted) return false;
        ++at_;
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) fail(Error::malformed);
    }
    bool at_end() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        return at_ == text_.size();
    }

    bool boolean() {
        const bool value = peek() == 't';
        word(value ? "true" : "false");
        return value;
    }
    template <class N>
    N integer();
    template <class T>
    T floating();
    // each(std::string_view) for the characters of a string, one or several at a time; the text is UTF-8.
    template <class F>
    void string(F&& each);

    // Steps into an object; to the value of its field `name`; over the comma after the value; and out.
    Fields enter_object();
    void field(Fields& fields, std::string_view name, bool in_order);
    void after_field(Fields& fields);
    void leave_object(const Fields& fields);
    // Whether an object that is being read has such a field.
    bool has_field(const Fields& fields, std::string_view name);

    // The fields of an object whatever they are called, and the items of an array: each time f has to read
    // the value, or to skip() it. Of a longer name only the first name_bytes_max bytes are told.
    template <class F>
    void each_field(F&& f);
    template <class F>
    void each_item(F&& f);
    // Reads a value of any kind, as strictly as others are read, and forgets it.
    void skip();

    static constexpr std::size_t name_bytes_max = 64;
    static constexpr unsigned depth_max = 32; // of what is skipped

  private:
    static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
    char front() {
        if (at_ < text_.size()) return text_[at_];
        fail(Error::truncated);
        return 0;
    }
    char next() {
        const char c = front();
        at_ += ok();
        return c;
    }
    void word(std::string_view wanted) {
        for (const char c : wanted)
            if (next() != c) return fail(Error::malformed);
    }
    bool is_word(std::string_view wanted) {
        if (text_.substr(at_, wanted.size()) != wanted) return false;
        at_ += wanted.size();
        return true;
    }
    bool key_is(std::string_view name);
    bool find(std::size_t first, std::string_view name);
    void skip_string();
    void skip_value();
    void comma();
    std::uint32_t code_unit();
    std::uint32_t code_point();

    std::string_view text_;
    std::size_t at_ = 0;
    Error error_ = Error::none;
};

// 64-bit integers may stand in quotes, since cereal puts them there on some machines.
template <class N>
N JsonScan::integer() {
    const bool is_quoted = sizeof(N) == 8 && take('"');
    const bool is_negative = (is_quoted ? front() : peek()) == '-';
    at_ += is_negative;
    const bool has_zero = front() == '0';
    if (!detail::is_digit(front())) fail(Error::malformed);
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; at_ < text_.size() && detail::is_digit(text_[at_]); ++at_, ++digits) {
        const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
        if (size > (UINT64_MAX - digit) / 10) {
            fail(Error::over_bound);
            return 0;
        }
        size = size * 10 + digit;
    }
    if (has_zero && digits > 1) fail(Error::malformed);
    if (is_quoted && next() != '"') fail(Error::malformed);
    const auto most = UINT64_MAX >> (64 - 8 * sizeof(N) + std::is_signed_v<N>);
    if (size > (!is_negative ? most : std::is_signed_v<N> ? most + 1 : 0)) fail(Error::over_bound);
    return ok() ? static_cast<N>(is_negative ? 0 - size : size) : N(0);
}

// NaN and the infinities by cereal's names; a finite number that T can't hold is over_bound.
template <class T>
T JsonScan::floating() {
    peek();
    if (is_word("NaN")) return static_cast<T>(real::nan);
    if (is_word("Infinity")) return static_cast<T>(real::infinity);
    if (is_word("-Infinity")) return static_cast<T>(-real::infinity);
    const std::size_t from = at_;
    while (at_ < text_.size() && detail::is_of_number(text_[at_])) ++at_;
    if (at_ == text_.size()) fail(Error::truncated);
    double wide = 0;
    if (ok() && !detail::read_number(text_.substr(from, at_ - from), wide)) fail(Error::malformed);
    const T value = static_cast<T>(wide);
    if (value - value != 0) fail(Error::over_bound);
    return ok() ? value : T(0);
}

template <class F>
void JsonScan::string(F&& each) {
    expect('"');
    while (ok()) {
        const char c = front();
        const std::size_t size = detail::utf8_size(text_.substr(at_));
        if (!ok()) return;
        if (c == '"') {
            ++at_;
            return;
        }
        if (size == 0 || static_cast<unsigned char>(c) < 0x20) return fail(Error::malformed);
        if (c != '\\') {
            at_ += size;
            each(text_.substr(at_ - size, size));
            continue;
        }
        ++at_;
        const detail::Utf8 escaped = detail::utf8_of(code_point());
        if (ok()) each(std::string_view(escaped.bytes, escaped.size));
    }
}

// After a backslash.
inline std::uint32_t JsonScan::code_point() {
    constexpr std::string_view letters = "\"\\/bfnrt", plain = "\"\\/\b\f\n\r\t";
    const char letter = next();
    const std::size_t known = letters.find(letter);
    if (ok() && known < letters.size()) return static_cast<unsigned char>(plain[known]);
    if (ok() && letter != 'u') fail(Error::malformed);
    const std::uint32_t unit = code_unit();
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    // Half a pair stands for nothing.
    if (unit > 0xDBFF) fail(Error::malformed);
    word("\\u");
    const std::uint32_t low = code_unit();
    if (low < 0xDC00 || low > 0xDFFF) fail(Error::malformed);
    return ok() ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : 0;
}

inline std::uint32_t JsonScan::code_unit() {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        constexpr std::string_view digits = "0123456789abcdefABCDEF";
        const char c = next();
        std::size_t digit = digits.find(c);
        if (!ok() || digit == digits.npos) fail(Error::malformed);
        if (!ok()) return 0;
        if (digit > 15) digit -= 6;
        unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    return unit;
}

inline JsonScan::Fields JsonScan::enter_object() {
    expect('{');
    const char c = peek();
    if (ok() && c != '"' && c != '}') fail(Error::malformed);
    return {at_, 0, false};
}

// Fields without names of their own must come in order; the others may come in any.
inline void JsonScan::field(Fields& fields, std::string_view name, bool in_order) {
    const std::size_t here = at_;
    if (peek() == '"' && key_is(name)) return;
    if (!ok()) return;
    at_ = here;
    fields.is_shuffled = true;
    if (in_order || !find(fields.first, name)) fail(Error::missing_field);
}

inline void JsonScan::after_field(Fields& fields) {
    ++fields.count;
    comma();
}

inline void JsonScan::leave_object(const Fields& fields) {
    if (fields.is_shuffled && ok()) {
        at_ = fields.first;
        for (std::size_t i = 0; i < fields.count && ok() && peek() == '"'; ++i) {
            skip_string();
            expect(':');
            skip_value();
            comma();
        }
    }
    if (!take('}')) fail(Error::unknown_field);
}

inline bool JsonScan::has_field(const Fields& fields, std::string_view name) {
    const std::size_t here = at_;
    const bool found = ok() && find(fields.first, name);
    if (ok()) at_ = here;
    return found;
}

inline bool JsonScan::find(std::size_t first, std::string_view name) {
    at_ = first;
    while (peek() == '"') {
        const std::size_t here = at_;
        if (key_is(name)) return true;
        if (!ok()) return false;
        at_ = here;
        skip_string();
        expect(':');
        skip_value();
        comma();
    }
    return false;
}

// At a field's name; when it is the one, its colon is taken too.
inline bool JsonScan::key_is(std::string_view name) {
    std::size_t same = 0;
    bool is_same = true;
    string([&](std::string_view piece) {
        is_same = is_same && name.substr(same, piece.size()) == piece;
        same += is_same ? piece.size() : 0;
    });
    if (!ok() || !is_same || same != name.size()) return false;
    expect(':');
    return ok();
}

// A comma must have another field behind it, and the last field none.
inline void JsonScan::comma() {
    if (take(',')) {
        if (peek() != '"') fail(Error::malformed);
    } else if (ok() && peek() != '}') {
        fail(Error::malformed);
    }
}

inline void JsonScan::skip_string() {
    string([](std::string_view) {});
}

template <class F>
void JsonScan::each_field(F&& f) {
    expect('{');
    if (!ok() || take('}')) return;
    do {
        char name[name_bytes_max];
        std::size_t size = 0;
        string([&](std::string_view piece) {
            for (const char c : piece)
                if (size < sizeof name) name[size++] = c;
        });
        expect(':');
        if (ok()) f(std::string_view(name, size));
    } while (ok() && take(','));
    expect('}');
}

template <class F>
void JsonScan::each_item(F&& f) {
    expect('[');
    if (!ok() || take(']')) return;
    do f();
    while (ok() && take(','));
    expect(']');
}

// How it is nested stands in a word, one bit for each level: no recursion, whatever the input says.
inline void JsonScan::skip() {
    std::uint32_t in_object = 0;
    unsigned depth = 0;
    const auto enter = [&](bool is_object) {
        if (depth == depth_max) return fail(Error::over_bound);
        ++at_;
        in_object = in_object << 1 | static_cast<std::uint32_t>(is_object);
        ++depth;
    };
    const auto key = [&] {
        if ((in_object & 1) == 0) return;
        skip_string();
        expect(':');
    };
    do {
        const char c = peek();
        if (c == '{' || c == '[') {
            enter(c == '{');
            if (ok() && peek() != (c == '{' ? '}' : ']')) {
                key();
                continue;
            }
        } else if (c == '"') {
            skip_string();
        } else if (c == 't' || c == 'f') {
            (void)boolean();
        } else if (c == 'n') {
            word("null");
        } else {
            (void)floating<double>();
        }
        while (ok() && depth > 0 && !take(',')) {
            expect((in_object & 1) != 0 ? '}' : ']');
            in_object >>= 1;
            --depth;
        }
        if (ok() && depth > 0) key();
    } while (ok() && depth > 0);
}

// Only finds the end: what is skipped is read later with care, or refused as unknown.
inline void JsonScan::skip_value() {
    std::size_t depth = 0;
    while (ok()) {
        const char c = peek();
        if (!ok()) return;
        if (c == '"') {
            skip_string();
        } else if (c == '{' || c == '[') {
            ++depth;
            ++at_;
        } else if (c == '}' || c == ']' || c == ',') {
            if (depth == 0) return;
            depth -= c != ',';
            ++at_;
        } else {
            ++at_;
        }
        if (depth == 0 && ok() && (peek() == ',' || peek() == '}' || peek() == ']')) return;
    }
}

} // namespace tenon::codec
