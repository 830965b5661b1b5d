#pragma once
// A type's name as text, the same from g++ and clang, so that two builds can name what they disagree on.
// The schema takes it for types that give no name of their own.
//
// Anonymous namespaces and what surrounds a local type are left out; `long` goes by its width, so that a
// std::uint64_t has one name on every machine. What still differs between compilers: lambdas, and namespaces
// that are inline (other than the standard library's).

#include <array>
#include <cstddef>
#include <string_view>

namespace tenon {

template <class T>
constexpr std::string_view type_name();

namespace detail {

template <class T>
constexpr auto type_signature() {
    return std::string_view(__PRETTY_FUNCTION__);
}

// What the compiler says for any type is what it says for int with another word in it.
template <class T>
constexpr std::string_view raw_type_name() {
    constexpr std::string_view known = type_signature<int>();
    constexpr std::size_t before = known.rfind("int"), after = known.size() - before - 3;
    const std::string_view whole = type_signature<T>();
    return whole.substr(before, whole.size() - before - after);
}

constexpr bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

// Reads one spelling and writes the common one. `Capacity` is above what any spelling can grow to.
template <std::size_t Capacity>
class TypeSpelling {
  public:
    constexpr explicit TypeSpelling(std::string_view raw) : raw_(raw) {
        while (at_ < raw_.size()) step();
    }

    constexpr std::string_view view() const { return {text_.data(), size_}; }

  private:
    constexpr void step() {
        const char c = raw_[at_];
        if (is_word(c)) return word();
        if (skips("{anonymous}::") || skips("(anonymous namespace)::")) return;
        if (c == '(' && leaves_function()) return;
        ++at_;
        // A blank only stays where it parts two words or follows a comma.
        if (c == ' ' &&
            !(size_ != 0 && (text_[size_ - 1] == ',' || (is_word(text_[size_ - 1]) && word_follows()))))
            return;
        put(c);
    }
    constexpr bool word_follows() const { return at_ < raw_.size() && is_word(raw_[at_]); }
    constexpr bool skips(std::string_view text) {
        if (raw_.substr(at_, text.size()) != text) return false;
        at_ += text.size();
        return true;
    }

    // g++ writes main()::Local where clang writes Local: what has been written of the name is taken back.
    constexpr bool leaves_function() {
        std::size_t end = at_, depth = 0;
        do {
            depth += raw_[end] == '(';
            depth -= raw_[end] == ')';
            ++end;
        } while (depth != 0 && end < raw_.size());
        if (raw_.substr(end, 6) == " const") end += 6;
        if (raw_.substr(end, 2) != "::") return false;
        at_ = end + 2;
        take_back_name();
        return true;
    }
    constexpr void take_back_name() {
        for (std::size_t depth = 0; size_ != 0; --size_) {
            const char c = text_[size_ - 1];
            if (depth == 0 && (c == '<' || c == ',' || c == ' ' || c == '(')) return;
            depth += c == '>';
            depth -= c == '<';
        }
    }

    constexpr std::string_view next_word() const {
        std::size_t end = at_;
        while (end < raw_.size() && is_word(raw_[end])) ++end;
        return raw_.substr(at_, end - at_);
    }
    constexpr void word() {
        const std::string_view text = next_word();
        if (text == "__cxx11" || text == "__1" || text == "__2") {
            at_ += text.size();
            skips("::");
        } else if (text == "long" || text == "short" || text == "unsigned") {
            integer();
        } else if (text[0] >= '0' && text[0] <= '9') {
            number(text);
        } else {
            put(text);
            at_ += text.size();
        }
    }
    // g++: long unsigned int. clang: unsigned long. Here: unsigned long long, where that is as wide.
    constexpr void integer() {
        bool is_unsigned = false, is_short = false, is_char = false, is_double = false;
        int longs = 0;
        for (;;) {
            const std::string_view text = next_word();
            is_unsigned |= text == "unsigned";
            is_short |= text == "short";
            is_char |= text == "char";
            is_double |= text == "double";
            longs += text == "long";
            if (text != "unsigned" && text != "short" && text != "long" && text != "int" && text != "char" &&
                text != "double")
                break;
            at_ += text.size();
            if (at_ + 1 < raw_.size() && raw_[at_] == ' ' && is_word(raw_[at_ + 1])) ++at_;
        }
        if (raw_[at_ - 1] == ' ') --at_;
        if (is_double) return put("long double");
        if (is_unsigned) put("unsigned ");
        const bool is_long = longs == 2 || (longs == 1 && sizeof(long) == sizeof(long long));
        put(is_char ? "char" : is_short ? "short" : is_long ? "long long" : "int");
    }
    // clang marks some numbers with the letters of their type: 3UL.
    constexpr void number(std::string_view text) {
        at_ += text.size();
        while (text.back() == 'U' || text.back() == 'L') text.remove_suffix(1);
        put(text);
    }

    constexpr void put(char c) { text_[size_++] = c; }
    constexpr void put(std::string_view text) {
        for (const char c : text) put(c);
    }

    std::string_view raw_;
    std::size_t at_ = 0, size_ = 0;
    std::array<char, Capacity> text_{};
};

template <class T>
struct TypeName {
    static constexpr auto text = [] {
        constexpr std::string_view raw = raw_type_name<T>();
        constexpr TypeSpelling<raw.size() * 3 + 1> spelling(raw); // "long" becomes "long long"
        std::array<char, spelling.view().size()> exact{};
        for (std::size_t i = 0; i < exact.size(); ++i) exact[i] = spelling.view()[i];
        return exact;
    }();
};

} // namespace detail

template <class T>
constexpr std::string_view type_name() {
    return {detail::TypeName<T>::text.data(), detail::TypeName<T>::text.size()};
}

} // namespace tenon
