#pragma once
// A sliding erasure code over GF(256): every repair is a random mixture of the last few symbols, and as many
// repairs as symbols are missing bring them back, whichever they are. Redundant has one for each channel.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/random.hpp"

namespace tenon::reliability {

// Bytes as numbers of the field: addition is xor, and every number but zero divides.
namespace field {
struct Tables {
    std::array<std::uint8_t, 512> power{};
    std::array<std::uint8_t, 256> log{};

    constexpr Tables() {
        unsigned value = 1;
        for (unsigned i = 0; i < 255; ++i) {
            power[i] = power[i + 255] = static_cast<std::uint8_t>(value);
            log[value] = static_cast<std::uint8_t>(i);
            value = value << 1 ^ (value & 0x80 ? 0x11Du : 0u);
        }
    }
};
inline constexpr Tables tables;

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
    if (a == 0 || b == 0) return 0;
    return tables.power[std::size_t(tables.log[a]) + tables.log[b]];
}
// Of anything but zero.
constexpr std::uint8_t inverse(std::uint8_t a) { return tables.power[255u - tables.log[a]]; }

// Adds `factor` times the source to the target, half a byte at a time.
inline void add(std::byte* target, const std::byte* source, std::size_t size, std::uint8_t factor) {
    if (factor == 0) return;
    std::uint8_t low[16], high[16];
    for (unsigned i = 0; i < 16; ++i) {
        low[i] = multiply(factor, static_cast<std::uint8_t>(i));
        high[i] = multiply(factor, static_cast<std::uint8_t>(i << 4));
    }
    for (std::size_t i = 0; i < size; ++i) {
        const auto x = std::to_integer<unsigned>(source[i]);
        target[i] ^= std::byte(low[x & 15] ^ high[x >> 4]);
    }
}
inline void scale(std::byte* target, std::size_t size, std::uint8_t factor) {
    for (std::size_t i = 0; i < size; ++i)
        target[i] = std::byte(multiply(std::to_integer<std::uint8_t>(target[i]), factor));
}
} // namespace field

// How much of a symbol there is in a repair; never zero.
constexpr std::uint8_t share_of(std::uint16_t symbol, std::uint8_t repair) {
    return static_cast<std::uint8_t>(splitmix(std::uint64_t(repair) << 16 | symbol) % 255 + 1);
}

// What is protected: a chunk with its flags and its length in front, so that it can be cut to its size again.
class Symbol {
  public:
    static constexpr std::size_t bytes_max = 1500, head_bytes = 3;

    static bool fits(BytesIn content) { return content.size() + head_bytes <= bytes_max; }
    void set(std::uint8_t flags, BytesIn content) {
        store_le<std::uint16_t>(bytes_, static_cast<std::uint16_t>(content.size()));
        bytes_[2] = std::byte(flags);
        copy(bytes_ + head_bytes, content);
        resize(head_bytes + content.size());
    }
    void clear() { resize(0); }
    // What was added beyond the end stays zero, as the sums need it.
    void resize(std::size_t size) {
        for (std::size_t i = size; i < size_; ++i) bytes_[i] = std::byte{};
        size_ = size;
    }
    void add(const std::byte* source, std::size_t size, std::uint8_t factor) {
        field::add(bytes_, source, size, factor);
        if (size > size_) size_ = size;
    }
    void scale(std::uint8_t factor) { field::scale(bytes_, size_, factor); }

    const std::byte* data() const { return bytes_; }
    std::size_t size() const { return size_; }
    std::uint8_t flags() const { return std::to_integer<std::uint8_t>(bytes_[2]); }
    // False when its length is none that this symbol can have.
    bool ok() const { return size_ >= head_bytes && content_bytes() + head_bytes <= size_; }
    BytesIn content() const { return {bytes_ + head_bytes, content_bytes()}; }

  private:
    std::size_t content_bytes() const { return load_le<std::uint16_t>(bytes_); }

    std::byte bytes_[bytes_max] = {};
    std::size_t size_ = 0;
};

