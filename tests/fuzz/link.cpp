// Two links in a conversation, of which what one says is mutated on its way and given its checksum again, so
// that the other believes it: no crash, no message larger than allowed, no memory held beyond the limits, and
// every packet that is sent opens. Unlike the target `packet`, the frames begin as a real link wrote them.
//   input: u8 policy, u8 seed, then steps (u8 what, u8 a, u8 b); see `step`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/link/link.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/redundant.hpp"

namespace {

using tenon::BytesIn;
using tenon::BytesOut;
using tenon::Instant;

constexpr std::uint64_t key = 0xF00D;
constexpr std::size_t message_bytes_max = 6000, queue_bytes_max = 16384, pool_bytes_max = 1 << 18;

namespace step {
constexpr unsigned kinds = 12;
// The first of them: something is said, as large as `a` and `b` together say.
constexpr unsigned say_ordered = 0, say_unordered = 1, say_lossy = 2, say_command = 3;
constexpr unsigned wait = 4;    // a times 4 milliseconds
constexpr unsigned deliver = 5; // a packets each way
constexpr unsigned lose = 6;    // the next packet
constexpr unsigned twice = 7;   // the next packet comes twice
constexpr unsigned flip = 8;    // bit b % 8 of byte a of the next packet's frames
constexpr unsigned set = 9;     // byte a becomes b
constexpr unsigned cut = 10;    // the frames end after a bytes
constexpr unsigned insert = 11; // bytes b at a, a quarter as many as b says
} // namespace step

void must(bool holds) {
    if (!holds) std::abort();
}

template <class Reliability>
class Conversation {
  public:
    explicit Conversation(std::uint64_t seed) : seed_(seed) {}

    void take(unsigned what, unsigned a, unsigned b) {
        const tenon::MessageType type{static_cast<std::uint16_t>(8 + b % 70)};
        const BytesIn payload = BytesIn(content_).first((a * 256 + b) % 7000);
        Link& link = sides_[b & 1].link;
        switch (what % step::kinds) {
            case step::say_ordered:
            case step::say_unordered:
                if constexpr (Reliability::traits.gives_up)
                    (void)link.machine().push(pool_, now_, type, payload.first(payload.size() % 1000));
                if (payload.size() <= message_bytes_max)
                    (void)link.channel(what % step::kinds == step::say_ordered).append(type, payload);
                break;
            case step::say_lossy:
                (void)link.outbox().push(
                    {.key = b % 4, .queued_at = now_, .type = type, .replaceable = a % 2 == 0},
                    payload.first(std::min(payload.size(), message_bytes_max)));
                break;
            case step::say_command:
                (void)link.push_command(type, payload.first(payload.size() % 200));
                break;
            case step::wait:
                now_ += tenon::milliseconds(a * 4);
                break;
            case step::deliver:
                for (unsigned i = 0; i <= a % 8; ++i) exchange();
                break;
            default:
                edits_.push_back({what % step::kinds, a, b});
                break;
        }
        for (Side& side : sides_) {
            side.link.handle_timeout(now_);
            drain(side, 0);
        }
        must(pool_.bytes_reserved() <= pool_bytes_max);
    }

  private:
    using Link = tenon::Link<Reliability>;
    struct Edit {
        unsigned what, a, b;
    };
    struct Side {
        Link link;
        std::uint64_t sent = 0;
    };

