#pragma once
// One remote peer after the handshake: packets in, messages out, and the other way round. It knows no socket
// and no clock; the room feeds it datagrams and time, drains its events, and lends it a buffer when it has
// something to send.

#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/channel_receiver.hpp"
#include "tenon/link/clock_sync.hpp"
#include "tenon/link/commands.hpp"
#include "tenon/link/credit.hpp"
#include "tenon/link/farewell.hpp"
#include "tenon/link/fragments.hpp"
#include "tenon/link/in_flight.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/outgoing.hpp"
#include "tenon/link/path.hpp"
#include "tenon/link/received.hpp"
#include "tenon/link/silence.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

template <class Reliability, class SealType = Checksum>
class Link {
  public:
    // Away: the path is broken, but the peer may come back; what must arrive waits for it.
    enum class State : std::uint8_t { open, away, closing, closed };
    using Machine = typename Reliability::Machine;
    using Seal = SealType;

    Link(Pool& pool, const LinkOptions& options, const typename Seal::Key& key, Instant now, Random random)
        : seal_(key),
          path_(options.datagram_bytes, options.bandwidth),
          silence_(now),
          terms_(options),
          outgoing_(pool, options, random),
          clock_(options.asks_time),
          receivers_{{pool, options.datagram_bytes - chunk_reserve, options.queue_bytes_max,
                      options.message_bytes_max, true},
                     {pool, options.datagram_bytes - chunk_reserve, options.queue_bytes_max,
                      options.message_bytes_max, false}} {
        traffic_.last_rx = traffic_.last_tx = now;
        clock_turn_.look(clock_);
    }

    // ---- what comes in

    // Takes a packet. On success drain poll_event before anything else; an error says why it was not read.
    // Where the seal encrypts, the frames are read on the desk, which is as large as the datagram.
    Result<> handle_datagram(Instant now, BytesIn datagram, BytesOut desk = {}) {
        if (state_ == State::closed) return Error::closed;
        const auto opened = open_packet(datagram, seal_, received_.expected(), sent_, desk);
        if (!opened) return refuse(opened.error());
        const OpenPacket& packet = *opened;
        if (const Error error = received_.check(packet.number); error != Error::none) return refuse(error);
        now_ = now;
        if (state_ == State::away) resume(now);
        traffic_.last_rx = now;
        ++traffic_.packets_in;
        traffic_.bytes_in += datagram.size();
        if (credit_.is_limited()) credit_.heard(datagram.size(), !seal_.is_changing());
        if (packet.has_ack) handle_ack(now, packet.ack);
        settled_ = packet.has_ack;
        reading_ = packet.number;
        reading_bytes_ = static_cast<std::uint8_t>(packet.number_bytes);
        frames_ = ByteReader(packet.frames);
        eliciting_ = refused_ = false;
        in_packet_ = true;
        return {};
    }

    // The next message of the packet, or of what waited for it.
    bool poll_event(LinkEvent& event) {
        while (in_packet_) {
            event.packet = reading_;
            if (source_ != nullptr && read_channel(event)) return true;
            if (commands_in_.reading() && read_command(event)) return true;
            if (source_ != nullptr || commands_in_.reading()) continue;
            if (frames_.left() == 0 || state_ == State::closed) {
                if (state_ != State::closed && offer_recovered()) continue;
                end_packet();
                break;
            }
            if (read_frame(event)) return true;
        }
        return outgoing_.poll_given_up(event);
    }

    void handle_timeout(Instant now) {
        now_ = now;
        if (state_ != State::open) return;
        if (now - traffic_.last_rx >= terms_.timeout) return finish(Error::timed_out);
        account(now, in_flight_.expire(now, path_.round_trip().smoothed(), lose()), {});
        if (now >= probe_at()) probe(now);
    }

    // ---- what goes out

    Outbox& outbox() { return outgoing_.outbox(); }
    ChannelSender& channel(bool ordered) { return outgoing_.channel(ordered); }
    Machine& machine() { return outgoing_.machine(); }
    auto push_command(MessageType type, BytesIn payload) { return outgoing_.push_command(type, payload); }
    bool poll_arrived(std::uint32_t& track) { return outgoing_.poll_arrived(track); } // see Outbox::Message

