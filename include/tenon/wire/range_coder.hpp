#pragma once
// An adaptive binary range coder over a fixed buffer: what is likely costs a small part of a bit. The deltas
// of replication are written with it. Whoever codes says each thing once for both ways: the encoder gives
// back what it was given, the decoder what it has read.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/core/big_endian.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"

namespace tenon {

// How likely the next bit of a kind is 0, learned from those before it: the mean of a quick and a slow
// estimate. Both begin quicker than they go on, so that a packet need not be long to be learned from.
class BitModel {
  public:
    constexpr BitModel() = default;
    // Of 65536, that the first bit is 0, as was found elsewhere; it is given up less quickly than a guess.
    constexpr explicit BitModel(std::uint16_t zero) : quick_(zero), slow_(zero), seen_(seen_elsewhere) {}

    constexpr std::uint32_t zero() const {
        const std::uint32_t mean = (std::uint32_t(quick_) + slow_) >> 1;
        return mean < least ? least : mean > 65536 - least ? 65536 - least : mean;
    }
    TENON_INLINE constexpr void learn(bool bit) {
        const std::int32_t goal = bit ? 0 : 65535;
        const unsigned step = seen_ >> 1;
        quick_ =
            static_cast<std::uint16_t>(quick_ + ((goal - quick_) >> (step < quick_rate ? step : quick_rate)));
        slow_ = static_cast<std::uint16_t>(slow_ + ((goal - slow_) >> (step < slow_rate ? step : slow_rate)));
        seen_ = static_cast<std::uint16_t>(seen_ + (seen_ < seen_max));
    }

  private:
    static constexpr std::uint32_t least = 32;
    static constexpr unsigned quick_rate = 4, slow_rate = 7, seen_first = 2, seen_max = 2 * slow_rate;
    static constexpr std::uint16_t seen_elsewhere = 6;

    std::uint16_t quick_ = 32768, slow_ = 32768, seen_ = seen_first;
};

// What does not fit is not written; from there on ok() is false.
class RangeEncoder {
  public:
    static constexpr bool is_encoder = true;

    explicit RangeEncoder(BytesOut out) : out_(out.data()), size_(out.size()) {}

