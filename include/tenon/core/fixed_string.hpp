#pragma once
// Text as a template argument: Game<"arena", ...>. Two with the same text are the same argument.

#include <cstddef>
#include <string_view>

namespace tenon {

template <std::size_t Size>
struct FixedString {
    char text[Size]{}; // with the zero at its end; public, as a template argument's members must be

    constexpr FixedString(const char (&literal)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) text[i] = literal[i];
    }

    constexpr std::string_view view() const { return {text, Size - 1}; }
    static constexpr std::size_t size() { return Size - 1; }

    template <std::size_t OtherSize>
    friend constexpr bool operator==(const FixedString& a, const FixedString<OtherSize>& b) {
        return a.view() == b.view();
    }
};

} // namespace tenon
