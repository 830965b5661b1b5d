#pragma once
// Which of the other side's packets have arrived: refuses what came before, and writes the acknowledgement of
// the rest.

#include <bit>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class Received {
  public:
    static constexpr std::uint64_t window = 4096;
    // How long an answer waits for company where something waits for it, and where nothing does: there it
    // mostly finds a packet that goes anyway.
    static constexpr Duration soon = milliseconds(25), slow = milliseconds(60);

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
            advance(number + 1);
            newest_at_ = now;
            number_bytes_ = number_bytes;
        }
        word(number / 64) |= bit(number);
        if (number < oldest_unreported_) oldest_unreported_ = number;
        ++unreported_;
        if (eliciting) ++unanswered_;
    }

    // How long the answer may wait for company. `urgent`: something waits for it.
    Duration patience(bool urgent, Duration delay) const {
        if (gap_ || unanswered_ >= answers_at_once) return {};
        return urgent ? delay : max(slow, delay);
    }

    // Writes the acknowledgement: first what is newest, then at most `pairs` gaps and runs further back.
    void write(PacketWriter& packet, Instant now, unsigned pairs) {
        const std::uint64_t largest = expected_ - 1;
        if (oldest_reported() + ack_window > largest &&
            run_down(largest, ack_window) >= (largest + 1 < ack_window ? largest + 1 : ack_window)) {
            packet.ack(largest, number_bytes_, now - newest_at_, 0);
        } else {
            std::uint64_t run = run_down(largest);
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

    const void* seldom() const { return words_; } // behind it lies what few packets need

    std::uint64_t expected() const { return expected_; }
    bool any() const { return expected_ != 0; }
    unsigned unreported() const { return unreported_; } // packets that came since the last acknowledgement
    unsigned unanswered() const { return unanswered_; } // those of them that ask for one
    bool gap() const { return gap_; }                   // the last packet left a hole before it

  private:
    static constexpr std::uint64_t word_count = window / 64;
    static constexpr unsigned reports = 3, recent = 2, answers_at_once = 16;
    static_assert(ack_window <= 64); // so all that most acknowledgements speak of lies in the recent words

    static constexpr std::uint64_t bit(std::uint64_t number) { return std::uint64_t(1) << (number % 64); }
    bool has(std::uint64_t number) const { return (word(number / 64) & bit(number)) != 0; }

    // The marks of 64 numbers. The newest lie beside the counters, so that most packets touch nothing else.
    std::uint64_t& word(std::uint64_t group) {
        const std::uint64_t back = expected_ / 64 - group;
        return back < recent ? recent_[back] : words_[group % word_count];
    }
    std::uint64_t word(std::uint64_t group) const { return const_cast<Received*>(this)->word(group); }
    void advance(std::uint64_t expected) {
        std::uint64_t group = expected_ / 64;
        if (expected / 64 - group > word_count + recent) { // of what is known, nothing stays in the window
            for (auto& word : words_) word = 0;
            for (auto& word : recent_) word = 0;
            group = expected / 64;
        }
        for (; group != expected / 64; ++group) {
            words_[(group - 1) % word_count] = recent_[1];
            recent_[1] = replaced(recent_[0], std::uint64_t(0));
        }
        expected_ = expected;
    }

    // How many in a row, downwards from `number` and inside the window, did arrive, or did not; counted no
    // further than is asked.
    std::uint64_t run_down(std::uint64_t number, std::uint64_t wanted = window) const {
        return count_down(number, 0, wanted);
    }
    std::uint64_t gap_down(std::uint64_t number) const {
        return count_down(number, ~std::uint64_t(0), window);
    }
    std::uint64_t count_down(std::uint64_t number, std::uint64_t flip, std::uint64_t wanted) const {
        std::uint64_t count = 0;
        const std::uint64_t most =
            number + 1 < window - (expected_ - 1 - number) ? number + 1 : window - (expected_ - 1 - number);
        while (count < most && count < wanted) {
            const std::uint64_t at = number - count;
            const std::uint64_t found = (word(at / 64) ^ flip) << (63 - at % 64);
            const auto ones = static_cast<std::uint64_t>(std::countl_one(found));
            const std::uint64_t in_word = at % 64 + 1;
            if (ones < in_word) return count + ones < most ? count + ones : most;
            count += in_word;
        }
        return count < most ? count : most;
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
    std::uint64_t recent_[recent] = {};    // a bit for each number: those about the newest,
    std::uint64_t words_[word_count] = {}; // and the rest of the window, by the number of their word
};

} // namespace tenon
