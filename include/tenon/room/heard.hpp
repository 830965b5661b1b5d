#pragma once
// Which serials of a stream were heard: all up to one, and some in a window beyond it. The Ledger has one for
// each stream that it hears.

#include <cstdint>

namespace tenon {

// A mark for each of so many numbers in a row; whoever uses it knows where the row begins.
template <std::uint32_t Size>
class Marks {
    static_assert(Size % 64 == 0 && (Size & (Size - 1)) == 0);

  public:
    bool test(std::uint32_t number) const { return (word(number) & bit(number)) != 0; }
    void set(std::uint32_t number) { word(number) |= bit(number); }
    void clear(std::uint32_t number) { word(number) &= ~bit(number); }
    // Of all after `from`, up to and with `to`.
    void clear(std::uint32_t from, std::uint32_t to) {
        if (to - from >= Size) {
            for (auto& word : words_) word = 0;
            return;
        }
        while (from != to) clear(++from);
    }

  private:
    static constexpr std::uint64_t bit(std::uint32_t number) { return std::uint64_t(1) << (number % 64); }
    std::uint64_t& word(std::uint32_t number) { return words_[number / 64 % (Size / 64)]; }
    std::uint64_t word(std::uint32_t number) const { return words_[number / 64 % (Size / 64)]; }

    std::uint64_t words_[Size / 64] = {};
};

enum class News : std::uint8_t { fresh, doubled, beyond }; // beyond: too far ahead of what is missing

template <std::uint32_t Window = 512>
class Heard {
  public:
    static constexpr std::uint32_t window = Window;

    News note(std::uint32_t serial) {
        if (has(serial)) return News::doubled;
        if (serial - prefix_ > window) return News::beyond;
        marks_.set(serial);
        top_ = serial > top_ ? serial : top_;
        advance();
        return News::fresh;
    }
    // Whatever came before and with `prefix`, or did not, counts as heard.
    void jump(std::uint32_t prefix) {
        if (prefix <= prefix_) return;
        marks_.clear(prefix_, prefix);
        prefix_ = prefix;
        top_ = prefix > top_ ? prefix : top_;
        advance();
    }

    bool has(std::uint32_t serial) const {
        return serial <= prefix_ || (serial - prefix_ <= window && marks_.test(serial));
    }
    std::uint32_t prefix() const { return prefix_; } // all up to here
    std::uint32_t top() const { return top_; }       // and none after this

  private:
    void advance() {
        while (prefix_ != top_ && marks_.test(prefix_ + 1)) marks_.clear(++prefix_);
    }

    std::uint32_t prefix_ = 0, top_ = 0;
    Marks<Window> marks_;
};

} // namespace tenon
