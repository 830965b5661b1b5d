#pragma once
// One remote peer over a connection that loses nothing and keeps the order: what Link is over datagrams, with
// the same face, and without all that the transport does already. Frames in, messages out, and the other way
// round. Seats has it in Link's place where the reliability is Native.

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/beside.hpp"
#include "tenon/link/bulk.hpp"
#include "tenon/link/bundle.hpp"
#include "tenon/link/clock_sync.hpp"
#include "tenon/link/farewell.hpp"
#include "tenon/link/nothing_beside.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/outbox.hpp"
#include "tenon/link/stream_path.hpp"
#include "tenon/link/stream_queue.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/wire/stream_frame.hpp"

namespace tenon {

template <class Reliability, class SealType>
class StreamLink {
  public:
    // Never away: a connection is there or not.
    enum class State : std::uint8_t { open, away, closing, closed };
    using Seal = SealType;
    static constexpr bool over_stream = true;
    // What may be lost goes beside the stream, where the transport has a way for it.
    static constexpr bool has_datagrams = Reliability::traits.datagrams;
    // What is large and needs no order has streams of its own, where the transport has them.
    static constexpr bool has_bulk = Reliability::traits.bulk;
    // Of the room's pool, where the same is kept for many links.
    static constexpr std::size_t pool_block_bytes = 1200;
    static_assert(Reliability::traits.native);

    StreamLink(Pool& pool, const LinkOptions& options, const typename Seal::Key& key, Instant now, Random)
        : options_(options),
          path_(now, options.bandwidth),
          outbox_(options.queue_bytes_max),
          queue_(options.queue_bytes_max, options.datagram_bytes - stream_frame::head_bytes_max),
          clock_(options.asks_time),
          beside_(pool, options, key),
          bulk_(options) {
        now_ = spoke_at_ = stats_.last_rx = stats_.last_tx = now;
        for (Instant& asked : asked_at_) asked = Instant::never();
        clock_turn_.look(clock_);
    }

    // ---- what comes in

    // Takes a frame; drain poll_event before anything else.
    Result<> handle_datagram(Instant now, BytesIn frame, BytesOut = {}) {
        if (state_ == State::closed) return Error::closed;
        now_ = stats_.last_rx = now;
        ++stats_.packets_in;
        stats_.bytes_in += frame.size();
        frame_ = ByteReader(frame);
        reading_ = true;
        return {};
    }
    // The same of a datagram from beside the stream.
    Result<> handle_beside(Instant now, BytesIn datagram, BytesOut desk = {}) {
        static_assert(has_datagrams);
        if (state_ == State::closed) return Error::closed;
        const Result<> opened = beside_.handle_datagram(datagram, desk);
        if (!opened) return stats_.count(opened.error()), opened;
        now_ = stats_.last_rx = now;
        ++stats_.packets_in;
        stats_.bytes_in += datagram.size();
        const auto settled = beside_.settle(now, path_);
        stats_.lost += settled.lost_packets;
        stats_.resent_late += settled.spurious;
        return {};
    }
    // The same of a frame that had a stream of its own: one message to its end.
    Result<> handle_bulk(Instant now, BytesIn frame) {
        static_assert(has_bulk);
        const Result<> taken = handle_datagram(now, frame);
        if (taken && !Bulk::may_be(frame)) reading_ = break_off(Error::malformed);
        return taken;
    }
    // The next message of the frame, or of the datagram.
    bool poll_event(LinkEvent& event) {
        if constexpr (has_datagrams)
            if (beside_.is_reading()) return poll_beside(event);
        while (reading_ && (frame_.left() != 0 || beside_.lists_commands()) && state_ != State::closed)
            if (read(event)) return true;
        if (reading_ && !frame_.ok()) break_off(Error::malformed);
        return reading_ = false;
    }

    void handle_timeout(Instant now) {
        now_ = now;
        if (state_ == State::closing && now >= closing_until_) return void(state_ = State::closed);
        if (state_ == State::open && now >= silent_until()) finish(Error::timed_out);
    }

    // ---- what goes out

