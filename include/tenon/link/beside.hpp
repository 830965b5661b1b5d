#pragma once
// What a link over a connection says beside its stream, where the transport also carries datagrams: states
// and commands, which so wait for nothing that was lost. Packets as those of a Link, with numbers and
// acknowledgements, and with nothing in them that must arrive. A StreamLink has one, or NothingBeside.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/bundle.hpp"
#include "tenon/link/clock_sync.hpp"
#include "tenon/link/commands.hpp"
#include "tenon/link/in_flight.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/outbox.hpp"
#include "tenon/link/received.hpp"
#include "tenon/wire/packet.hpp"
#include "tenon/wire/stream_frame.hpp"

namespace tenon {

template <class Seal>
class Beside {
  public:
    // A datagram that holds less is worth nothing.
    static constexpr std::size_t datagram_least = 800;

    Beside(Pool& pool, const LinkOptions& options, const typename Seal::Key& key)
        : seal_(key),
          ack_delay_(options.ack_delay),
          coalesce_(options.coalesce),
          outbox_(options.queue_bytes_max),
          commands_(pool) {}

    // ---- whether there is a way

    // So large a datagram goes there now; 0: none does.
    void set_max(Instant now, std::size_t bytes) {
        if (max_ == 0) up_since_ = now;
        max_ = bytes < datagram_least ? 0 : bytes;
        // Without acknowledgements for so long the packets would be kept for nothing.
        if (in_flight_.flying() != 0 && now - in_flight_.oldest_sent() > unanswered_max)
            (void)in_flight_.give_up(now, [](ChunkRef) {});
    }
    bool is_up() const { return max_ != 0 && in_flight_.room(); }

    // ---- putting in

    Outbox& outbox() { return outbox_; }
    Result<std::uint32_t> push_command(MessageType type, BytesIn payload) {
        return commands_.push(type, payload, commands_bytes);
    }
    // What no datagram takes goes in the stream: all of it, while there is no way.
    void hand_over(Instant now, Outbox& stream) {
        if (is_up()) return;
        while (Outbox::Message* message = outbox_.front(now)) outbox_.give_front(*message, stream);
    }

    // ---- what comes in

    // Takes a datagram; an error says why it was not read.
    Result<> handle_datagram(BytesIn datagram, BytesOut desk) {
        const auto opened = open_packet(datagram, seal_, received_.expected(), in_flight_.next(), desk);
        if (!opened) return opened.error();
        if (const Error error = received_.check(opened->number); error != Error::none) return error;
        reading_ = *opened;
        frames_ = ByteReader(reading_.frames);
        in_packet_ = true;
        eliciting_ = urgent_ = false;
        return {};
    }
    bool is_reading() const { return in_packet_; }
    void stop_reading() { in_packet_ = false; }
    // What the datagram acknowledges; `path` learns from it.
    Settled settle(Instant now, auto& path) {
        if (!reading_.has_ack) return {};
        Settled settled = in_flight_.settle(
            now, reading_.ack, path.round_trip().smoothed(),
            [this](ChunkRef ref) { arrived_.push_back(ref.sequence); }, [](ChunkRef) {});
        if (settled.commands_to != 0) commands_.arrived(settled.commands_to);
        // An answer that had no way for a while tells nothing of how long that is.
        if (settled.sample.sent_at < up_since_) settled.newest = false;
        measures_ = measures_ || settled.newest;
        path.settled(now, settled, reading_.ack.delay);
        return settled;
    }
    // The next message of the datagram; false at its end. What nobody would say gives malformed.
    Result<bool> poll_event(LinkEvent& event, ClockSync& clock, Instant now) {
        event.packet = order_of(reading_.number) + 1;
        while (in_packet_) {
            if (commands_in_.reading()) {
                if (read_command(frames_, event)) return true;
            } else if (frames_.ok() && frames_.left() != 0) {
                if (read_frame(event, clock, now)) return true;
            } else {
                in_packet_ = false;
                if (!frames_.ok()) return Error::malformed;
                note(now);
            }
        }
        return false;
    }
    // Of what stands in the stream: commands that no datagram takes, and after how many datagrams the rest
    // was said.
    static constexpr bool knows(std::uint8_t tag) {
        return tag == stream_frame::mark || tag == stream_frame::commands;
    }
    Result<bool> read(std::uint8_t tag, ByteReader& frame, LinkEvent&) {
        if (tag == stream_frame::commands)
            commands_in_.begin(frame);
        else
            mark_ = frame.varint();
        return frame.ok() && mark_ <= mark_max ? Result<bool>(false) : Error::malformed;
    }
    bool lists_commands() const { return commands_in_.reading(); }
    bool read_command(ByteReader& frames, LinkEvent& event) {
        event.kind = LinkEvent::Kind::command;
        const bool read = commands_in_.read(frames, event.type, event.payload);
        event.number = commands_in_.newest();
        return read;
    }
    // By which newest-wins messages of the stream and of datagrams are told apart.
    std::uint64_t stream_order(std::uint64_t) const { return order_of(mark_); }
    // What is tracked and went in the stream, and by the answer to which ping it is known to be there.
    void told_in_stream(std::uint32_t track, std::uint8_t ping) { (void)in_stream_.push_back({track, ping}); }
    bool awaits_answer() const { return !in_stream_.empty(); }
    void answered(std::uint8_t ping) {
        for (; !in_stream_.empty() && static_cast<std::int8_t>(ping - in_stream_.front().ping) >= 0;
             in_stream_.pop_front())
            (void)arrived_.push_back(in_stream_.front().track);
    }
    bool poll_arrived(std::uint32_t& track) {
        if (arrived_.empty()) return false;
        track = arrived_.front();
        arrived_.pop_front();
        return true;
    }