    static tenon::LinkOptions options() {
        tenon::LinkOptions options;
        options.message_bytes_max = message_bytes_max;
        options.queue_bytes_max = queue_bytes_max;
        return options;
    }
    // A packet each way, if there is one. Only what side 0 says is mutated.
    void exchange() {
        now_ += tenon::milliseconds(1);
        for (std::size_t from = 0; from < 2; ++from) {
            std::array<std::byte, 1200> buffer{};
            Side &side = sides_[from], &other = sides_[from ^ 1];
            const std::size_t size = side.link.poll_transmit(now_, buffer);
            if (size == 0) continue;
            must(size <= buffer.size());
            const auto open =
                tenon::open_packet(BytesIn(buffer).first(size), tenon::Checksum(key), side.sent, other.sent);
            // What side 0 heard is honest, so all that it says must open; side 1 may have been told nonsense
            // about what arrived, but counts its own packets right.
            must(open && open->number == side.sent);
            ++side.sent;
            std::vector<std::byte> packet(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
            if (from == 0 && !mutate(packet, *open)) continue;
            hear(other, packet);
            if (from == 0 && again_) hear(other, packet);
            again_ = false;
        }
    }
    void hear(Side& side, const std::vector<std::byte>& packet) {
        const std::vector<std::byte> exact(packet.begin(), packet.end());
        if (side.link.handle_datagram(now_, exact)) drain(side, exact.size());
    }
    // False when the packet is lost.
    bool mutate(std::vector<std::byte>& packet, const tenon::OpenPacket& open) {
        // From the acknowledgement on: what stands before it is the number, which the checksum is bound to.
        const std::size_t from = 5 + open.number_bytes;
        bool lost = false;
        for (const Edit& edit : edits_) {
            const std::size_t room = packet.size() - from, at = room == 0 ? from : from + edit.a % room;
            const auto place = packet.begin() + static_cast<std::ptrdiff_t>(at);
            if (edit.what == step::lose) lost = true;
            if (edit.what == step::twice) again_ = true;
            if (edit.what == step::insert && packet.size() < 1400)
                packet.insert(place, edit.b / 4 + 1, std::byte(edit.b));
            if (room == 0) continue;
            if (edit.what == step::flip) *place ^= std::byte{1} << edit.b % 8;
            if (edit.what == step::set) *place = std::byte(edit.b);
            if (edit.what == step::cut) packet.resize(at);
        }
        const bool changed = !edits_.empty();
        edits_.clear();
        if (changed) seal(packet, open);
        return !lost;
    }
    // Makes the checksum right for what the receiver will read out of the header.
    void seal(std::vector<std::byte>& packet, const tenon::OpenPacket& open) const {
        const unsigned flags = std::to_integer<unsigned>(packet[0]);
        std::uint64_t acked = 0;
        if (flags & tenon::packet_flag::has_ack) {
            const unsigned count = (flags >> 2 & 3) + 1;
            tenon::ByteReader in(BytesIn(packet).subspan(5 + open.number_bytes));
            acked = tenon::expand(in.le(count), count * 8, sides_[1].sent);
            if (acked >= sides_[1].sent && acked >> (count * 8)) acked -= std::uint64_t(1) << (count * 8);
        }
        tenon::store_le(&packet[1], tenon::Checksum(key).of(packet, open.number, acked));
    }
    void drain(Side& side, std::size_t packet_bytes) {
        tenon::LinkEvent event;
        std::size_t events = 0, bytes = 0;
        while (side.link.poll_event(event)) {
            must(++events <= packet_bytes + 2 * queue_bytes_max);
            must(event.payload.size() <= message_bytes_max);
            for (const std::byte byte : event.payload) bytes += std::to_integer<std::size_t>(byte);
        }
        must(!side.link.in_packet());
        must(side.link.farewell().size() <= tenon::farewell_bytes_max);
        for (const char letter : side.link.farewell()) bytes += static_cast<unsigned char>(letter);
        sink_ = bytes;
    }

    std::uint64_t seed_;
    std::array<std::byte, 7000> content_{};
    tenon::Pool pool_{options().datagram_bytes - tenon::chunk_reserve, pool_bytes_max};
    Instant now_{1'000'000'000};
    std::array<Side, 2> sides_{Side{Link(pool_, options(), key, now_, tenon::Random(seed_))},
                               Side{Link(pool_, options(), key, now_, tenon::Random(seed_ + 1))}};
    std::vector<Edit> edits_;
    bool again_ = false;
    volatile std::size_t sink_ = 0;
};

template <class Reliability>
void play(BytesIn input) {
    tenon::ByteReader in(input);
    Conversation<Reliability> conversation(in.u8());
    for (int steps = 0; in.left() >= 3 && steps < 200; ++steps) {
        const unsigned what = in.u8(), a = in.u8(), b = in.u8();
        conversation.take(what, a, b);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    const BytesIn input{reinterpret_cast<const std::byte*>(data + 1), size - 1};
    switch (data[0] % 3) {
        case 0:
            play<tenon::reliability::AckVector>(input);
            break;
        case 1:
            play<tenon::reliability::AckRetry>(input);
            break;
        default:
            play<tenon::reliability::Redundant<>>(input);
            break;
    }
    return 0;
}