    // Both are one queue: what was said first is heard first, but for what is large and needs no order.
    decltype(auto) channel(bool ordered) {
        if constexpr (has_bulk)
            return StreamChannel(queue_, ordered ? nullptr : &bulk_);
        else
            return (queue_);
    }
    Outbox& outbox() {
        if constexpr (has_datagrams)
            return beside_.outbox();
        else
            return outbox_;
    }
    // The number that the other side will give it.
    Result<std::uint32_t> push_command(MessageType type, BytesIn payload) {
        return beside_.push_command(type, payload);
    }
    // What is in the stream arrives before all that follows it there, and so counts as heard at once.
    bool poll_arrived(std::uint32_t& track) {
        if (beside_.poll_arrived(track)) return true;
        if (arrived_.empty()) return false;
        track = arrived_.front();
        arrived_.pop_front();
        return true;
    }

    // So many bytes wait behind the connection now.
    void look(Instant now, std::size_t backlog) { path_.look(now_ = now, backlog); }
    // The same after what it was given in this turn was flushed.
    void flushed(Instant now, std::size_t backlog) {
        path_.look(now_ = now, backlog);
        blocked_ = false;
    }
    bool is_behind() const { return blocked_ && path_.is_behind(); }
    // How large a buffer the next frame needs; 0 when nothing is to be sent now.
    std::size_t wants(Instant now) {
        now_ = now;
        if (state_ == State::closed) return 0;
        beside_.hand_over(now, outbox_);
        (void)outbox_.front(now); // what is too late is dropped, also while nothing may go
        const bool closing = state_ == State::closing;
        if (now < retry_at_ && blocked_) return 0;
        blocked_ = false;
        if (closing && awaits_bulk()) return 0;
        if (!closing && !is_due(now) && !control_due(now)) return 0;
        if (!closing && !path_.may_send()) return retry_at_ = path_.ready_at(now), blocked_ = true, 0;
        std::size_t size = frame_bytes;
        if (!queue_.empty()) size = larger(size, queue_.front().payload.size() + spare_bytes);
        if (const Outbox::Message* message = closing ? nullptr : outbox_.front(now))
            size = larger(size, message->size + spare_bytes);
        return size < options_.datagram_bytes ? size : options_.datagram_bytes;
    }
    // Writes the next frame into the caller's buffer; 0 when there is nothing to send now.
    std::size_t poll_transmit(Instant now, BytesOut into) {
        const std::size_t size = wants(now);
        if (size == 0) return 0;
        StreamWriter frame(into.first(into.size() < size ? into.size() : size));
        if (state_ == State::closing)
            fill_goodbye(frame);
        else
            fill(frame, now);
        const std::size_t written = frame.finish();
        if (written == 0) return 0;
        spoke_at_ = stats_.last_tx = now;
        ++stats_.packets_out;
        stats_.bytes_out += written;
        path_.sent(written);
        return written;
    }
    // The connection takes nothing now, whatever it is believed to carry.
    void held_up(Instant now) {
        retry_at_ = now + held_up_for;
        blocked_ = true;
    }

    // ---- what goes beside the stream, where it can

    // So large a datagram goes there now; 0: none does. Who was not heard yet may not be there to hear one.
    void look_beside(Instant now, std::size_t datagram_max) {
        beside_.set_max(now, stats_.packets_in != 0 ? datagram_max : 0);
    }
    // How large a buffer the next datagram needs; 0 when none is to be sent now.
    std::size_t wants_beside(Instant now) {
        now_ = now;
        if (state_ != State::open || !beside_.is_due(now, clock_turn_.at)) return 0;
        if (path_.may_send_beside()) return beside_.datagram_bytes();
        return beside_.held_up(now, path_.beside_ready_at() - now), 0;
    }
    // Writes it; 0 when there is nothing to say after all.
    std::size_t transmit_beside(Instant now, BytesOut into) {
        const std::size_t written = beside_.write(now, into, path_.round_trip().smoothed(), outbox_,
                                                  [this, now](ByteWriter& out) { fill_clock(out, now); });
        if (written == 0) return 0;
        stats_.last_tx = now;
        ++stats_.packets_out;
        stats_.bytes_out += written;
        path_.sent_beside(written);
        return written;
    }
    // The transport takes no datagram now.
    void beside_held_up(Instant now) { beside_.held_up(now, held_up_for); }

    // ---- what has streams of its own, where there are some