// The sending side: keeps the last symbols and mixes them.
template <unsigned Window>
class ErasureEncoder {
  public:
    void add(std::uint16_t sequence, std::uint8_t flags, BytesIn content) {
        // A hole in the numbers, or a symbol too large, begins the window anew.
        if (count_ != 0 && static_cast<std::uint16_t>(last_ + 1) != sequence) count_ = 0;
        if (!Symbol::fits(content)) {
            count_ = 0;
            return;
        }
        symbols_[sequence % Window].set(flags, content);
        last_ = sequence;
        if (count_ < Window) ++count_;
    }
    unsigned count() const { return count_; }
    std::uint16_t first() const { return static_cast<std::uint16_t>(last_ + 1 - count_); }
    // The size that mix() will write.
    std::size_t size() const {
        std::size_t size = 0;
        for (unsigned i = 0; i < count_; ++i) {
            const Symbol& symbol = symbols_[static_cast<std::uint16_t>(last_ - i) % Window];
            size = symbol.size() > size ? symbol.size() : size;
        }
        return size;
    }
    void mix(std::uint8_t repair, BytesOut out) const {
        for (std::byte& byte : out) byte = std::byte{};
        for (unsigned i = 0; i < count_; ++i) {
            const auto sequence = static_cast<std::uint16_t>(last_ - i);
            const Symbol& symbol = symbols_[sequence % Window];
            field::add(out.data(), symbol.data(), symbol.size(), share_of(sequence, repair));
        }
    }

  private:
    static_assert((0x10000 % Window) == 0, "tenon: the window of a code must be a power of two");
    Symbol symbols_[Window];
    unsigned count_ = 0;
    std::uint16_t last_ = 0;
};

// The receiving side: equations over the symbols that are missing, each solved for one of them, until only
// that one is left in it.
class ErasureDecoder {
  public:
    static constexpr unsigned memory = 64, equations_max = 16, count_max = 32;

    // Takes a symbol that arrived.
    void hear(std::uint16_t sequence, std::uint8_t flags, BytesIn content) {
        if (!Symbol::fits(content) || !advance(sequence) || known(sequence)) return;
        Place& place = places_[sequence % memory];
        place.symbol.set(flags, content);
        place.known = true;
        for (unsigned i = 0; i < equations_; ++i) eliminate(equation_[i], sequence);
        settle();
    }
    // Takes a repair of `count` symbols from `first` on.
    void repair(std::uint16_t first, unsigned count, std::uint8_t number, BytesIn mixture) {
        if (count == 0 || count > count_max || mixture.size() > Symbol::bytes_max) return;
        if (!advance(static_cast<std::uint16_t>(first + count - 1)) || !remembers(first)) return;
        if (equations_ == equations_max) drop(0);
        Equation& equation = equation_[equations_];
        equation.sum.clear();
        equation.sum.add(mixture.data(), mixture.size(), 1);
        for (auto& share : equation.shares) share = 0;
        for (unsigned i = 0; i < count; ++i) {
            const auto sequence = static_cast<std::uint16_t>(first + i);
            equation.shares[sequence % memory] = share_of(sequence, number);
            if (known(sequence)) eliminate(equation, sequence);
        }
        for (unsigned i = 0; i < equations_; ++i) substitute(equation, equation_[i]);
        if (choose(equation)) ++equations_;
        settle();
    }
    // The next symbol that was brought back; it stays until the next call of anything.
    bool poll(std::uint16_t& sequence, std::uint8_t& flags, BytesIn& content) {
        while (recovered_ != 0) {
            sequence = recovered_sequence_[--recovered_];
            const Place& place = places_[sequence % memory];
            if (place.sequence != sequence || !place.known) continue;
            flags = place.symbol.flags();
            content = place.symbol.content();
            return true;
        }
        return false;
    }

  private:
    struct Place {
        Symbol symbol;
        std::uint16_t sequence = 0;
        bool known = false, used = false;
    };
    struct Equation {
        std::array<std::uint8_t, memory> shares{}; // of the symbols that are missing
        Symbol sum;
        unsigned pivot = 0; // the place of the symbol that it is solved for, with a share of one
    };

