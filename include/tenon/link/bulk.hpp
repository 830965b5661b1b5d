#pragma once
// What a link over a connection says in streams of their own, where the transport has those: large messages
// that must arrive, and of which nobody was promised the order. What is small then waits behind none of them,
// and none behind another. A StreamLink has one, or NoBulk.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/stream_queue.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/wire/stream_frame.hpp"

namespace tenon {

class Bulk {
  public:
    // Smaller ones go with the others: they are soon gone, and a stream costs a few words of its own.
    static constexpr std::size_t least_bytes = 4096;

    explicit Bulk(const LinkOptions& options)
        : queue_(options.queue_bytes_max, options.datagram_bytes - stream_frame::head_bytes_max) {}

    // ---- putting in

    bool takes(std::size_t bytes) const { return way_.there && bytes >= least_bytes; }
    Result<> append(MessageType type, BytesIn payload) { return queue_.append(type, payload); }
    // The other side has all that was put in.
    bool idle() const { return queue_.empty() && way_.underway == 0; }

    // ---- what goes out

    // How the way is now. Without one all goes with the others, in `common`.
    void look(Instant now, const BulkWay& way, StreamQueue& common) {
        if (way.underway < way_.underway || !busy_) progress_at_ = now;
        way_ = way;
        looked_at_ = now;
        busy_ = !idle();
        for (; !way_.there && !queue_.empty(); queue_.pop()) {
            const StreamQueue::Message message = queue_.front();
            if (!common.append(message.type, message.payload)) return;
        }
    }
    // How large a buffer the next frame needs; 0 when none is to be sent now.
    std::size_t wants(Instant now) const {
        if (queue_.empty() || !way_.free || now < ready_at_) return 0;
        return queue_.front().payload.size() + stream_frame::head_bytes_max;
    }
    // Writes it; of `bandwidth`, the bytes a second that the user allows, 0 for all, half is for bulk.
    std::size_t write(Instant now, BytesOut into, std::uint64_t bandwidth) {
        const StreamQueue::Message message = queue_.front();
        StreamWriter frame(into);
        frame.message(message.type, message.payload);
        queue_.pop();
        const std::size_t size = frame.finish();
        way_.free = false; // until it is looked at again
        way_.backlog += size;
        way_.underway += size;
        progress_at_ = now;
        if (bandwidth != 0) {
            const double time = 2 * static_cast<double>(size) / static_cast<double>(bandwidth);
            ready_at_ = now + seconds(time < pause_most ? time : pause_most);
        }
        return size;
    }
    // The transport takes none now.
    void held_up(Instant now) { ready_at_ = now + glance; }
    // What the user allows is shared with one that left just now.
    bool shares(Instant now) const { return now < ready_at_; }

    // Whether a frame of the other side's is one message, to its end.
    static bool may_be(BytesIn frame) {
        const unsigned tag = frame.empty() ? 0 : std::to_integer<unsigned>(frame[0]);
        return (tag & ~unsigned(stream_frame::type)) == stream_frame::message;
    }

    // When there will be something to do, or to see.
    Instant next() const {
        if (idle()) return Instant::never();
        return queue_.empty() || !way_.free ? looked_at_ + glance : ready_at_;
    }
    // Until then some of it must have got on.
    Instant stuck_at(Duration timeout) const { return busy_ ? progress_at_ + timeout : Instant::never(); }

    // ---- what is known

    std::size_t bytes() const { return queue_.bytes(); } // that wait here
    std::size_t backlog() const { return way_.backlog; } // and in the transport

  private:
    static constexpr Duration glance = milliseconds(10);
    static constexpr double pause_most = 60;

    BulkWay way_;
    bool busy_ = false; // as it was looked at last
    Instant looked_at_{}, progress_at_{}, ready_at_{};
    StreamQueue queue_;
};

// What must arrive, on its way into a link that may have streams for what is large: `bulk` where the order is
// free, else none.
class StreamChannel {
  public:
    StreamChannel(StreamQueue& queue, Bulk* bulk) : queue_(&queue), bulk_(bulk) {}

    BytesOut open_room(MessageType type) { return queue_->open_room(type); } // for what is small
    bool commit(MessageType type, std::size_t size) { return queue_->commit(type, size); }
    Result<> append(MessageType type, BytesIn payload) {
        const bool large = bulk_ != nullptr && bulk_->takes(payload.size());
        return large ? bulk_->append(type, payload) : queue_->append(type, payload);
    }
    // What is in the common stream arrives before what follows it there.
    bool idle() const { return bulk_ == nullptr || bulk_->idle(); }

    StreamQueue& queue() const { return *queue_; }
    Bulk* bulk() const { return bulk_; }

  private:
    StreamQueue* queue_;
    Bulk* bulk_;
};

// In the place of Bulk where the transport has no such streams.
struct NoBulk {
    explicit NoBulk(const LinkOptions&) {}
    static constexpr bool idle() { return true; }
    static constexpr Instant next() { return Instant::never(); }
    static constexpr Instant stuck_at(Duration) { return Instant::never(); }
    static constexpr std::size_t bytes() { return 0; }
    static constexpr std::size_t backlog() { return 0; }
};

} // namespace tenon