    void look_bulk(Instant now, const BulkWay& way) {
        // Who was not heard yet may not be there to hear anything.
        bulk_.look(now, stats_.packets_in != 0 ? way : BulkWay{}, queue_);
        path_.share(bulk_.shares(now));
    }
    std::size_t wants_bulk(Instant now) const { return state_ == State::closed ? 0 : bulk_.wants(now); }
    std::size_t transmit_bulk(Instant now, BytesOut into) {
        const std::size_t written = bulk_.write(now, into, path_.bandwidth());
        stats_.last_tx = now;
        ++stats_.packets_out;
        stats_.bytes_out += written;
        return written;
    }
    void bulk_held_up(Instant now) { bulk_.held_up(now); }

    // When handle_timeout or poll_transmit will next have something to do.
    Instant poll_timeout() const {
        if (state_ == State::closed) return Instant::never();
        const Instant free_at = blocked_ ? retry_at_ : Instant{};
        if (state_ == State::closing) return min(closing_until_, awaits_bulk() ? bulk_.next() : free_at);
        return min(min(min(silent_until(), bulk_.next()), beside_.next(clock_turn_.at)),
                   max(free_at, min(control_at(), content_at())));
    }
    Instant poll_timeout_after_reading() const { return poll_timeout(); }

    // Says goodbye with a reason, and maybe a text, and ends. The other side hears it unless it does not
    // read.
    void close(Error reason, SharedBytes* text = nullptr) {
        if (state_ != State::open) return text != nullptr ? text->release() : void();
        farewell_.say(reason, text);
        state_ = State::closing;
        closing_until_ = now_ + goodbye_patience;
        blocked_ = false;
    }
    void set_bandwidth(std::uint64_t bytes_per_second) { path_.set_bandwidth(bytes_per_second); }
    void tell_early(Duration early) { clock_.tell_early(early), clock_turn_.look(clock_); }
    void set_keepalive(Duration keepalive) { options_.keepalive = keepalive; }

    // ---- what is known

    State state() const { return state_; }
    Error reason() const { return farewell_.reason(); }            // why it closed
    std::string_view farewell() const { return farewell_.text(); } // and what was said of it
    const LinkStats& stats() const { return stats_; }
    const StreamPath& path() const { return path_; }
    ClockSync& clock() { return clock_; }
    std::uint64_t commands_missed() const { return beside_.commands_missed(); }
    std::size_t queued_bytes() const { return waiting_bytes() + bulk_.backlog() + path_.backlog(); }
    // Of them those that leave before what may be lost and is said next.
    std::size_t bytes_ahead() const { return beside_.is_up() ? beside_.outbox_bytes() : queued_bytes(); }
    // How long what waits now will wait, at the rate of now; where there is a way beside the stream, what
    // goes there.
    Duration queue_time() const {
        return beside_.is_up() ? beside_.queue_time(now_) : path_.time_for(waiting_bytes());
    }
    std::uint64_t expired() const { return outbox_.expired() + beside_.expired(); }
    TENON_INLINE void prefetch_reading(bool) const { tenon::prefetch(this, sizeof(*this)); }
    TENON_INLINE void prefetch_writing() const { tenon::prefetch(this, sizeof(*this)); }
    TENON_INLINE void prefetch_more(bool) const { outbox_.prefetch(); }
    TENON_INLINE void prefetch_queue() const { tenon::prefetch(this); }
    TENON_INLINE void prefetch_queue_more() const { outbox_.prefetch(); }

  private:
    static constexpr std::size_t frame_bytes = 2048;    // unless one message is larger
    static constexpr std::size_t reliable_bytes = 1200; // of them, where others wait as well
    static constexpr std::size_t spare_bytes = 64;      // around a large message
    static constexpr unsigned pings_max = 8;            // without an answer that is still waited for
    static constexpr Duration ping_pause = milliseconds(500), goodbye_patience = seconds(2),
                              held_up_for = milliseconds(5);

    static std::size_t larger(std::size_t a, std::size_t b) { return a > b ? a : b; }
    std::size_t waiting_bytes() const {
        return outbox_.bytes() + queue_.bytes() + beside_.bytes() + bulk_.bytes();
    }
    // Its goodbye waits until the other side has what is not behind it in the stream.
    bool awaits_bulk() const { return queue_.empty() && !bulk_.idle(); }

    // ---- reading