    // Writes the next packet into the caller's buffer; 0 when there is nothing to send now.
    std::size_t poll_transmit(Instant now, BytesOut into) {
        if (state_ == State::closed || state_ == State::away || !is_ready() || !in_flight_.room()) return 0;
        now_ = now;
        path_.advance(now);
        outgoing_.shed(now);
        const bool content =
            may_send() && (state_ == State::open ? outgoing_.is_due(now) : outgoing_.unsent());
        if (!content && ack_due_ > now && !control_due(now)) return 0;
        into = credit_.of(into);
        if (into.empty() && state_ == State::closing) state_ = State::closed; // who would hear it?
        return into.empty() ? 0 : write(now, into, content);
    }
    // After a packet: whether another may follow it at once.
    TENON_INLINE bool may_go_on() const { return outgoing_.any() || ping_ || state_ != State::open; }
    // The packet that goes with a request to go on with the link, behind so many bytes of it and also where
    // none would go by itself: what was said and may not have arrived. It is numbered and sealed like every
    // other, and so is heard once, however often it comes. `padded`: so that its reader may answer much.
    std::size_t poll_early(Instant now, BytesOut into, std::size_t behind, bool padded) {
        if (is_ending() || !is_ready() || !in_flight_.room()) return 0;
        now_ = now;
        outgoing_.hurry();
        ping_ = true;
        return write(now, into, outgoing_.any(), behind, padded);
    }

    // When handle_timeout or poll_transmit will next have something to do.
    Instant poll_timeout() const {
        if (state_ == State::closed || state_ == State::away) return Instant::never();
        if (state_ == State::closing) return Instant{};
        if (!is_ready()) return traffic_.last_rx + terms_.timeout;
        Instant next =
            min(traffic_.last_rx + terms_.timeout, min(ack_due_, min(keepalive_at(), clock_turn_.at)));
        next = min(next, min(in_flight_.expires_at(path_.round_trip().smoothed()), probe_at()));
        if (outgoing_.any()) next = min(next, max(outgoing_.due(), path_.ready_at(in_flight_.bytes())));
        if (credit_.is_limited()) next = max(next, now_ + milliseconds(10)); // it comes with a packet
        return next;
    }

    // The same after a packet was read, as far as that can have brought it nearer.
    Instant poll_timeout_after_reading() const {
        const bool quiet = state_ == State::open && !outgoing_.any() && !(settled_ && in_flight_.suspects());
        return quiet ? min(ack_due_, clock_turn_.at) : poll_timeout();
    }

    // Says goodbye with a reason, and maybe a text, and ends. The other side hears it if the path bears it.
    void close(Error reason, SharedBytes* text = nullptr) {
        if (state_ != State::open) return text != nullptr ? text->release() : void();
        farewell_.say(reason, text);
        state_ = is_ready() ? State::closing : State::closed; // it may not be able to say so
        goodbyes_ = 3;
    }
    // The path broke: nothing is sent until a packet comes after all, or resume() finds another path.
    void suspend() { finish(Error::none), state_ = State::away; }
    void resume(Instant now, const typename Seal::Key& key) { seal_.renew(key), resume(now); }
    // The same for who grants it: the key before is good for hearing until the other side has this one.
    void grant(Instant now, const typename Seal::Key& key) { seal_.change(key), resume(now); }
    // The other side is elsewhere, from where so many bytes came: until it shows that it hears us there.
    void doubt(std::size_t bytes) { credit_.begin(bytes); }
    bool is_ready() const { return seal_is_ready(seal_); } // until its key has come it says nothing
    bool is_ending() const { return state_ >= State::closing; }
    void begin_with(const typename Seal::Key& key) { seal_.renew(key); }
    // Goes on where it was, over a path of which nothing is known. What was in flight is sent again.
    void resume(Instant now) {
        troubles_.lost += in_flight_.give_up(now, lose()).lost_packets;
        state_ = State::open;
        silence_ = Silence(now);
        path_ = Path(terms_.datagram_bytes, path_.bandwidth());
        traffic_.last_rx = now;
        ping_ = true;
        clock_.restart();
        clock_turn_.look(clock_);
    }
    void ping() { ping_ = true; } // wants an answer, to see whether there is one
    void set_bandwidth(std::uint64_t bytes_per_second) { path_.set_bandwidth(bytes_per_second); }
    void tell_early(Duration early) { clock_.tell_early(early), clock_turn_.look(clock_); }
    // So large packets go by a better way than larger ones; 0: all go alike.
    void set_narrow(std::size_t bytes) { outgoing_.set_narrow(bytes == 0 ? 0 : bytes - Seal::back_bytes); }
    bool is_narrow() const { return outgoing_.is_narrow(); }
    void set_keepalive(Duration keepalive) { terms_.keepalive = keepalive; }