    // ---- what goes out

    // Whether one is due, for its own sake or for that of the clock.
    bool is_due(Instant now, Instant clock_at) {
        if (!is_up() || now < retry_at_) return false;
        (void)outbox_.front(now); // what is too late is dropped
        if (!outbox_.empty() && waiting_since_ == Instant::never()) waiting_since_ = now;
        return min(content_at(), min(ack_due_, clock_at)) <= now;
    }
    Instant next(Instant clock_at) const {
        if (!is_up()) return outbox_.empty() ? never() : Instant{};
        return max(retry_at_, min(content_at(), min(ack_due_, clock_at)));
    }
    std::size_t datagram_bytes() const { return max_; }
    // Writes the next one; 0 when there was nothing to say after all. `stream` gets what is too large for
    // any, `clock(out)` adds what it has to say.
    std::size_t write(Instant now, BytesOut into, Duration round_trip, Outbox& stream, auto&& clock) {
        PacketWriter packet(into.first(into.size() < max_ ? into.size() : max_), in_flight_.next(),
                            in_flight_.unsettled(), seal_bytes<Seal>);
        const bool acks = received_.unreported() != 0;
        if (acks) received_.write(packet, now, 4);
        in_flight_.begin_refs();
        clock(packet.out());
        const std::size_t before = packet.size();
        const std::uint32_t commands_to = commands_.fill(packet, now, round_trip);
        fill(packet, now, stream);
        // A side that only acknowledges must be answered now and then, or its numbers would grow unheard.
        if (packet.size() == before && in_flight_.unsettled() >= 48) packet.out().u8(frame::ping);
        waiting_since_ = Instant::never();
        if (!packet.has_frames() && !acks) return 0;
        const bool eliciting = packet.size() != before;
        const std::size_t size = packet.seal(seal_);
        in_flight_.sent(now, size, eliciting, commands_to, outbox_.empty());
        ack_due_ = never();
        blocked_since_ = never();
        return size;
    }
    // The transport takes none now.
    void held_up(Instant now, Duration time) {
        retry_at_ = now + time;
        blocked_since_ = min(blocked_since_, now);
    }
    // Where there is no way, the commands' place is in the stream, from where they arrive.
    Instant commands_at() const { return is_up() ? never() : commands_.due(); }
    void fill_commands(auto& frame, Instant now) {
        if (commands_at() > now) return;
        const std::uint32_t commands_to = commands_.fill(frame, now, {});
        if (commands_to != 0) commands_.arrived(commands_to);
    }
    void write_mark(StreamWriter& frame) const {
        if (frame.left() < spare_bytes / 2) return;
        frame.out().u8(stream_frame::mark);
        frame.out().varint(in_flight_.next());
    }

    // ---- what is known

    // It knows how long a round trip is from its own acknowledgements.
    bool measures() const { return measures_ && max_ != 0; }
    std::uint64_t commands_missed() const { return commands_in_.missed(); }
    std::uint64_t expired() const { return outbox_.expired(); }
    std::size_t outbox_bytes() const { return outbox_.bytes(); }
    std::size_t bytes() const { return outbox_bytes(); }
    Duration queue_time(Instant now) const {
        return outbox_.empty() || blocked_since_ == never() ? Duration{} : now - blocked_since_;
    }