    bool read(LinkEvent& event) {
        event.packet = beside_.stream_order(stats_.packets_in);
        if (beside_.lists_commands()) return beside_.read_command(frame_, event);
        const std::uint8_t tag = frame_.u8();
        if (beside_.knows(tag)) {
            const Result<bool> read = beside_.read(tag, frame_, event);
            return read ? *read : break_off(Error::malformed);
        }
        switch (tag) {
            case stream_frame::ping:
                pong_ = frame_.u8();
                answers_ = frame_.ok();
                return false;
            case stream_frame::pong:
                return take_pong(frame_.u8());
            case frame::time_ask:
            case frame::time_tell:
            case frame::early:
                clock_.read(tag, frame_, now_);
                clock_turn_.look(clock_);
                return false;
            case frame::close:
                return take_close();
            default:
                break;
        }
        if (tag < stream_frame::message || tag >= stream_frame::message * 2)
            return break_off(Error::malformed);
        event.kind = LinkEvent::Kind::reliable;
        if (!read_stream_message(frame_, tag, event.type, event.payload)) return break_off(Error::malformed);
        return event.payload.size() <= options_.message_bytes_max || break_off(Error::over_bound);
    }
    bool poll_beside(LinkEvent& event) {
        const Result<bool> read = beside_.poll_event(event, clock_, now_);
        clock_turn_.look(clock_);
        if (!read) return break_off(Error::malformed);
        if (!*read || event.payload.size() <= options_.message_bytes_max) return *read;
        return beside_.stop_reading(), break_off(Error::over_bound);
    }
    bool take_pong(std::uint8_t number) {
        const auto back = static_cast<std::uint8_t>(ping_number_ - number);
        if (!frame_.ok() || back == 0 || back > pings_max) return false; // nobody waits for it
        if constexpr (has_datagrams) beside_.answered(number);
        Instant& asked = asked_at_[number % pings_max];
        if (asked != Instant::never() && !beside_.measures()) path_.answered(now_, now_ - asked);
        asked = unanswered_since_ = Instant::never();
        return false;
    }
    bool take_close() {
        if (!farewell_.read(frame_)) return break_off(Error::malformed);
        return finish(farewell_.reason()), false;
    }
    // The other side is not what it should be: the link ends, and says why.
    bool break_off(Error error) {
        ++stats_.malformed;
        frame_ = ByteReader();
        close(error);
        return false;
    }
    void finish(Error reason) {
        farewell_.say(reason);
        state_ = State::closed;
    }

    // ---- when

    // Until then something must be heard, and what waits must have moved or been answered.
    Instant silent_until() const {
        const Instant stuck = unanswered_since_ == Instant::never()
                                  ? Instant::never()
                                  : max(unanswered_since_, path_.progress_at()) + options_.timeout;
        return min(min(stats_.last_rx + options_.timeout, stuck), bulk_.stuck_at(options_.timeout));
    }
    Instant control_at() const {
        if (answers_ || wants_answer()) return Instant{};
        return min(spoke_at_ + options_.keepalive, beside_.is_up() ? Instant::never() : clock_turn_.at);
    }
    bool control_due(Instant now) const { return control_at() <= now; }
    bool has_messages() const { return !queue_.empty() || !outbox_.empty(); }
    Instant content_at() const {
        if (!has_messages()) return beside_.commands_at();
        const bool waits =
            options_.coalesce > Duration{} && queue_.bytes() + outbox_.bytes() < pool_block_bytes;
        return min(beside_.commands_at(), waits && waiting_since_ != Instant::never()
                                              ? waiting_since_ + options_.coalesce
                                              : Instant{});
    }
    bool is_due(Instant now) {
        if (!has_messages()) return beside_.commands_at() <= now;
        if (waiting_since_ == Instant::never()) waiting_since_ = now;
        return content_at() <= now;
    }

    // ---- writing

