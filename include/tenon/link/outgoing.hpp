#pragma once
// Everything that waits to leave on one link: what may be lost, the two channels, commands, and what the
// reliability policy adds. The room puts it in, the link asks when a packet is worth sending, and has it
// filled.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/channel.hpp"
#include "tenon/link/commands.hpp"
#include "tenon/link/in_flight.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/outbox.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

template <class Reliability>
class Outgoing {
  public:
    using Machine = typename Reliability::Machine;

    Outgoing(Pool& pool, const LinkOptions& options, Random random)
        : chunk_bytes_(static_cast<std::uint32_t>(options.datagram_bytes - chunk_reserve)),
          coalesce_(options.coalesce),
          outbox_(options.queue_bytes_max),
          machine_(random),
          commands_(pool),
          senders_{{pool, chunk_bytes_, options.queue_bytes_max, true},
                   {pool, chunk_bytes_, options.queue_bytes_max, false}} {}

    // Fetch what says whether there is anything, and then the oldest message.
    TENON_INLINE void prefetch() const { prefetch_to(this, outbox_.seldom()); }
    TENON_INLINE void prefetch_more() const { outbox_.prefetch(); }

    // ---- putting in

    Outbox& outbox() {
        busy_ |= lossy;
        return outbox_;
    }
    ChannelSender& channel(bool ordered) {
        busy_ |= part_of(ordered ? 0 : 1);
        return senders_[ordered ? 0 : 1];
    }
    Machine& machine() { return machine_; }
    Result<std::uint32_t> push_command(MessageType type, BytesIn payload) {
        busy_ |= commands;
        return commands_.push(type, payload, chunk_bytes_ / 2);
    }

    // ---- what came of it

    void arrived(ChunkRef ref) {
        if (ref.channel == tracked)
            arrived_.push_back(ref.sequence); // without memory nobody hears of it, as if it were lost
        else
            senders_[ref.channel].arrived(ref.sequence);
    }
    void lost(ChunkRef ref) {
        if (ref.channel == tracked) return;
        busy_ |= part_of(ref.channel);
        senders_[ref.channel].lost(ref.sequence);
    }
    void commands_arrived(std::uint32_t end) { commands_.arrived(end); }
    // Something goes with the next packet again, if nothing waits that has never gone; and all commands do.
    void hurry() {
        if (!unsent()) probe();
        commands_.hurry();
    }
    // What was tracked and has arrived, in the order of the acknowledgements.
    bool poll_arrived(std::uint32_t& track) {
        if (arrived_.empty()) return false;
        track = arrived_.front();
        arrived_.pop_front();
        return true;
    }
    void probe() {
        senders_[0].probe();
        senders_[1].probe();
        busy_ |= part_of(0);
        busy_ |= part_of(1);
    }

    // ---- frames of the reliability policy

    static constexpr bool knows(std::uint8_t tag) {
        return (Reliability::traits.gives_up && (tag == frame::retried_event || tag == frame::receipts)) ||
               (Reliability::traits.redundant && tag == frame::repair);
    }
    // Reads one of those; true when it is an event.
    bool read_frame(std::uint8_t tag, ByteReader& frames, LinkEvent& event) {
        if constexpr (Reliability::traits.gives_up) {
            if (tag == frame::retried_event && machine_.read_event(frames, event.type, event.payload)) {
                event.kind = LinkEvent::Kind::reliable;
                return true;
            }
            if (tag == frame::receipts) machine_.read_receipts(frames);
        }
        if constexpr (Reliability::traits.redundant)
            if (tag == frame::repair) machine_.read_repair(frames);
        return false;
    }
    bool poll_given_up(LinkEvent& event) {
        if constexpr (Reliability::traits.gives_up) {
            typename Machine::GivenUp given_up;
            if (!machine_.poll_given_up(given_up)) return false;
            event = {LinkEvent::Kind::gave_up, given_up.type, 0, {}};
            return true;
        }
        return false;
    }

    // ---- asking

    // Something has never been sent, or has to go again.
    TENON_INLINE bool unsent() const { return (has(lossy) && !outbox_.empty()) || awaits_sending(); }
    TENON_INLINE bool any() const {
        return unsent() || (has(commands) && commands_.waiting()) || machine_.deadline() < Instant::never();
    }
    // Something that must arrive may be on its way.
    bool awaits_soon() const { return has(channels); }
    // When a packet is worth sending: at once if it would be full or must not wait, else when it has waited
    // for company long enough.
    Instant due() const {
        const Instant at = min(has(commands) ? commands_.due() : Instant::never(), machine_.deadline());
        if (urgent()) return Instant{};
        if (!unsent()) return at;
        return min(at, waiting_since_ == Instant::never() ? Instant{} : waiting_since_ + coalesce_);
    }
    bool is_due(Instant now) {
        if (!any()) return false;
        if (waiting_since_ == Instant::never() && unsent()) waiting_since_ = now;
        return due() <= now;
    }
    std::size_t bytes() const { return outbox_.bytes() + senders_[0].backlog() + senders_[1].backlog(); }
    std::uint64_t expired() const { return outbox_.expired(); }

