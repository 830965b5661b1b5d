#pragma once
// For how long nothing has been heard where an answer was due. The link asks it when to knock again, with
// growing pauses, and whether to go on believing in what is in flight.

#include "tenon/core/time.hpp"

namespace tenon {

class Silence {
  public:
    explicit Silence(Instant now) : since_(now) {}

    // An answer came.
    void broken(Instant now) {
        since_ = now;
        probes_ = 0;
        awaited_since_ = Instant::never();
        broken_ = true;
    }
    // Something was sent that wants an answer.
    void begin(Instant now) { awaited_since_ = min(awaited_since_, now); }
    // Answers come: there has been one, and none has been due for so long.
    bool is_broken(Instant now, Duration longest) const {
        return broken_ && (awaited_since_ == Instant::never() || now < awaited_since_ + longest);
    }
    // When to ask, if the last packet that wants an answer left at `newest_sent` and one takes `timeout`.
    Instant asks_at(Instant newest_sent, Duration timeout) const {
        return max(newest_sent, since_) + timeout * (std::int64_t(1) << (probes_ < 6 ? probes_ : 6));
    }
    // Asks. True when it was asked so often that everything in flight has to count as lost.
    bool ask(Instant now) {
        since_ = now;
        credit_ = packets;
        return ++probes_ >= patience;
    }
    // A few packets may go to break it, whatever the path is believed to carry.
    bool may_send() const { return credit_ != 0; }
    void spend() { credit_ -= credit_ != 0 ? 1 : 0; }

  private:
    static constexpr unsigned patience = 3, packets = 2;

    Instant since_, awaited_since_ = Instant::never();
    unsigned probes_ = 0, credit_ = 0;
    bool broken_ = false; // ever
};

} // namespace tenon