    void fill(StreamWriter& out, Instant now) {
        if (answers_) {
            out.out().u8(stream_frame::pong);
            out.out().u8(pong_);
            answers_ = false;
        }
        pings_ = now >= pinged_at_ + ping_pause || now >= spoke_at_ + options_.keepalive;
        if (pings_) fill_ping(out, now);
        if (!beside_.is_up()) fill_clock(out.out(), now);
        beside_.fill_commands(out, now);
        // Messages that must arrive go first, since others can be shed; but not always, so that they starve
        // nobody.
        const bool reliable_first = (stats_.packets_out & 3) != 0;
        if (reliable_first) fill_queue(out);
        fill_outbox(out, now);
        if (!reliable_first) fill_queue(out);
        if (wants_answer() && out.left() >= 2) fill_ping(out, now);
        waiting_since_ = Instant::never();
    }
    void fill_clock(ByteWriter& out, Instant now) {
        if (!clock_turn_.comes(now, stats_.last_tx, true)) return;
        clock_.write(out, now);
        clock_turn_.look(clock_);
    }
    void fill_ping(StreamWriter& out, Instant now) {
        asked_at_[ping_number_ % pings_max] = now;
        unanswered_since_ = min(unanswered_since_, now);
        pinged_at_ = now;
        out.out().u8(stream_frame::ping);
        out.out().u8(ping_number_++);
    }
    void fill_queue(StreamWriter& out) {
        const std::size_t begin = out.size(), share = outbox_.empty() ? SIZE_MAX / 2 : reliable_bytes;
        while (!queue_.empty()) {
            const StreamQueue::Message message = queue_.front();
            const std::size_t size = message.payload.size();
            if (!out.fits(size) || (out.size() != begin && out.size() + size > begin + share)) return;
            out.message(message.type, message.payload);
            queue_.pop();
        }
    }
    void fill_outbox(StreamWriter& out, Instant now) {
        if (outbox_.front(now) != nullptr) beside_.write_mark(out);
        while (Outbox::Message* message = outbox_.front(now)) {
            if (message->bundle) {
                if (!fill_bundle(out, *message)) return;
            } else {
                const bool too_large = message->size > options_.datagram_bytes - spare_bytes; // for any frame
                if (too_large) outbox_.count_dropped();
                if (!too_large && !out.fits(message->size)) return;
                if (!too_large) out.message(message->type, outbox_.payload(*message));
                if (message->track != 0 && !too_large) told(message->track);
            }
            outbox_.pop();
        }
    }
    // What goes beside the stream may overtake what is in it, which so counts when a ping that was said in
    // the same frame, or later, is answered.
    void told(std::uint32_t track) {
        if constexpr (has_datagrams)
            beside_.told_in_stream(track, static_cast<std::uint8_t>(ping_number_ - (pings_ ? 1 : 0)));
        else
            (void)arrived_.push_back(track);
    }
    bool wants_answer() const {
        if constexpr (has_datagrams)
            return unanswered_since_ == Instant::never() && beside_.awaits_answer();
        else
            return false;
    }
    // False when the rest of it has to wait.
    bool fill_bundle(StreamWriter& out, Outbox::Message& message) {
        return Bundle::each(outbox_.payload(message), message.fragments_sent, outbox_.without(message),
                            [&](MessageType type, BytesIn payload) {
                                if (!out.fits(payload.size())) return false;
                                out.message(type, payload);
                                return true;
                            });
    }
    // What was said before it and must arrive goes first.
    void fill_goodbye(StreamWriter& out) {
        fill_queue(out);
        if (!queue_.empty() || !bulk_.idle() || out.left() < 2) return;
        farewell_.write(out.out());
        state_ = State::closed;
    }

    State state_ = State::open;
    Farewell farewell_;
    bool reading_ = false, answers_ = false, blocked_ = false, pings_ = false;
    std::uint8_t pong_ = 0, ping_number_ = 0;
    Instant now_{}, retry_at_{}, closing_until_ = Instant::never();
    ClockTurn clock_turn_;
    Instant waiting_since_ = Instant::never(), pinged_at_{}, unanswered_since_ = Instant::never();
    Instant spoke_at_{}; // when its last frame left
    ByteReader frame_;
    LinkOptions options_;
    LinkStats stats_;
    StreamPath path_;
    Outbox outbox_;
    StreamQueue queue_;
    ClockSync clock_;
    Instant asked_at_[pings_max] = {};
    Ring<std::uint32_t> arrived_{256};
    std::conditional_t<has_datagrams, Beside<Seal>, NothingBeside> beside_;
    TENON_NO_UNIQUE_ADDRESS std::conditional_t<has_bulk, Bulk, NoBulk> bulk_;
};

} // namespace tenon
