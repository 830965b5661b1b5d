#pragma once
// Whole bytes on the wire: cursors that write and read integers, varints and spans, and remember the first
// failure. Varints are base 128, low groups first, in their shortest form only.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"

namespace tenon {

constexpr std::size_t varint_size(std::uint64_t value) {
    return value < 0x80 ? 1 : (static_cast<std::size_t>(std::bit_width(value)) + 6) / 7;
}

// Writes at the front of what is left of a span. Past its end nothing is written and ok() turns false for
// good.
class ByteWriter {
  public:
    explicit ByteWriter(BytesOut out) : out_(out) {}

    void u8(std::uint8_t value) { put(value); }
    void u16(std::uint16_t value) { put(value); }
    void u32(std::uint32_t value) { put(value); }
    void u64(std::uint64_t value) { put(value); }
    void varint(std::uint64_t value) {
        if (!take(varint_size(value))) return;
        for (; value >= 0x80; value >>= 7) out_[at_++] = static_cast<std::byte>(value | 0x80);
        out_[at_++] = static_cast<std::byte>(value);
    }
    void bytes(BytesIn bytes) {
        if (!take(bytes.size())) return;
        copy(out_.data() + at_, bytes);
        at_ += bytes.size();
    }
    // The count as a varint, then the bytes.
    void sized(BytesIn whole) {
        if (!take(varint_size(whole.size()) + whole.size())) return;
        varint(whole.size());
        bytes(whole);
    }
    // Leaves bytes as they are, to be filled in later.
    void skip(std::size_t count) {
        if (take(count)) at_ += count;
    }
    void fail() { ok_ = false; }

    bool ok() const { return ok_; }
    std::size_t position() const { return at_; }
    std::size_t left() const { return out_.size() - at_; }
    BytesOut rest() const { return out_.subspan(at_); }

  private:
    bool take(std::size_t count) {
        if (count > out_.size() - at_) ok_ = false;
        return ok_;
    }
    template <class T>
    void put(T value) {
        if (!take(sizeof(T))) return;
        store_le(out_.data() + at_, value);
        at_ += sizeof(T);
    }

    BytesOut out_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

// Reads from the front. Past the end, or after anything malformed, every read gives zero and ok() is false.
class ByteReader {
  public:
    explicit ByteReader(BytesIn in = {}) : in_(in) {}

    std::uint8_t u8() { return get<std::uint8_t>(); }
    std::uint16_t u16() { return get<std::uint16_t>(); }
    std::uint32_t u32() { return get<std::uint32_t>(); }
    std::uint64_t u64() { return get<std::uint64_t>(); }
    std::uint64_t le(unsigned count) {
        if (!take(count)) return 0;
        at_ += count;
        return load_le_n(in_.data() + at_ - count, count);
    }
    std::uint64_t varint() {
        if (at_ < in_.size() && ok_) [[likely]] {
            const auto first = std::to_integer<std::uint8_t>(in_[at_]);
            if (first < 0x80) return ++at_, first;
        }
        return long_varint();
    }
    // The next `count` bytes, in place; empty when there are fewer.
    BytesIn bytes(std::size_t count) {
        if (!take(count)) return {};
        at_ += count;
        return in_.subspan(at_ - count, count);
    }
    // What ByteWriter::sized wrote, in place. A count is compared whole: also where std::size_t is narrow, a
    // huge one can't pass for a small one.
    BytesIn sized() {
        const std::uint64_t count = varint();
        if (count > in_.size()) ok_ = false;
        return bytes(static_cast<std::size_t>(count));
    }
    void fail() { ok_ = false; }

    bool ok() const { return ok_; }
    std::size_t position() const { return at_; }
    std::size_t left() const { return ok_ ? in_.size() - at_ : 0; }
    BytesIn rest() const { return ok_ ? in_.subspan(at_) : BytesIn(); }

  private:
    bool take(std::size_t count) {
        if (count > in_.size() - at_) ok_ = false;
        return ok_;
    }
    template <class T>
    T get() {
        if (!take(sizeof(T))) return 0;
        at_ += sizeof(T);
        return load_le<T>(in_.data() + at_ - sizeof(T));
    }
    std::uint64_t long_varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = u8();
            value |= std::uint64_t(byte & 0x7Fu) << shift;
            if (byte < 0x80) {
                if (!ok_ || byte == 0 || (shift == 63 && byte > 1)) break; // cut short, over-long or too big
                return value;
            }
        }
        ok_ = false;
        return 0;
    }

    BytesIn in_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

} // namespace tenon
