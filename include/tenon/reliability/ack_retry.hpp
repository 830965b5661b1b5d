#pragma once
// AckRetry: each event has an id and is sent again, with growing and jittered pauses, until the other side
// names its id in a receipt, or until it was tried often enough: then the sender is told. It promises no
// order, since it may give up.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/reliability/concept.hpp"

namespace tenon::reliability {

struct RetryRule {
    std::uint8_t tries = 10;
    Duration pause_min = milliseconds(50); // before the second try, unless the round trip is longer
    Duration pause_max = seconds(2);
    double jitter = 0.25; // of the pause, both ways
};

// An event that no receipt came for.
struct GivenUp {
    MessageType type;
    std::uint16_t id = 0;
};

class RetryMachine {
  public:
    using GivenUp = reliability::GivenUp;

    RetryMachine(Random random, const RetryRule& rule) : random_(random), rule_(rule) {}
    RetryMachine(const RetryMachine&) = delete;
    RetryMachine& operator=(const RetryMachine&) = delete;
    ~RetryMachine() {
        for (std::size_t i = 0; i < events_.size(); ++i) give(events_[i]);
    }

    // Takes an event to be sent until it is receipted. `pool` lends the memory that holds it until then.
    Result<> push(Pool& pool, Instant now, MessageType type, BytesIn payload) {
        if (payload.size() > pool.block_bytes() - event_header_bytes_max) return Error::too_large;
        if (events_.size() >= window) return Error::queue_full;
        Event event;
        event.bytes = pool.take();
        if (event.bytes == nullptr) return Error::queue_full;
        pool_ = &pool;
        copy(event.bytes, payload);
        event.size = static_cast<std::uint16_t>(payload.size());
        event.type = type;
        event.due = now;
        if (events_.push_back(event) == nullptr) {
            pool.give(event.bytes);
            return Error::queue_full;
        }
        deadline_ = now;
        return {};
    }

    bool pending(Instant now) const { return receipts_ != 0 || deadline_ <= now; }
    Instant deadline() const { return receipts_ != 0 ? Instant{} : deadline_; }

    // Writes receipts and the events that are due. True when anything was written.
    bool fill(Instant now, Duration round_trip, PacketWriter& packet) {
        bool wrote = write_receipts(packet);
        deadline_ = Instant::never();
        for (std::size_t i = 0; i < events_.size(); ++i) {
            Event& event = events_[i];
            if (event.settled) continue;
            if (event.due <= now && event.tries >= rule_.tries) {
                settle(event);
                if (given_up_.push_back({event.type, static_cast<std::uint16_t>(base_ + i)}) == nullptr)
                    continue;
            } else if (event.due <= now &&
                       write_event(packet, event, static_cast<std::uint16_t>(base_ + i))) {
                event.due = now + pause(event, round_trip);
                ++event.tries;
                wrote = true;
            }
            if (!event.settled) deadline_ = min(deadline_, event.due);
        }
        retire();
        return wrote;
    }

    // Reads an event frame behind its tag. True when the event is new and to be delivered; it is receipted in
    // any case.
    bool read_event(ByteReader& frames, MessageType& type, BytesIn& payload) {
        const std::uint16_t id = frames.u16();
        const std::uint64_t number = frames.varint();
        payload = frames.sized();
        if (number > 0xFFFF) frames.fail();
        if (!frames.ok()) return false;
        type.value = static_cast<std::uint16_t>(number);
        // Too far ahead to be remembered: without a receipt it comes again.
        if (receipts_ == receipts_max ||
            (newer(id, newest_) && static_cast<std::uint16_t>(id - newest_) > window))
            return false;
        receipt_[receipts_++] = id;
        return note(id);
    }
    // Reads a receipts frame behind its tag.
    void read_receipts(ByteReader& frames) {
        for (unsigned left = frames.u8(); left != 0 && frames.ok(); --left) {
            const std::uint16_t at = static_cast<std::uint16_t>(frames.u16() - base_);
            if (frames.ok() && at < events_.size() && !events_[at].settled) settle(events_[at]);
        }
        retire();
    }
    // The next event that was given up.
    bool poll_given_up(GivenUp& given_up) {
        if (given_up_.empty()) return false;
        given_up = given_up_.front();
        given_up_.pop_front();
        return true;
    }

    std::size_t waiting() const { return events_.size(); }

  private:
    static constexpr std::size_t window = 1024, event_header_bytes_max = 8;
    static constexpr unsigned receipts_max = 64;

    struct Event {
        std::byte* bytes = nullptr;
        Instant due{};
        MessageType type;
        std::uint16_t size = 0;
        std::uint8_t tries = 0;
        bool settled = false;
    };

    Duration pause(const Event& event, Duration round_trip) {
        Duration pause = max(rule_.pause_min, round_trip + round_trip / 4);
        for (unsigned i = 0; i < event.tries && pause < rule_.pause_max; ++i) pause = pause * 2;
        const double factor = 1.0 + rule_.jitter * (2 * random_.real() - 1);
        return seconds(min(pause, rule_.pause_max).seconds() * factor);
    }
    static bool write_event(PacketWriter& packet, const Event& event, std::uint16_t id) {
        if (packet.left() < event.size + event_header_bytes_max + 1) return false;
        packet.out().u8(frame::retried_event);
        packet.out().u16(id);
        packet.out().varint(event.type.value);
        packet.out().varint(event.size);
        packet.out().bytes({event.bytes, event.size});
        return true;
    }
    bool write_receipts(PacketWriter& packet) {
        if (receipts_ == 0 || packet.left() < 2u + 2u * receipts_) return false;
        packet.out().u8(frame::receipts);
        packet.out().u8(static_cast<std::uint8_t>(receipts_));
        for (unsigned i = 0; i < receipts_; ++i) packet.out().u16(receipt_[i]);
        receipts_ = 0;
        return true;
    }
    // Marks the id as seen; false when it was.
    bool note(std::uint16_t id) {
        if (newer(id, newest_)) {
            for (; newest_ != id; seen_[newest_ % window] = false) ++newest_;
        } else if (static_cast<std::uint16_t>(newest_ - id) >= window) {
            return false;
        }
        bool& seen = seen_[id % window];
        const bool fresh = !seen;
        seen = true;
        return fresh;
    }
    void give(Event& event) {
        if (event.bytes != nullptr) pool_->give(event.bytes);
        event.bytes = nullptr;
    }
    void settle(Event& event) {
        event.settled = true;
        give(event);
    }
    void retire() {
        for (; !events_.empty() && events_.front().settled; ++base_) events_.pop_front();
    }

    Random random_;
    RetryRule rule_;
    Pool* pool_ = nullptr;
    Ring<Event> events_{window};
    Ring<GivenUp> given_up_{window};
    Instant deadline_ = Instant::never();
    std::uint16_t base_ = 0; // the id of the oldest event kept
    std::uint16_t newest_ = 0xFFFF;
    std::uint16_t receipt_[receipts_max] = {};
    unsigned receipts_ = 0;
    bool seen_[window] = {};
};

template <RetryRule rule = RetryRule{}>
struct AckRetryWith {
    static constexpr ReliabilityTraits traits{.reliable = true, .gives_up = true};
    struct Machine : RetryMachine {
        explicit Machine(Random random) : RetryMachine(random, rule) {}
    };
};
using AckRetry = AckRetryWith<>;

} // namespace tenon::reliability