    // ---- what is known

    State state() const { return state_; }
    Error reason() const { return farewell_.reason(); }            // why it closed
    std::string_view farewell() const { return farewell_.text(); } // and what was said of it
    const Seal& seal() const { return seal_; }
    LinkStats stats() const { return {traffic_, troubles_}; }
    const Path& path() const { return path_; }
    ClockSync& clock() { return clock_; }
    const Silence& silence() const { return silence_; }
    std::uint64_t commands_missed() const { return commands_in_.missed(); }
    std::size_t queued_bytes() const { return outgoing_.bytes(); }
    std::size_t bytes_ahead() const { return queued_bytes(); }
    // How long what waits now will wait, at the rate of now.
    Duration queue_time() const { return path_.time_for(queued_bytes()); }
    std::uint64_t expired() const { return outgoing_.expired(); }
    bool in_packet() const { return in_packet_; }
    // Fetch what reading or writing needs, which of many links is in no cache; and then what hangs on that.
    TENON_INLINE void prefetch_reading(bool acks) const {
        seal_.prefetch_open();
        prefetch_to(acks ? static_cast<const void*>(&path_) : &now_, received_.seldom());
        tenon::prefetch(&outgoing_);
    }
    TENON_INLINE void prefetch_writing() const {
        seal_.prefetch_close();
        prefetch_to(path_.often(), received_.seldom());
        outgoing_.prefetch();
    }
    TENON_INLINE void prefetch_more(bool writing) const {
        in_flight_.prefetch();
        if (writing) outgoing_.prefetch_more();
    }
    // The same of what only a message needs that is put into its queue.
    TENON_INLINE void prefetch_queue() const { tenon::prefetch(&state_), outgoing_.prefetch(); }
    TENON_INLINE void prefetch_queue_more() const { outgoing_.prefetch_more(); }

  private:
    // ---- reading

    Error refuse(Error error) {
        troubles_.count(error);
        return error;
    }

    bool read_frame(LinkEvent& event) {
        const std::uint8_t tag = frames_.u8();
        if (tag >= frame::message) return read_message(tag, event);
        eliciting_ = eliciting_ || frame::elicits(tag);
        urgent_ = urgent_ || (tag != frame::fragment && frame::elicits(tag));
        if ((tag & 0xF0) == frame::chunk) return read_chunk(tag);
        switch (tag) {
            case frame::padding:
                frames_ = ByteReader();
                return false;
            case frame::ping:
                return false;
            case frame::time_ask:
            case frame::time_tell:
            case frame::early:
                clock_.read(tag, frames_, now_);
                clock_turn_.look(clock_);
                return false;
            case frame::close:
                return take_close();
            case frame::fragment:
                return read_fragment_frame(event);
            case frame::commands:
                commands_in_.begin(frames_);
                return false;
            default:
                break;
        }
        if (outgoing_.read_frame(tag, frames_, event)) return true;
        return frames_.ok() && Outgoing<Reliability>::knows(tag) ? false : break_off(Error::malformed);
    }

    bool read_message(std::uint8_t tag, LinkEvent& event) {
        eliciting_ = true;
        event.kind = LinkEvent::Kind::unreliable;
        return read_message_frame(frames_, tag, event.type, event.payload) || break_off(Error::malformed);
    }