    bool remembers(std::uint16_t sequence) const {
        return any_ && static_cast<std::uint16_t>(newest_ - sequence) < memory;
    }
    bool known(std::uint16_t sequence) const {
        const Place& place = places_[sequence % memory];
        return place.used && place.sequence == sequence && place.known;
    }
    // Moves the memory on to that symbol; false when it is too old.
    bool advance(std::uint16_t sequence) {
        const auto ahead = static_cast<std::uint16_t>(sequence - newest_);
        if (any_ && ahead >= 0x8000) return remembers(sequence);
        unsigned fresh = any_ && ahead < memory ? ahead : memory;
        for (; fresh != 0; --fresh) forget(static_cast<std::uint16_t>(sequence + 1 - fresh));
        newest_ = sequence;
        any_ = true;
        return true;
    }
    // The place is for this symbol now; what rested on its last one can't be solved any more.
    void forget(std::uint16_t sequence) {
        Place& place = places_[sequence % memory];
        for (unsigned i = equations_; i-- > 0;)
            if (equation_[i].shares[sequence % memory] != 0) drop(i);
        place.sequence = sequence;
        place.known = false;
        place.used = true;
    }

    void drop(unsigned i) {
        if (i != --equations_) equation_[i] = equation_[equations_];
    }
    // Takes a symbol that is known out of the equation.
    void eliminate(Equation& equation, std::uint16_t sequence) {
        const std::uint8_t share = equation.shares[sequence % memory];
        if (share == 0) return;
        const Symbol& symbol = places_[sequence % memory].symbol;
        equation.sum.add(symbol.data(), symbol.size(), share);
        equation.shares[sequence % memory] = 0;
    }
    // Takes the symbol that `solved` is solved for out of the equation.
    static void substitute(Equation& equation, const Equation& solved) {
        const std::uint8_t share = equation.shares[solved.pivot];
        if (share == 0 || &equation == &solved) return;
        equation.sum.add(solved.sum.data(), solved.sum.size(), share);
        for (unsigned i = 0; i < memory; ++i) equation.shares[i] ^= field::multiply(share, solved.shares[i]);
    }
    // Solves the equation for one of its symbols, in all others too; false when it has none left.
    bool choose(Equation& equation) {
        unsigned pivot = 0;
        while (pivot < memory && equation.shares[pivot] == 0) ++pivot;
        if (pivot == memory) return false;
        const std::uint8_t factor = field::inverse(equation.shares[pivot]);
        for (auto& share : equation.shares) share = field::multiply(share, factor);
        equation.sum.scale(factor);
        equation.pivot = pivot;
        for (unsigned i = 0; i < equations_; ++i) substitute(equation_[i], equation);
        return true;
    }
    // Brings back what is alone in its equation, and solves anew those that lost what they were solved for.
    void settle() {
        for (unsigned i = 0; i < equations_;) {
            Equation& equation = equation_[i];
            if (equation.shares[equation.pivot] == 0 && !choose(equation)) {
                drop(i);
                continue;
            }
            unsigned left = 0;
            for (const auto share : equation.shares) left += share != 0 ? 1 : 0;
            if (left != 1) {
                ++i;
                continue;
            }
            Place& place = places_[equation.pivot];
            place.symbol = equation.sum;
            place.known = place.symbol.ok();
            const std::uint16_t sequence = place.sequence;
            drop(i);
            if (!place.known) continue;
            if (recovered_ < memory) recovered_sequence_[recovered_++] = sequence;
            for (unsigned other = 0; other < equations_; ++other) eliminate(equation_[other], sequence);
            i = 0;
        }
    }

    std::array<Place, memory> places_;
    std::array<Equation, equations_max> equation_;
    unsigned equations_ = 0, recovered_ = 0;
    std::array<std::uint16_t, memory> recovered_sequence_{};
    std::uint16_t newest_ = 0;
    bool any_ = false;
};

} // namespace tenon::reliability
