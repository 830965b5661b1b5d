#pragma once
// Numbers for the range coder: trees of bits, and numbers near zero by their magnitude. Each model is coded
// with by either coder, and learns.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/wire/range_coder.hpp"

namespace tenon {

// One of 2^Bits values, each bit in the context of those above it.
template <unsigned Bits>
class BitTree {
  public:
    static_assert(Bits >= 1 && Bits <= 12);

    template <class Coder>
    std::uint32_t code(Coder& coder, std::uint32_t value) {
        std::uint32_t node = 1;
        for (unsigned i = Bits; i-- > 0;) node = node << 1 | coder.bit((value >> i & 1) != 0, nodes_[node]);
        return node - (1u << Bits);
    }

  private:
    BitModel nodes_[std::size_t(1) << Bits];
};

// Numbers from 0 that are mostly small: how many bits they have, one step at a time, then the bits below the
// leading one, of which the upper two learn.
class MagnitudeModel {
  public:
    static constexpr unsigned bits_max = 40;

    // The value is below 2^40. A decoder that meets more fails, and gives 0.
    template <class Coder>
    TENON_INLINE std::uint64_t code(Coder& coder, std::uint64_t value) {
        const auto wanted = static_cast<unsigned>(std::bit_width(value));
        unsigned width = 0;
        while (coder.bit(wanted > width, widths_[width < widths_kept ? width : widths_kept - 1]))
            if (++width > bits_max) {
                coder.fail();
                return 0;
            }
        if (width < 2) return width;
        return below(coder, value, width);
    }

  private:
    static constexpr unsigned widths_kept = 12;

    template <class Coder>
    std::uint64_t below(Coder& coder, std::uint64_t value, unsigned width) {
        const unsigned kept = width < widths_kept ? width : widths_kept - 1;
        unsigned left = width - 1;
        std::uint64_t result = 1;
        for (unsigned i = 0; i < 2 && left != 0; ++i) {
            --left;
            BitModel& model = below_[kept][i == 0 ? 0 : 1 + (result & 1)];
            result = result << 1 | coder.bit((value >> left & 1) != 0, model);
        }
        if (left == 0) return result;
        return result << left | coder.bits(value & ((std::uint64_t(1) << left) - 1), left);
    }

    BitModel widths_[widths_kept], below_[widths_kept][3];
};

// Numbers on both sides of zero.
class SignedModel {
  public:
    template <class Coder>
    TENON_INLINE std::int64_t code(Coder& coder, std::int64_t value) {
        if (!coder.bit(value != 0, nonzero_)) return 0;
        const bool negative = coder.bit(value < 0, negative_);
        const auto size = static_cast<std::int64_t>(
            magnitude_.code(coder, static_cast<std::uint64_t>(value < 0 ? -value : value) - 1) + 1);
        return negative ? -size : size;
    }

  private:
    BitModel nonzero_, negative_;
    MagnitudeModel magnitude_;
};

} // namespace tenon