    bool read_chunk(std::uint8_t tag) {
        const std::uint16_t sequence = frames_.u16();
        const BytesIn content = tag & chunk_flag::length ? frames_.sized() : frames_.bytes(frames_.left());
        if (!frames_.ok()) return break_off(Error::malformed);
        ChannelReceiver& receiver = receivers_[tag & chunk_flag::unordered ? 1 : 0];
        if constexpr (Reliability::traits.redundant)
            machine().heard(tag & chunk_flag::unordered ? 1 : 0, sequence,
                            tag & (chunk_flag::continues | chunk_flag::unfinished), content);
        return offer(receiver, sequence, tag, content);
    }
    bool offer(ChannelReceiver& receiver, std::uint16_t sequence, std::uint8_t tag, BytesIn content) {
        switch (receiver.offer(sequence, tag & (chunk_flag::continues | chunk_flag::unfinished), content)) {
            case ChannelReceiver::Offer::ready:
                source_ = &receiver;
                break;
            case ChannelReceiver::Offer::refused:
                refused_ = true;
                break;
            default:
                break;
        }
        return false;
    }
    // The next chunk that repairs have brought back, if its channel still waits for it.
    bool offer_recovered() {
        if constexpr (Reliability::traits.redundant) {
            unsigned channel = 0;
            std::uint16_t sequence = 0;
            std::uint8_t flags = 0;
            BytesIn content;
            if (machine().poll_recovered(channel, sequence, flags, content)) {
                offer(receivers_[channel], sequence, flags, content);
                refused_ = false; // it is no part of this packet
                return true;
            }
        }
        return false;
    }
    bool read_channel(LinkEvent& event) {
        const Result<bool> message = source_->read(event.type, event.payload);
        event.kind = LinkEvent::Kind::reliable;
        if (message && *message) return true;
        if (!message) break_off(message.error());
        source_ = nullptr;
        return false;
    }
    bool read_command(LinkEvent& event) {
        event.kind = LinkEvent::Kind::command;
        const bool read = commands_in_.read(frames_, event.type, event.payload);
        event.number = commands_in_.newest();
        return read || (frames_.ok() ? false : break_off(Error::malformed));
    }
    bool read_fragment_frame(LinkEvent& event) {
        event.kind = LinkEvent::Kind::unreliable;
        const Result<bool> complete =
            fragments_.read(frames_, terms_.message_bytes_max, event.type, event.payload);
        return complete ? *complete : break_off(complete.error());
    }

    bool take_close() {
        if (!farewell_.read(frames_)) return break_off(Error::malformed);
        return finish(farewell_.reason()), false;
    }

    // The other side is not what it should be: the link ends, and says why.
    bool break_off(Error error) {
        ++troubles_.malformed;
        frames_ = ByteReader();
        close(error);
        return false;
    }
    void finish(Error reason) {
        farewell_.say(reason), state_ = State::closed;
        source_ = nullptr;
    }

    void end_packet() {
        in_packet_ = false;
        source_ = nullptr;
        if (!frames_.ok()) return void(break_off(Error::malformed));
        if (refused_) {
            ++troubles_.refused; // not acknowledged, so that it comes again
            return;
        }
        received_.note(reading_, reading_bytes_, now_, eliciting_);
        if (!eliciting_) return;
        ack_due_ = min(ack_due_, now_ + received_.patience(urgent_, terms_.ack_delay));
        urgent_ = false;
    }

    void handle_ack(Instant now, const AckBlock& ack) {
        const Settled settled = in_flight_.settle(
            now, ack, path_.round_trip().smoothed(), [this](ChunkRef r) { outgoing_.arrived(r); }, lose());
        if (settled.commands_to != 0) outgoing_.commands_arrived(settled.commands_to);
        if (settled.acked_packets != 0) silence_.broken(now);
        account(now, settled, ack.delay);
    }
    auto lose() {
        return [this](ChunkRef ref) { outgoing_.lost(ref); };
    }
    void account(Instant now, const Settled& settled, Duration ack_delay) {
        troubles_.found(settled.lost_packets, settled.spurious);
        path_.settled(now, settled, ack_delay, in_flight_);
    }

    // ---- probing

    Instant probe_at() const {
        if (in_flight_.flying() == 0) return Instant::never();
        // What must arrive is answered soon.
        const bool soon = outgoing_.awaits_soon();
        return silence_.asks_at(in_flight_.newest_sent(),
                                path_.round_trip().resend_timeout(soon ? Received::soon : Received::slow));
    }
    void probe(Instant now) {
        ping_ = true;
        if (silence_.ask(now)) {
            account(now, in_flight_.give_up(now, lose()), {});
            path_.fell_silent();
        } else {
            outgoing_.probe();
        }
    }

    // ---- sending