    // ---- sending

    // Drops what is too late, also while nothing may go.
    void shed(Instant now) {
        if (has(lossy)) (void)outbox_.front(now);
    }
    // Writes as much as fits, and notes in `in_flight` what must arrive. Gives one more than the newest
    // command inside, 0 for none. `twice`: what was lost is sent in two packets.
    std::uint32_t fill(PacketWriter& packet, Instant now, Duration round_trip, bool twice,
                       InFlight& in_flight) {
        const std::uint32_t commands_to = has(commands) ? commands_.fill(packet, now, round_trip) : 0;
        machine_.fill(now, round_trip, packet);
        // Reliable content goes first, since what may be lost can be shed; but not always, so that it starves
        // nobody.
        const bool reliable_first = (packet.number() & 3) != 0;
        if (reliable_first && has(channels)) fill_channels(packet, now, twice, in_flight);
        if (has(lossy)) fill_lossy(packet, now, in_flight);
        if (!reliable_first && has(channels)) fill_channels(packet, now, twice, in_flight);
        waiting_since_ = Instant::never();
        return commands_to;
    }
    // So many bytes of a packet, before its seal, go by a better way than larger ones; 0: all go alike. What
    // may be lost then goes in packets of that size, as far as it is in pieces that fit.
    void set_narrow(std::size_t bytes) { narrow_ = static_cast<std::uint32_t>(bytes); }
    bool is_narrow() const { return narrow_ != 0; }
    // A part with nothing left is not looked at again until something is put into it: most links are quiet in
    // most ways, and a server has many.
    void note_quiet() {
        std::uint8_t quiet = 0;
        if (has(lossy) && outbox_.empty()) quiet |= lossy;
        for (std::uint32_t i = 0; i < 2 && has(channels); ++i)
            if (has(part_of(i)) && senders_[i].idle()) quiet = static_cast<std::uint8_t>(quiet | part_of(i));
        if (has(commands) && !commands_.waiting()) quiet |= commands;
        busy_ &= static_cast<std::uint8_t>(~quiet);
    }

  private:
    static constexpr std::uint8_t lossy = 1, commands = 2, channels = 4 | 8;
    static constexpr std::uint32_t tracked = 2; // no channel, but what the packets are asked about as well
    static constexpr std::size_t arrived_max = 256;
    static constexpr std::uint8_t part_of(std::uint32_t channel) {
        return static_cast<std::uint8_t>(4 << channel);
    }
    bool has(std::uint8_t part) const { return (busy_ & part) != 0; }
    bool awaits_sending() const {
        return has(channels) &&
               ((has(part_of(0)) && senders_[0].pending()) || (has(part_of(1)) && senders_[1].pending()));
    }

    bool urgent() const {
        return (has(commands) && commands_.fresh()) || (has(part_of(0)) && senders_[0].urgent()) ||
               (has(part_of(1)) && senders_[1].urgent()) || (has(lossy) && outbox_.bytes() >= chunk_bytes_);
    }
    void fill_lossy(PacketWriter& packet, Instant now, InFlight& in_flight) {
        const auto fill = [&] {
            outbox_.fill(packet, now, chunk_bytes_, [&](std::uint32_t track) {
                (void)in_flight.add_ref({track, tracked});
            });
        };
        const std::size_t size = packet.size();
        if (narrow_ == 0 || narrow_ >= size + packet.left()) return fill();
        if (size > narrow_) return; // it is a large one already
        const std::size_t whole = packet.limit(narrow_);
        fill();
        if (packet.size() != size) return;
        packet.limit(whole);
        fill();
    }
    void fill_channels(PacketWriter& packet, Instant now, bool twice, InFlight& in_flight) {
        for (std::uint32_t channel = 0; channel < 2; ++channel) {
            if (!has(part_of(channel))) continue;
            senders_[channel].set_twice(twice && !Reliability::traits.redundant);
            ChunkRef ref{0, channel};
            while (senders_[channel].fill(packet, ref.sequence)) {
                protect(now, ref);
                if (!in_flight.add_ref(ref)) return;
            }
        }
    }
    void protect(Instant now, const ChunkRef& ref) {
        if constexpr (Reliability::traits.redundant) {
            std::uint8_t flags = 0;
            BytesIn content;
            if (senders_[ref.channel].take_fresh(flags, content))
                machine_.sent(now, ref.channel, static_cast<std::uint16_t>(ref.sequence), flags, content);
        }
    }

    std::uint8_t busy_ = 0; // the parts that may have something
    std::uint32_t chunk_bytes_, narrow_ = 0;
    Instant waiting_since_ = Instant::never();
    Duration coalesce_;
    Outbox outbox_;
    Machine machine_;
    CommandSender commands_;
    ChannelSender senders_[2]; // ordered, unordered
    Ring<std::uint32_t> arrived_{arrived_max};
};

} // namespace tenon