    TENON_INLINE bool bit(bool value, BitModel& model) {
        const std::uint64_t bound = (range_ >> 16) * model.zero();
        if (value) {
            add(bound);
            range_ -= bound;
        } else {
            range_ = bound;
        }
        model.learn(value);
        if (range_ >> 32 == 0) emit();
        return value;
    }
    // The lowest `count` bits, 0 to 64 of them, each as likely 0 as 1.
    std::uint64_t bits(std::uint64_t value, unsigned count) {
        for (unsigned left = count; left != 0;) {
            const unsigned step = left < 16 ? left : 16;
            left -= step;
            range_ >>= step;
            add((value >> left & ((1u << step) - 1)) * range_);
            if (range_ >> 32 == 0) emit();
        }
        return value;
    }
    // Bits as they are, from the end of the bytes backwards: quicker than bits() where there are many, at up
    // to two bytes for the first of them. While one of these lives, nothing else is asked of the coder.
    class Plain {
      public:
        explicit Plain(RangeEncoder& coder)
            : coder_(coder),
              begin_(coder.out_ + coder.at_),
              end_(coder.out_ + coder.size_ - coder.behind_),
              held_(coder.held_),
              holds_(coder.holds_) {}
        Plain(const Plain&) = delete;
        Plain& operator=(const Plain&) = delete;
        ~Plain() {
            coder_.behind_ = static_cast<std::size_t>(coder_.out_ + coder_.size_ - end_);
            coder_.held_ = held_, coder_.holds_ = holds_;
        }
        // The lowest `count` bits, 0 to 32 of them; what is above them is 0.
        TENON_INLINE std::uint64_t bits(std::uint64_t value, unsigned count) {
            held_ |= value << holds_;
            holds_ += count;
            const unsigned whole = holds_ & 32;
            // Stored before it is whole, too: whether it is, no processor can guess.
            if (end_ - begin_ >= 4) [[likely]] {
                store_be32(end_ - 4, static_cast<std::uint32_t>(held_ & 0xFFFF'FFFF));
                end_ -= whole / 8;
            } else if (whole != 0) {
                coder_.ok_ = false;
            }
            held_ >>= whole, holds_ -= whole;
            return value;
        }
        bool ok() const { return coder_.ok_; }

      private:
        RangeEncoder& coder_;
        std::byte *begin_, *end_;
        std::uint64_t held_;
        unsigned holds_;
    };
    // Bytes of the whole; 0 when it did not fit. Nothing may be written after it.
    std::size_t finish() {
        for (; holds_ != 0; held_ >>= 8, holds_ = holds_ < 8 ? 0 : holds_ - 8) {
            if (at_ + behind_ == size_) return 0;
            out_[size_ - ++behind_] = static_cast<std::byte>(held_ & 0xFF);
        }
        for (unsigned bytes = 0; bytes <= 8; ++bytes) {
            const std::uint64_t below = bytes == 8 ? 0 : ~std::uint64_t(0) >> (8 * bytes);
            const std::uint64_t end = (low_ + below) & ~below;
            // Behind the last byte the decoder reads zeros, or else whatever plain bits are there.
            if (end - low_ >= range_ || (behind_ != 0 && range_ - (end - low_) <= below)) continue;
            if (end < low_) carry();
            for (unsigned i = 0; i < bytes; ++i) put(end >> (56 - 8 * i));
            break;
        }
        if (!ok_) return 0;
        if (behind_ != 0) std::memmove(out_ + at_, out_ + size_ - behind_, behind_);
        return at_ + behind_;
    }
    // What finish() will give at most, if nothing more is written.
    std::size_t size() const { return at_ + behind_ + (holds_ + 7) / 8 + 8; }
    bool ok() const { return ok_; }
    // For what can't be said: finish() gives 0.
    void fail() { ok_ = false; }

  private:
    TENON_INLINE void add(std::uint64_t amount) {
        low_ += amount;
        if (low_ < amount) carry();
    }
    TENON_COLD void carry() {
        for (std::size_t i = at_; i-- > 0;) {
            out_[i] = static_cast<std::byte>(std::to_integer<unsigned>(out_[i]) + 1);
            if (out_[i] != std::byte{0}) return;
        }
    }
    void put(std::uint64_t byte) {
        if (at_ + behind_ == size_) {
            ok_ = false;
            return;
        }
        out_[at_++] = static_cast<std::byte>(byte);
    }
    void emit() {
        if (size_ - at_ - behind_ >= 4) [[likely]] {
            store_be32(out_ + at_, static_cast<std::uint32_t>(low_ >> 32));
            at_ += 4;
        } else {
            for (unsigned i = 0; i < 4; ++i) put(low_ >> (56 - 8 * i));
        }
        low_ <<= 32;
        range_ <<= 32;
    }

    std::byte* out_;
    std::size_t size_, at_ = 0, behind_ = 0; // behind_: bytes of plain bits, from the end backwards
    std::uint64_t low_ = 0, range_ = ~std::uint64_t(0), held_ = 0;
    unsigned holds_ = 0; // plain bits that are not a word yet, in held_
    bool ok_ = true;
};

// Past the end it reads zeros, as the encoder leaves them out; finish() tells whether there were too many.
class RangeDecoder {
  public:
    static constexpr bool is_encoder = false;

    explicit RangeDecoder(BytesIn in) : in_(in.data()), size_(in.size()) {
        code_ = word();
        code_ = code_ << 32 | word();
    }