    std::size_t write(Instant now, BytesOut into, bool content, std::size_t behind = 0, bool padded = false) {
        const std::size_t whole = terms_.datagram_bytes + Seal::back_bytes;
        PacketWriter packet(into.first(into.size() < whole ? into.size() : whole).subspan(behind),
                            in_flight_.next(), in_flight_.unsettled(), seal_bytes<Seal>);
        const bool acks = received_.unreported() != 0;
        if (acks) received_.write(packet, now, content ? 4 : 24);
        in_flight_.begin_refs();
        bool eliciting = fill_control(packet, now);
        const std::size_t before = fill_clock(packet, now, content);
        const std::uint32_t commands_to = content ? fill_content(packet, now) : 0;
        eliciting = (eliciting || packet.size() != before) && !is_ending();
        if (padded) packet.pad();
        if (!packet.has_frames() && !acks) return 0; // what waited had arrived after all
        const std::size_t size = packet.seal(seal_);
        note_sent(now, size, eliciting, commands_to);
        return size;
    }
    bool may_send() const { return silence_.may_send() || path_.may_send(in_flight_.bytes()); }

    Instant keepalive_at() const { return traffic_.last_tx + terms_.keepalive; }
    bool control_due(Instant now) const {
        return ping_ || clock_turn_.at <= now || keepalive_at() <= now || state_ == State::closing;
    }
    // True when the other side shall acknowledge it.
    bool fill_control(PacketWriter& packet, Instant now) {
        if (state_ == State::closing) {
            if (outgoing_.unsent() && may_send()) return false; // what was said before it goes first
            farewell_.write(packet.out());
            if (--goodbyes_ == 0) state_ = State::closed;
            return false;
        }
        // A side that only acknowledges must be answered now and then, or its numbers would grow unheard.
        const bool pings =
            ping_ || keepalive_at() <= now || (!outgoing_.any() && in_flight_.unsettled() >= 48);
        if (pings) packet.out().u8(frame::ping);
        ping_ = false;
        return pings;
    }

    // What is to be said of the time, where a chunk still fits and no packet just before may hold it up.
    std::size_t fill_clock(PacketWriter& packet, Instant now, bool content) {
        const bool fits = !content || packet.size() + ClockSync::bytes_max <= before_chunk_max;
        if (state_ == State::open && clock_turn_.comes(now, traffic_.last_tx, fits)) {
            clock_.write(packet.out(), now);
            clock_turn_.look(clock_);
        }
        return packet.size();
    }

    std::uint32_t fill_content(PacketWriter& packet, Instant now) {
        silence_.spend();
        const bool twice = path_.loss() > 0.01 && in_flight_.bytes() < path_.congestion().window() / 2;
        return outgoing_.fill(packet, now, path_.round_trip().smoothed(), twice, in_flight_);
    }
    void note_sent(Instant now, std::size_t size, bool eliciting, std::uint32_t commands_to) {
        ack_due_ = Instant::never();
        if (eliciting) silence_.begin(now);
        in_flight_.sent(now, size, eliciting, commands_to, !outgoing_.unsent());
        sent_ = in_flight_.next();
        traffic_.last_tx = now;
        ++traffic_.packets_out;
        traffic_.bytes_out += size;
        credit_.sent(size);
        path_.sent(size);
        outgoing_.note_quiet();
    }

    // What is used together lies together, since of a thousand links each line is met in memory: first what
    // an acknowledgement needs, and from now_ on what reading does; sending needs both.
    Seal seal_;
    Path path_;
    Silence silence_;
    InFlight in_flight_;
    Instant now_{}, ack_due_ = Instant::never();
    ClockTurn clock_turn_;
    LinkTerms terms_;
    Credit credit_;
    State state_ = State::open;
    bool in_packet_ = false, eliciting_ = false, refused_ = false, urgent_ = false, ping_ = false;
    bool settled_ = false; // the packet that was read last has acknowledged something
    std::uint8_t goodbyes_ = 0, reading_bytes_ = 1;
    std::uint64_t reading_ = 0; // the number of the packet that is read, in so many bytes
    std::uint64_t sent_ = 0;    // in_flight_.next(), for who reads and needs nothing else of it
    ByteReader frames_;
    ChannelReceiver* source_ = nullptr;
    CommandReceiver commands_in_;
    LinkTraffic traffic_;
    Received received_;
    Outgoing<Reliability> outgoing_;
    LinkTroubles troubles_;
    ClockSync clock_;
    ChannelReceiver receivers_[2]; // ordered, unordered
    Fragments fragments_;
    Farewell farewell_;
};

} // namespace tenon
