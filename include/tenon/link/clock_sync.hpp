#pragma once
// How far the other side's clock is from ours. Questions and answers cross the path both ways; the answer
// with the shortest round trip says most, and is believed until it is old. The link asks it what to write.

#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class ClockSync {
  public:
    explicit ClockSync(bool asks) : ask_at_(asks ? Instant{} : Instant::never()) {}

    // What follows the tag of a question, and of an answer.
    void read_ask(ByteReader& frames, Instant now) {
        asked_ = frames.u64();
        heard_at_ = now;
        answers_ = frames.ok();
    }
    void read_tell(ByteReader& frames, Instant now) {
        const auto asked = static_cast<std::int64_t>(frames.u64()),
                   told = static_cast<std::int64_t>(frames.u64());
        if (frames.ok()) sample(Instant{asked}, Instant{told}, now);
    }
    bool due(Instant now) const { return answers_ || ask_at_ <= now; }
    Instant next() const { return answers_ ? Instant{} : ask_at_; }
    // Writes the answer and the question that are due. True when the question was among them.
    bool write(ByteWriter& out, Instant now) {
        if (answers_) {
            out.u8(frame::time_tell);
            out.u64(asked_);
            // The middle of the visit: what the question waited here is not the path's.
            out.u64(static_cast<std::uint64_t>(heard_at_.ns + (now - heard_at_).ns / 2));
            answers_ = false;
        }
        if (ask_at_ > now) return false;
        out.u8(frame::time_ask);
        out.u64(static_cast<std::uint64_t>(now.ns));
        ask_at_ = now + (++times_asked_ < 6 ? milliseconds(100) : seconds(2));
        return true;
    }
    // `told` is the other side's time at the middle of the question's visit there.
    void sample(Instant asked, Instant told, Instant now) {
        // An echo of a question that was never asked, or a time that no clock shows.
        if (asked > now || asked < now - question_life || told < Instant{-Instant::never().ns} ||
            told > Instant::never())
            return;
        Sample& place = samples_[next_++ % count];
        place.round_trip = now - asked;
        place.offset = told - Instant{asked.ns + place.round_trip.ns / 2};
        place.set = true;
        const Sample* best = nullptr;
        for (const Sample& sample : samples_)
            if (sample.set && (best == nullptr || sample.round_trip < best->round_trip)) best = &sample;
        offset_ = best->offset;
    }

    bool known() const { return next_ != 0; }
    Duration offset() const { return offset_; } // theirs less ours
    Instant theirs(Instant ours) const { return ours + offset_; }

  private:
    static constexpr unsigned count = 8;
    static constexpr Duration question_life = seconds(60); // an answer that took longer says nothing
    struct Sample {
        Duration round_trip{}, offset{};
        bool set = false;
    };

    Instant ask_at_, heard_at_{};
    bool answers_ = false;
    unsigned next_ = 0, times_asked_ = 0;
    std::uint64_t asked_ = 0; // the time in the question that waits for its answer
    Duration offset_{};
    Sample samples_[count];
};

} // namespace tenon
