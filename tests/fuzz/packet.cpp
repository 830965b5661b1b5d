// Packets of every kind, with their checksums made right, opened one by one and heard by a link that has
// something to say itself. What opens is written the same again; no message is larger than allowed, no memory
// held beyond the limits; and every packet that the link sends opens.
//   input: u8 policy, then (u8 how, u8 size, header and frames)...; see `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/link/link.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/redundant.hpp"
#include "tenon/replica/states.hpp"
#include "tenon/room/words.hpp"

namespace {

using tenon::BytesIn;
using tenon::BytesOut;
using tenon::Instant;

constexpr std::uint64_t key = 0x5EED;
constexpr std::size_t message_bytes_max = 6000, queue_bytes_max = 16384, pool_bytes_max = 1 << 17;

namespace how {
constexpr std::uint8_t raw = 0x01;       // the header is the input's too, not only the frames
constexpr std::uint8_t acks = 0x02;      // acknowledges what the link has sent
constexpr std::uint8_t skips = 0x04;     // a packet before it was lost
constexpr std::uint8_t speaks = 0x08;    // the link is given something to say
constexpr std::uint8_t waits = 0x30;     // before it: 0, 1, 100, 1500 milliseconds
constexpr std::uint8_t filled = 0x40;    // 900 bytes of filling follow
constexpr std::uint8_t transmits = 0x80; // the link may send after it
} // namespace how

void must(bool holds) {
    if (!holds) std::abort();
}

// Opens a packet by itself, its checksum made right; an honest writer would have written the same.
void open_alone(std::vector<std::byte> packet, std::uint64_t expected, std::uint64_t sent) {
    (void)tenon::open_packet(packet, tenon::Checksum(key), expected, sent);
    if (packet.size() < 6) return;
    tenon::ByteReader in(BytesIn(packet).subspan(5));
    const unsigned flags = std::to_integer<unsigned>(packet[0]), bytes = (flags & 3) + 1;
    const std::uint64_t number = tenon::expand(in.le(bytes), bytes * 8, expected);
    std::uint64_t acked = 0;
    if (flags & tenon::packet_flag::has_ack) {
        const unsigned count = (flags >> 2 & 3) + 1;
        acked = tenon::expand(in.le(count), count * 8, sent);
        if (acked >= sent && acked >> (count * 8)) acked -= std::uint64_t(1) << (count * 8);
    }
    tenon::store_le(&packet[1], tenon::Checksum(key).of(packet, number, acked));
    const auto open = tenon::open_packet(packet, tenon::Checksum(key), expected, sent);
    must(open || open.error() != tenon::Error::bad_checksum);
    if (!open) return;
    must(open->number == number && (!open->has_ack || open->ack.largest < sent));
    constexpr std::array<std::uint64_t, 4> unsettled{0, 0x40, 0x4000, 0x40'0000};
    std::vector<std::byte> again(packet.size() + 64);
    tenon::PacketWriter writer(again, number, unsettled[bytes - 1]);
    if (open->has_ack) {
        const auto& ack = open->ack;
        writer.ack(ack.largest, (flags >> 2 & 3) + 1, ack.delay,
                   flags & tenon::packet_flag::has_runs ? ack.first_run : 0);
        std::uint64_t before = 0;
        ack.for_each([&](std::uint64_t first, std::uint64_t last) {
            must(first <= last && last <= ack.largest && (last == ack.largest || last + 1 < before));
            if (last != ack.largest) writer.ack_run(before - 1 - last, last - first + 1);
            before = first;
        });
    }
    writer.out().bytes(open->frames);
    const std::size_t size = writer.seal(tenon::Checksum(key));
    must(size == packet.size() && std::equal(packet.begin(), packet.end(), again.begin()));
}

// The room's words, and what stands before a state: written again they are the same.
void read_words(BytesIn payload) {
    std::array<std::byte, 80> again{};
    const auto same = [&](BytesIn written, std::size_t size) {
        must(written.size() == size && std::equal(written.begin(), written.end(), payload.begin()));
    };
    if (const auto word = tenon::JoinedWord::read(payload)) same(word->write(again), payload.size());
    if (const auto word = tenon::AwayWord::read(payload)) same(word->write(again), payload.size());
    if (const auto word = tenon::LeftWord::read(payload)) {
        const BytesIn written = word->write(again);
        same(written, written.size());
    }
    for (const bool relayed : {false, true}) {
        tenon::ByteReader in(payload);
        const auto head = relayed ? tenon::RelayHead::read_relayed(in) : tenon::RelayHead::read_relay(in);
        if (!head) continue;
        tenon::ByteWriter out(again);
        relayed ? head->write_relayed(out) : head->write_relay(out);
        same(BytesIn(again).first(out.position()), in.position());
    }
    tenon::ByteReader in(payload);
    if (const auto head = tenon::StateHead::read(in))
        same(BytesIn(again).first(head->write(again)), in.position());
}

template <class Reliability>
class Listener {
  public:
    Listener() : link_(pool_, options(), key, now_, tenon::Random(1)) {}

    void take(std::uint8_t how, BytesIn bytes) {
        constexpr std::array<int, 4> pauses{0, 1, 100, 1500};
        now_ += tenon::milliseconds(pauses[(how & how::waits) >> 4]);
        if (how & how::speaks) speak(bytes);
        if (how & how::skips) ++number_;
        std::vector<std::byte> packet(1400);
        packet.resize(how & how::raw ? raw(packet, bytes) : honest(packet, how, bytes));
        if (link_.handle_datagram(now_, packet)) drain(packet.size());
        link_.handle_timeout(now_);
        (void)link_.poll_timeout();
        if (how & how::transmits) transmit();
        must(pool_.bytes_reserved() <= pool_bytes_max);
        must(link_.queued_bytes() <= queue_bytes_max * 3);
    }

  private:
    using Link = tenon::Link<Reliability>;

    static tenon::LinkOptions options() {
        tenon::LinkOptions options;
        options.message_bytes_max = message_bytes_max;
        options.queue_bytes_max = queue_bytes_max;
        return options;
    }
    void speak(BytesIn bytes) {
        static const std::array<std::byte, 3000> content{};
        const tenon::MessageType type{std::uint16_t(8 + bytes.size() % 70)};
        const BytesIn payload = BytesIn(content).first(bytes.size() * 40 % content.size());
        (void)link_.outbox().push({.type = type, .replaceable = bytes.size() % 2 == 0}, payload);
        (void)link_.channel(bytes.size() % 3 == 0).append(type, payload);
        (void)link_.push_command(type, payload.first(std::min<std::size_t>(payload.size(), 100)));
        if constexpr (Reliability::traits.gives_up)
            (void)link_.machine().push(pool_, now_, type,
                                       payload.first(std::min<std::size_t>(payload.size(), 900)));
    }
    // Frames of the input in a packet whose header says what is so.
    std::size_t honest(BytesOut into, std::uint8_t how, BytesIn frames) {
        tenon::PacketWriter packet(into, number_++, 0x4000);
        if ((how & how::acks) && sent_ != 0) packet.ack(sent_ - 1, 4, {}, how & how::raw ? 1 : 0);
        packet.out().bytes(frames);
        for (int i = 0; how & how::filled && i < 900; ++i) packet.out().u8(static_cast<std::uint8_t>(i));
        return packet.seal(tenon::Checksum(key));
    }
    // A header of the input, but for the number and the checksum.
    std::size_t raw(BytesOut into, BytesIn bytes) {
        if (bytes.empty()) return 0;
        open_alone({bytes.begin(), bytes.end()}, number_, sent_);
        into[0] = bytes[0] | std::byte{tenon::packet_flag::number_bytes};
        tenon::store_le(&into[5], static_cast<std::uint32_t>(number_));
        tenon::copy(&into[9], bytes.subspan(1));
        const BytesIn whole = into.first(8 + bytes.size());
        const unsigned flags = std::to_integer<unsigned>(into[0]), count = (flags >> 2 & 3) + 1;
        tenon::ByteReader in(whole.subspan(9));
        std::uint64_t acked =
            flags & tenon::packet_flag::has_ack ? tenon::expand(in.le(count), count * 8, sent_) : 0;
        if (acked >= sent_ && acked >> (count * 8)) acked -= std::uint64_t(1) << (count * 8);
        tenon::store_le(&into[1], tenon::Checksum(key).of(whole, number_, acked));
        ++number_;
        return whole.size();
    }
    void drain(std::size_t packet_bytes) {
        tenon::LinkEvent event;
        std::size_t events = 0, bytes = 0;
        while (link_.poll_event(event)) {
            // A byte of a packet begins one message at most, and what waited for it is bounded too.
            must(++events <= packet_bytes + queue_bytes_max + 1200);
            must(event.payload.size() <= message_bytes_max + 2);
            for (const std::byte byte : event.payload) bytes += std::to_integer<std::size_t>(byte);
            read_words(event.payload);
        }
        must(!link_.in_packet());
        sink_ = bytes;
    }
    void transmit() {
        std::array<std::byte, 1200> buffer{};
        for (int i = 0; i < 40; ++i) {
            const std::size_t size = link_.poll_transmit(now_, buffer);
            if (size == 0) break;
            must(size <= buffer.size());
            const auto open =
                tenon::open_packet(BytesIn(buffer).first(size), tenon::Checksum(key), sent_, number_);
            must(open && open->number == sent_);
            ++sent_;
        }
    }

    tenon::Pool pool_{1200, pool_bytes_max};
    Instant now_{1'000'000'000};
    Link link_;
    std::uint64_t number_ = 0, sent_ = 0; // the next packet to the link, and from it
    volatile std::size_t sink_ = 0;
};

template <class Reliability>
void play(BytesIn input) {
    Listener<Reliability> listener;
    tenon::ByteReader in(input);
    for (int packets = 0; in.left() != 0 && packets < 60; ++packets) {
        const std::uint8_t how = in.u8();
        const std::size_t wanted = in.u8();
        listener.take(how, in.bytes(std::min(wanted, in.left())));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesIn input{reinterpret_cast<const std::byte*>(data), size};
    open_alone({input.begin(), input.end()}, data[0] * 7u, data[0] * 5u);
    const BytesIn packets = input.subspan(1);
    switch (data[0] % 3) {
        case 0:
            play<tenon::reliability::AckVector>(packets);
            break;
        case 1:
            play<tenon::reliability::AckRetry>(packets);
            break;
        default:
            play<tenon::reliability::Redundant<>>(packets);
    }
    return 0;
}