  private:
    struct InStream {
        std::uint32_t track;
        std::uint8_t ping;
    };
    // Of a datagram: what stands before its first message, and the head of that.
    static constexpr std::size_t spare_bytes = 64, commands_bytes = 600, arrived_max = 256;
    // As a Link has them.
    static constexpr Duration slow_ack_delay = milliseconds(60);
    static constexpr unsigned answers_at_once = 16;
    static constexpr std::uint64_t mark_max = UINT64_MAX / 4;
    // Nobody waits for the acknowledgement of what left so long ago.
    static constexpr Duration unanswered_max = seconds(3);

    static constexpr Instant never() { return Instant::never(); }
    static constexpr std::uint64_t order_of(std::uint64_t number) { return number * 2; }

    Instant content_at() const {
        const Instant at = commands_.due();
        if (outbox_.empty()) return at;
        const bool waits =
            coalesce_ > Duration{} && waiting_since_ != never() && outbox_.bytes() < max_ - spare_bytes;
        return min(at, waits ? waiting_since_ + coalesce_ : Instant{});
    }

    // ---- reading

    bool read_frame(LinkEvent& event, ClockSync& clock, Instant now) {
        const std::uint8_t tag = frames_.u8();
        eliciting_ = eliciting_ || frame::elicits(tag);
        if (tag >= frame::message) {
            event.kind = LinkEvent::Kind::unreliable;
            if (read_message_frame(frames_, tag, event.type, event.payload)) return true;
            return frames_.fail(), false;
        }
        switch (tag) {
            case frame::ping:
                urgent_ = true;
                return false;
            case frame::commands:
                urgent_ = true;
                commands_in_.begin(frames_);
                return false;
            case frame::time_ask:
            case frame::time_tell:
            case frame::early:
                clock.read(tag, frames_, now);
                return false;
            default: // what must arrive, or ends the link, has its place in the stream
                return frames_.fail(), false;
        }
    }
    void note(Instant now) {
        received_.note(reading_.number, reading_.number_bytes, now, eliciting_);
        if (!eliciting_) return;
        const Duration wait = received_.gap() || received_.unanswered() >= answers_at_once ? Duration{}
                              : urgent_                                                    ? ack_delay_
                                        : max(slow_ack_delay, ack_delay_);
        ack_due_ = min(ack_due_, now + wait);
    }

    // ---- writing

    void fill(PacketWriter& packet, Instant now, Outbox& stream) {
        while (Outbox::Message* message = outbox_.front(now)) {
            const auto put = [&](MessageType type, BytesIn payload) {
                return this->put(packet, *message, type, payload, stream);
            };
            const BytesIn payload = outbox_.payload(*message);
            const bool whole = message->bundle ? Bundle::each(payload, message->fragments_sent,
                                                              outbox_.without(*message), put)
                                               : put(message->type, payload);
            if (!whole) return;
            outbox_.pop();
        }
    }
    // False when it has to wait for the next datagram.
    bool put(PacketWriter& packet, const Outbox::Message& message, MessageType type, BytesIn payload,
             Outbox& stream) {
        if (payload.size() + spare_bytes > max_) {
            Outbox::Message alone = message;
            alone.type = type;
            alone.bundle = alone.shared = false;
            alone.replaceable = message.replaceable && !message.bundle;
            alone.fragments_sent = 0;
            if (!stream.push(alone, payload)) outbox_.count_dropped();
            return true;
        }
        if (payload.size() + PacketWriter::message_head_max > packet.left()) return false;
        packet.message(type, payload);
        if (message.track != 0) (void)in_flight_.add_ref({message.track, 0});
        return true;
    }

    Seal seal_;
    bool in_packet_ = false, eliciting_ = false, urgent_ = false, measures_ = false;
    Duration ack_delay_, coalesce_;
    std::size_t max_ = 0;
    std::uint64_t mark_ = 0;
    Instant up_since_{}, ack_due_ = never(), retry_at_{}, waiting_since_ = never(), blocked_since_ = never();
    ByteReader frames_;
    OpenPacket reading_;
    Received received_;
    InFlight in_flight_;
    Outbox outbox_;
    CommandSender commands_;
    CommandReceiver commands_in_;
    Ring<std::uint32_t> arrived_{arrived_max};
    Ring<InStream> in_stream_{arrived_max};
};

} // namespace tenon