    TENON_INLINE bool bit(bool, BitModel& model) {
        const std::uint64_t bound = (range_ >> 16) * model.zero();
        const bool value = code_ >= bound;
        if (value) {
            code_ -= bound;
            range_ -= bound;
        } else {
            range_ = bound;
        }
        model.learn(value);
        if (range_ >> 32 == 0) take();
        return value;
    }
    std::uint64_t bits(std::uint64_t, unsigned count) {
        std::uint64_t value = 0;
        for (unsigned left = count; left != 0;) {
            const unsigned step = left < 16 ? left : 16;
            left -= step;
            range_ >>= step;
            std::uint64_t part = code_ / range_;
            if (part >> step != 0) { // no encoder leaves this
                part = 0;
                fail();
            }
            code_ -= part * range_;
            value = value << step | part;
            if (range_ >> 32 == 0) take();
        }
        return value;
    }
    // As the encoder's.
    class Plain {
      public:
        explicit Plain(RangeDecoder& coder)
            : coder_(coder), held_(coder.held_), taken_(coder.taken_), holds_(coder.holds_) {}
        Plain(const Plain&) = delete;
        Plain& operator=(const Plain&) = delete;
        ~Plain() { coder_.held_ = held_, coder_.taken_ = taken_, coder_.holds_ = holds_; }
        TENON_INLINE std::uint64_t bits(std::uint64_t, unsigned count) {
            if (holds_ < count) {
                held_ |= coder_.word_behind(taken_) << holds_;
                taken_ += 4, holds_ += 32;
            }
            const std::uint64_t value = held_ & ((std::uint64_t(1) << count) - 1);
            held_ >>= count, holds_ -= count;
            return value;
        }
        bool ok() const { return coder_.ok_ && coder_.at_ + taken_ - holds_ / 8 <= coder_.size_ + 8; }

      private:
        RangeDecoder& coder_;
        std::uint64_t held_;
        std::size_t taken_;
        unsigned holds_;
    };
    // Whether the bytes are as many as an encoder would have written.
    Result<> finish() const {
        const std::size_t front = at_ + plain_bytes();
        if (!ok_) return Error::malformed;
        if (size_ + 8 < front) return Error::truncated;
        if (size_ > front) return Error::trailing_bytes;
        // The bits above the last plain one, in its byte.
        if ((held_ & ((std::uint64_t(1) << holds_ % 8) - 1)) != 0) return Error::malformed;
        return {};
    }
    // False once much more was asked for than there is: what is decoded from here on is noise.
    bool ok() const { return ok_ && at_ + plain_bytes() <= size_ + 8; }
    void fail() { ok_ = false; }

  private:
    std::uint64_t word() {
        std::uint64_t next = 0;
        if (at_ + 4 <= size_) [[likely]] {
            next = load_be32(in_ + at_);
        } else {
            for (std::size_t i = 0; i < 4; ++i)
                next = next << 8 | (at_ + i < size_ ? std::to_integer<std::uint64_t>(in_[at_ + i]) : 0);
        }
        at_ += 4;
        return next;
    }
    void take() {
        code_ = code_ << 32 | word();
        range_ <<= 32;
    }
    // Plain bits lie from the end backwards; before the first byte there are zeros.
    std::uint64_t word_behind(std::size_t taken) const {
        if (taken + 4 <= size_) [[likely]]
            return load_be32(in_ + size_ - taken - 4);
        std::uint64_t word = 0;
        for (std::size_t i = taken; i < size_; ++i)
            word |= std::to_integer<std::uint64_t>(in_[size_ - 1 - i]) << 8 * (i - taken);
        return word;
    }
    std::size_t plain_bytes() const { return taken_ - holds_ / 8; }

    const std::byte* in_;
    std::size_t size_, at_ = 0;
    std::uint64_t code_ = 0, range_ = ~std::uint64_t(0), held_ = 0;
    std::size_t taken_ = 0; // bytes of plain bits that were looked at, the last bits of which are in held_
    unsigned holds_ = 0;
    bool ok_ = true;
};

} // namespace tenon
