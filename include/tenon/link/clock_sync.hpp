#pragma once
// How far the other side's clock is from ours, and how early commands come. Questions and answers cross the
// path both ways, on packets that go anyway: an answer says how long the question has waited. The link asks
// it what to write, and the room takes the answers.

#include <cstdint>

#include "tenon/core/swap.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class ClockSync {
  public:
    static constexpr std::size_t bytes_max = 2 + 1 + 1 + 8 + 4 + 3; // of what write() writes

    // The other side's clock less ours as it was `at`; the two ways together took `round_trip`.
    struct Answer {
        Instant at{};
        Duration offset{}, round_trip{};
    };

    explicit ClockSync(bool asks) : asks_(asks), ask_at_(asks ? Instant{} : Instant::never()) {}

    // The path is another: what was asked on the old one is let go, and the new one learned quickly.
    void restart() {
        answers_ = false;
        times_asked_ = 0;
        ask_at_ = asks_ ? Instant{} : Instant::never();
        for (Question& question : questions_) question.open = false;
    }

    // What follows the tag of a frame that is ours.
    void read(std::uint8_t tag, ByteReader& frames, Instant now) {
        if (tag == frame::time_ask)
            read_ask(frames, now);
        else if (tag == frame::time_tell)
            read_tell(frames, now);
        else
            read_early(frames);
    }
    void read_ask(ByteReader& frames, Instant now) {
        asked_ = frames.u8();
        heard_at_ = now;
        answers_ = frames.ok();
    }
    void read_tell(ByteReader& frames, Instant now) {
        const std::uint8_t number = frames.u8();
        const auto told = static_cast<std::int64_t>(frames.u64());
        const std::uint64_t waited = frames.varint();
        if (frames.ok()) hear(number, Instant{told}, waited, now);
    }

    void read_early(ByteReader& frames) {
        const auto steps = static_cast<std::int16_t>(frames.u16());
        if (!frames.ok()) return;
        early_ = early_step * steps;
        hears_early_ = true;
    }

    // How early the other side's commands come, for it to hear with a packet that goes anyway; and what was
    // heard of ours.
    void tell_early(Duration early) {
        tells_ = clamp(early, early_step * -0x7FFF, early_step * 0x7FFF);
        tells_early_ = true;
    }
    bool poll_early(Duration& early) {
        early = early_;
        return replaced(hears_early_, false);
    }

    // When a packet should go for its sake, and from when on it has something for one that goes anyway.
    Instant next() const {
        const Instant ask = hurries() ? ask_at_ + company : Instant::never();
        return answers_ && (asked_ & at_once) != 0 ? min(ask, heard_at_ + company) : ask;
    }
    Instant rides_at() const {
        const Instant tell = answers_ ? heard_at_ : tells_early_ ? Instant{} : Instant::never();
        return min(tell, ask_at_);
    }
    // Writes the answer and the question that there are.
    void write(ByteWriter& out, Instant now) {
        if (answers_ && now - heard_at_ < question_life) {
            out.u8(frame::time_tell);
            out.u8(asked_ & number_mask);
            out.u64(static_cast<std::uint64_t>(heard_at_.ns));
            out.varint(static_cast<std::uint64_t>(now > heard_at_ ? (now - heard_at_) / microseconds(1) : 0));
        }
        answers_ = false;
        if (replaced(tells_early_, false)) {
            out.u8(frame::early);
            out.u16(static_cast<std::uint16_t>(tells_ / early_step));
        }
        if (ask_at_ > now) return;
        const bool hurry = hurries();
        questions_[number_ % open_max] = {now, true};
        out.u8(frame::time_ask);
        out.u8(static_cast<std::uint8_t>(number_ | (hurry ? at_once : 0)));
        number_ = (number_ + 1) & number_mask;
        ++times_asked_;
        ask_at_ = now + milliseconds(times_asked_ < 100 ? 100 : times_asked_ < 180 ? 250 : 500);
    }

    // The next answer that was not taken yet.
    bool poll(Answer& answer) {
        if (taken_ == heard_) return false;
        answer = answers_heard_[taken_++ % kept];
        return true;
    }
    bool known() const { return heard_ != 0; }

  private:
    static constexpr std::uint8_t at_once = 0x80, number_mask = 0x7F;
    static constexpr unsigned open_max = 16, kept = 4; // questions without an answer, answers not taken
    static constexpr unsigned hasty = 12; // so many of our questions are worth a packet of their own
    static constexpr Duration company = milliseconds(20);  // how long it is waited for by what hurries
    static constexpr Duration question_life = seconds(60); // an answer that took longer says nothing
    static constexpr Duration early_step = microseconds(20);
    struct Question {
        Instant at{};
        bool open = false;
    };

    bool hurries() const { return asks_ && times_asked_ < hasty; }
    void hear(std::uint8_t number, Instant told, std::uint64_t waited, Instant now) {
        Question& question = questions_[number % open_max];
        const auto apart = static_cast<std::uint8_t>((number_ - number) & number_mask);
        // An echo of a question that was never asked, or a time that no clock shows.
        if (number > number_mask || apart == 0 || apart > open_max || !question.open) return;
        question.open = false;
        if (told < Instant{-Instant::never().ns} || told > Instant::never()) return;
        if (now < question.at || now - question.at > question_life) return;
        const auto least = static_cast<std::uint64_t>((now - question.at) / microseconds(1));
        if (waited > least) return; // it was heard before it was asked
        Answer& answer = answers_heard_[heard_++ % kept];
        answer.round_trip = now - question.at - microseconds(static_cast<std::int64_t>(waited));
        answer.at = question.at + answer.round_trip / 2;
        answer.offset = told - answer.at;
        if (heard_ - taken_ > kept) taken_ = heard_ - kept;
    }

    bool asks_, answers_ = false, tells_early_ = false, hears_early_ = false;
    std::uint8_t asked_ = 0;  // the question that waits for its answer
    std::uint8_t number_ = 0; // of our own next
    Instant ask_at_, heard_at_{};
    Duration tells_{}, early_{};
    unsigned times_asked_ = 0, heard_ = 0, taken_ = 0;
    Question questions_[open_max];
    Answer answers_heard_[kept];
};

// What the clock said that it wants, for a link that asks before every packet and has much else in its hands.
struct ClockTurn {
    Instant at{}, rides_at{}; // a packet for its sake, or a place in one that goes anyway

    void look(const ClockSync& clock) { at = clock.next(), rides_at = clock.rides_at(); }
    // Whether it writes into the packet that goes now. `fits`: there is a place. Where packets follow each
    // other closely, one of the next will do as well.
    bool comes(Instant now, Instant last_tx, bool fits) const {
        const Duration patience = now - last_tx < milliseconds(10) ? milliseconds(150) : Duration{};
        return at <= now || (fits && rides_at + patience <= now);
    }
};

} // namespace tenon
