#pragma once
// Which of the other side's packets have arrived: refuses what came before, and writes the acknowledgement of
// the rest.

#include <bit>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class Received {
  public:
    static constexpr std::uint64_t window = 4096;

    // Why a packet of this number is not to be read, or none.
    Error check(std::uint64_t number) const {
        if (number >= expected_) return Error::none;
        if (expected_ - number > window) return Error::stale;
        return has(number) ? Error::duplicate : Error::none;
    }

    // `eliciting`: the other side wants to hear that it came.
    void note(std::uint64_t number, unsigned number_bytes, Instant now, bool eliciting) {
        gap_ = number > expected_ && eliciting;
        if (number >= expected_) {
            forget(expected_, number);
            expected_ = number + 1;
            newest_at_ = now;
            number_bytes_ = number_bytes;
        }
        words_[number / 64 % word_count] |= bit(number);
        if (number < oldest_unreported_) oldest_unreported_ = number;
        ++unreported_;
        if (eliciting) ++unanswered_;
    }

    // Writes the acknowledgement: first what is newest, then at most `pairs` gaps and runs further back.
    void write(PacketWriter& packet, Instant now, unsigned pairs) {
        const std::uint64_t largest = expected_ - 1;
        std::uint64_t run = run_down(largest);
        if (run >= (largest + 1 < ack_window ? largest + 1 : ack_window) &&
            oldest_reported() + ack_window > largest) {
            packet.ack(largest, number_bytes_, now - newest_at_, 0);
        } else {
            packet.ack(largest, number_bytes_, now - newest_at_, run);
            std::uint64_t next = largest - run; // the newest that is missing, or wraps when all are there
            // What lies before everything that is still to be said was said often enough.
            const std::uint64_t oldest = oldest_reported();
            while (pairs-- != 0 && run <= largest && next > oldest) {
                const std::uint64_t gap = gap_down(next);
                if (gap > next || expected_ - (next - gap) > window) break;
                const std::uint64_t more = run_down(next - gap);
                packet.ack_run(gap, more);
                if (more > next - gap) break;
                next = next - gap - more;
            }
        }
        for (unsigned i = reports - 1; i != 0; --i) reported_[i] = reported_[i - 1];
        reported_[0] = oldest_unreported_;
        oldest_unreported_ = UINT64_MAX;
        unreported_ = unanswered_ = 0;
        gap_ = false;
    }

    // Fetches where the next numbers are noted.
    TENON_INLINE void prefetch() const { tenon::prefetch(&words_[expected_ / 64 % word_count]); }
    const void* numbers() const { return words_; } // behind all else

    std::uint64_t expected() const { return expected_; }
    bool any() const { return expected_ != 0; }
    unsigned unreported() const { return unreported_; } // packets that came since the last acknowledgement
    unsigned unanswered() const { return unanswered_; } // those of them that ask for one
    bool gap() const { return gap_; }                   // the last packet left a hole before it

  private:
    static constexpr std::uint64_t word_count = window / 64;
    static constexpr unsigned reports = 3;

    static constexpr std::uint64_t bit(std::uint64_t number) { return std::uint64_t(1) << (number % 64); }
    bool has(std::uint64_t number) const { return (words_[number / 64 % word_count] & bit(number)) != 0; }

    // Clears the marks of [from, to): another lap of the circle has come to their places.
    void forget(std::uint64_t from, std::uint64_t to) {
        if (to - from >= window) {
            for (auto& word : words_) word = 0;
            return;
        }
        for (; from < to && from % 64 != 0; ++from) words_[from / 64 % word_count] &= ~bit(from);
        for (; from + 64 <= to; from += 64) words_[from / 64 % word_count] = 0;
        for (; from <= to; ++from) words_[from / 64 % word_count] &= ~bit(from);
    }

    // How many in a row, downwards from `number` and inside the window, did arrive, or did not.
    std::uint64_t run_down(std::uint64_t number) const { return count_down(number, 0); }
    std::uint64_t gap_down(std::uint64_t number) const { return count_down(number, ~std::uint64_t(0)); }
    std::uint64_t count_down(std::uint64_t number, std::uint64_t flip) const {
        std::uint64_t count = 0;
        const std::uint64_t most =
            number + 1 < window - (expected_ - 1 - number) ? number + 1 : window - (expected_ - 1 - number);
        while (count < most) {
            const std::uint64_t at = number - count;
            const std::uint64_t word = (words_[at / 64 % word_count] ^ flip) << (63 - at % 64);
            const auto ones = static_cast<std::uint64_t>(std::countl_one(word));
            const std::uint64_t in_word = at % 64 + 1;
            if (ones < in_word) return count + ones < most ? count + ones : most;
            count += in_word;
        }
        return most;
    }

    // An acknowledgement may be lost, so what was said in the last few is said again.
    std::uint64_t oldest_reported() const {
        std::uint64_t oldest = oldest_unreported_;
        for (const auto reported : reported_) oldest = reported < oldest ? reported : oldest;
        return oldest == UINT64_MAX ? expected_ : oldest;
    }

    std::uint64_t expected_ = 0; // one more than the newest
    std::uint64_t oldest_unreported_ = UINT64_MAX;
    std::uint64_t reported_[reports] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    Instant newest_at_{};
    unsigned number_bytes_ = 1, unreported_ = 0, unanswered_ = 0;
    bool gap_ = false;
    std::uint64_t words_[word_count] = {}; // a bit for each number in the window
};

} // namespace tenon
