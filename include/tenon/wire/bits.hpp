#pragma once
// Fields of any number of bits, packed without gaps: the first field in the lowest bits of the first byte.
// The Bits codec and the replication deltas write with BitWriter and read with BitReader.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"

namespace tenon {

// The bits that hold every value from 0 to `range`, both included.
constexpr unsigned bits_for(std::uint64_t range) { return static_cast<unsigned>(std::bit_width(range)); }

// Signed numbers near zero, either side, become small unsigned ones: 0, -1, 1, -2, 2 are 0, 1, 2, 3, 4.
constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}

constexpr std::uint64_t low_bits(std::uint64_t value, unsigned count) {
    return count >= 64 ? value : value & ((std::uint64_t(1) << count) - 1);
}

// What does not fit is not written, not even in part; from there on ok() is false, and no field is written.
class BitWriter {
  public:
    explicit BitWriter(BytesOut out)
        : out_(out.data()), left_(out.size() > SIZE_MAX / 8 ? SIZE_MAX / 8 * 8 : out.size() * 8) {}

    // The lowest `count` bits of the value, 0 to 64 of them.
    void bits(std::uint64_t value, unsigned count) {
        if (count > left_ || count > 64) return fail();
        left_ -= count;
        value = low_bits(value, count);
        scratch_ |= value << used_;
        used_ += count;
        if (used_ < 64) return;
        store_le(out_ + at_, scratch_);
        at_ += 8;
        used_ -= 64;
        scratch_ = used_ == 0 ? 0 : value >> (count - used_);
    }
    // Zeros up to the next whole byte.
    void align() { bits(0, (8 - used_ % 8) % 8); }
    // Whole bytes, wherever the last field ended; copied at once when that is between two bytes.
    void bytes(BytesIn bytes) {
        if (bytes.size() > left_ / 8) return fail();
        if (used_ % 8 == 0) {
            store_le_n(out_ + at_, scratch_, used_ / 8);
            at_ += used_ / 8;
            copy(out_ + at_, bytes);
            at_ += bytes.size();
            left_ -= bytes.size() * 8;
            scratch_ = 0;
            used_ = 0;
            return;
        }
        const std::size_t words = bytes.size() / 8;
        std::byte* to = out_ + at_;
        for (std::size_t i = 0; i < words; ++i) {
            const auto word = load_le<std::uint64_t>(bytes.data() + i * 8);
            store_le(to + i * 8, scratch_ | word << used_);
            scratch_ = word >> (64 - used_);
        }
        at_ += words * 8;
        left_ -= words * 64;
        const auto tail = static_cast<unsigned>(bytes.size() % 8);
        bits(load_le_n(bytes.data() + words * 8, tail), tail * 8);
    }
    // Pads to a whole byte, brings everything into the span, and gives its bytes; 0 when something did not
    // fit. Writing may go on after it.
    std::size_t finish() {
        if (!ok_) return 0;
        align();
        store_le_n(out_ + at_, scratch_, used_ / 8);
        return at_ + used_ / 8;
    }
    void fail() {
        ok_ = false;
        left_ = 0;
    }

    bool ok() const { return ok_; }
    std::size_t bit_count() const { return at_ * 8 + used_; }
    std::size_t bits_left() const { return left_; }

  private:
    std::byte* out_;
    std::size_t at_ = 0, left_;
    std::uint64_t scratch_ = 0; // the fields that don't fill eight bytes yet
    unsigned used_ = 0;         // bits of it, below 64
    bool ok_ = true;
};

// Nothing past the end is looked at: a read that wants more gives zero, and from there on ok() is false and
// every read gives zero.
class BitReader {
  public:
    explicit BitReader(BytesIn in = {})
        : in_(in.data()), size_(in.size() > SIZE_MAX / 8 ? SIZE_MAX / 8 : in.size()) {}

    std::uint64_t bits(unsigned count) {
        if (count > bits_left() || count > 64) {
            fail();
            return 0;
        }
        const std::size_t byte = at_ / 8;
        const unsigned shift = at_ % 8;
        at_ += count;
        if (size_ - byte >= 8) [[likely]] {
            std::uint64_t word = load_le<std::uint64_t>(in_ + byte) >> shift;
            if (shift + count > 64) word |= std::to_integer<std::uint64_t>(in_[byte + 8]) << (64 - shift);
            return low_bits(word, count);
        }
        return low_bits(load_le_n(in_ + byte, static_cast<unsigned>(size_ - byte)) >> shift, count);
    }
    // The next 57 bits, or more, without moving on; after the end there are zeros. For fields whose first
    // bits say how many follow: one look for both.
    std::uint64_t peek() const {
        const std::size_t byte = at_ / 8, left = size_ - byte;
        const std::uint64_t word = left >= 8 ? load_le<std::uint64_t>(in_ + byte)
                                             : load_le_n(in_ + byte, static_cast<unsigned>(left));
        return word >> at_ % 8;
    }
    // Moves on past what was looked at; false, like a read, when there are fewer.
    bool skip(unsigned count) {
        if (count > bits_left()) {
            fail();
            return false;
        }
        at_ += count;
        return true;
    }
    // On to the next whole byte. The padding must be the zeros that a writer puts there, so that one message
    // has one form.
    void align() {
        if (bits((8 - at_ % 8) % 8) != 0) fail();
    }
    // Copies whole bytes out, wherever the last field ended; zeros when there are fewer.
    void bytes(BytesOut out) {
        const bool enough = out.size() <= bits_left() / 8;
        if (!enough) fail();
        if (!enough || !ok_) {
            for (std::byte& byte : out) byte = std::byte{0};
        } else if (at_ % 8 == 0) {
            copy(out.data(), {in_ + at_ / 8, out.size()});
            at_ += out.size() * 8;
        } else {
            // Each word ends inside the byte that follows it, which is there since the field ends beyond it.
            const unsigned shift = at_ % 8;
            const std::byte* from = in_ + at_ / 8;
            const std::size_t words = out.size() / 8;
            for (std::size_t i = 0; i < words; ++i)
                store_le(out.data() + i * 8, load_le<std::uint64_t>(from + i * 8) >> shift |
                                                 std::to_integer<std::uint64_t>(from[i * 8 + 8])
                                                     << (64 - shift));
            at_ += words * 64;
            const auto tail = static_cast<unsigned>(out.size() % 8);
            store_le_n(out.data() + words * 8, bits(tail * 8), tail);
        }
    }
    // The next bytes in place, which only works between two bytes: align() first. Empty when there are fewer.
    BytesIn bytes_view(std::size_t count) {
        if (at_ % 8 != 0 || count > bits_left() / 8) {
            fail();
            return {};
        }
        const BytesIn view{in_ + at_ / 8, count};
        at_ += count * 8;
        return view;
    }
    // True when all went well and nothing is left but the zeros that fill the last byte.
    bool finish() {
        align();
        return ok_ && bits_left() == 0;
    }
    void fail() {
        ok_ = false;
        at_ = size_ * 8;
    }

    bool ok() const { return ok_; }
    std::size_t position() const { return at_; }
    std::size_t bits_left() const { return size_ * 8 - at_; }

  private:
    const std::byte* in_;
    std::size_t size_, at_ = 0; // in bytes; in bits
    bool ok_ = true;
};

} // namespace tenon
