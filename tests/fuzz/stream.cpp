// Two links over a connection, of which what one says is mutated on its way, and whose connection is now and
// then held up: no crash, no message larger than allowed, no memory held beyond the limits, and whatever a
// link writes an honest one reads. Or over one that carries datagrams beside, which are mutated as well, and
// come twice; or one that also has streams for what is large.
//   input: u8 seed, 0x80 and up for datagrams, 0xC0 and up for both, then steps (u8 what, u8 a, u8 b); see
//   `step`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/link/link_of.hpp"
#include "tenon/wire/checksum.hpp"

namespace {

using namespace tenon;
constexpr std::size_t message_bytes_max = 6000, queue_bytes_max = 16384, frame_bytes_max = 8000;

namespace step {
constexpr unsigned kinds = 12;
// The first of them: something is said, as large as `a` and `b` together say.
constexpr unsigned say_reliable = 0, say_newest = 1, say_lossy = 2, say_command = 3;
constexpr unsigned wait = 4;    // a times 4 milliseconds
constexpr unsigned deliver = 5; // a frames each way
constexpr unsigned hold =
    6; // so much more waits behind side b's connection, or it has no datagrams, or streams
constexpr unsigned raw = 7;     // side 1 hears the bytes a, b, a ^ b, sealed where they come beside
constexpr unsigned flip = 8;    // bit b % 8 of byte a of the next frame
constexpr unsigned set = 9;     // byte a becomes b
constexpr unsigned cut = 10;    // the frame ends after a bytes
constexpr unsigned insert = 11; // bytes b at a, a quarter as many as b says
} // namespace step

void must(bool holds) {
    if (!holds) std::abort();
}

template <class Native>
class Conversation {
    static constexpr std::uint64_t key = 1;
    // Each full at most: of what must arrive, of what may be lost, of the latter beside the stream, and of
    // what is large, once here and once with the transport.
    static constexpr std::size_t queues = Native::has_bulk ? 5 : Native::has_datagrams ? 3 : 2;

  public:
    explicit Conversation(std::uint8_t seed) {
        for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<std::byte>(seed + i * 7);
    }

    void take(unsigned what, unsigned a, unsigned b) {
        const MessageType type{static_cast<std::uint16_t>(8 + b % 70)};
        const BytesIn payload = BytesIn(content_).first((a * 256 + b) % 7000);
        const BytesIn whole = payload.first(std::min(payload.size(), message_bytes_max));
        Native& link = sides_[b & 1];
        switch (what % step::kinds) {
            case step::say_reliable:
                (void)link.channel(a % 2 == 0).append(type, whole);
                break;
            case step::say_newest:
            case step::say_lossy:
                (void)link.outbox().push({.key = b % 4,
                                          .queued_at = now_,
                                          .type = type,
                                          .replaceable = what % step::kinds == step::say_newest,
                                          .track = a % 3},
                                         whole);
                break;
            case step::say_command:
                (void)link.push_command(type, payload.first(payload.size() % 200));
                break;
            case step::wait:
                now_ += milliseconds(a * 4);
                break;
            case step::deliver:
                for (unsigned i = 0; i <= a % 8; ++i) exchange();
                break;
            case step::hold:
                backlog_[b & 1] = a * 64;
                room_[b & 1] = a % 3 == 0 ? 0 : 1100;
                streams_[b & 1] = a % 4;
                break;
            case step::raw: {
                const std::byte said[] = {static_cast<std::byte>(a), static_cast<std::byte>(b),
                                          static_cast<std::byte>(a ^ b)};
                hear(1, {said, said + 3}, false);
                if constexpr (Native::has_bulk) hear(1, {said, said + 3}, false, bulk_lane);
                if constexpr (Native::has_datagrams) hear_raw(said, payload.size() % 300);
                break;
            }
            default:
                edits_.push_back({what % step::kinds, a, b});
                break;
        }
        for (Native& side : sides_) {
            side.handle_timeout(now_);
            must(side.queued_bytes() <= queues * queue_bytes_max + 1200 + 255 * 64);
            std::uint32_t track = 0;
            while (side.poll_arrived(track)) must(track == 1 || track == 2);
        }
    }

  private:
    struct Edit {
        unsigned what, a, b;
    };

    static LinkOptions options(bool asks) {
        LinkOptions options;
        options.datagram_bytes = frame_bytes_max;
        options.message_bytes_max = message_bytes_max;
        options.queue_bytes_max = queue_bytes_max;
        options.asks_time = asks;
        return options;
    }
    // A frame each way, if there is one. Only what side 0 says is mutated.
    void exchange() {
        now_ += milliseconds(1);
        if constexpr (Native::has_datagrams)
            for (std::size_t from = 0; from < 2; ++from) exchange_datagram(from);
        if constexpr (Native::has_bulk)
            for (std::size_t from = 0; from < 2; ++from) exchange_bulk(from);
        for (std::size_t from = 0; from < 2; ++from) {
            std::array<std::byte, frame_bytes_max> buffer{};
            Native& side = sides_[from];
            side.look(now_, backlog_[from]);
            const std::size_t wanted = side.wants(now_);
            must(wanted <= frame_bytes_max);
            const std::size_t size = side.poll_transmit(now_, BytesOut(buffer).first(wanted));
            must(size <= wanted);
            must(size != 0 || wanted == 0 || side.poll_timeout() > now_ ||
                 side.state() != Native::State::open);
            if (size == 0) continue;
            must(std::to_integer<unsigned>(buffer[0]) < 0x80);
            std::vector<std::byte> frame(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
            const bool honest = from == 1 || edits_.empty();
            if (from == 0) mutate(frame);
            hear(from ^ 1, frame, honest);
        }
    }
    // One frame leaves where a stream is free, and the oldest arrives every other time.
    void exchange_bulk(std::size_t from) {
        Native& side = sides_[from];
        auto& open = open_[from];
        std::size_t underway = 0;
        for (const auto& frame : open) underway += frame.size();
        side.look_bulk(now_, {streams_[from] != 0, open.size() < streams_[from], underway, underway});
        const std::size_t wanted = side.wants_bulk(now_);
        must(wanted <= frame_bytes_max);
        if (wanted != 0) {
            std::vector<std::byte> frame(wanted);
            const std::size_t size = side.transmit_bulk(now_, frame);
            must(size != 0 && size <= wanted && std::to_integer<unsigned>(frame[0]) < 0x80);
            frame.resize(size);
            open.push_back(frame);
        }
        if (open.empty() || (now_.ns / 1'000'000) % 2 != 0) return;
        std::vector<std::byte> frame = open.front();
        open.erase(open.begin());
        const bool honest = from == 1 || edits_.empty();
        if (from == 0) mutate(frame);
        hear(from ^ 1, frame, honest, bulk_lane);
    }
    void exchange_datagram(std::size_t from) {
        std::array<std::byte, 1100> buffer{};
        Native& side = sides_[from];
        side.look_beside(now_, room_[from]);
        const std::size_t wanted = side.wants_beside(now_);
        must(wanted <= room_[from]);
        const std::size_t size = wanted == 0 ? 0 : side.transmit_beside(now_, BytesOut(buffer).first(wanted));
        must(size <= wanted);
        if (size == 0) return;
        std::vector<std::byte> datagram(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        const bool honest = from == 1 || edits_.empty();
        if (from == 0) mutate(datagram);
        hear(from ^ 1, datagram, honest && raw_number_ == 0, datagram_lane);
        hear(from ^ 1, datagram, false, datagram_lane); // what comes twice is refused
    }
    // With the right seal, so that what is inside is read.
    void hear_raw(BytesIn said, std::size_t more) {
        std::array<std::byte, 1100> buffer{};
        PacketWriter packet(buffer, raw_number_ += 3, 64 * 256, seal_bytes<Checksum>);
        packet.out().bytes(said);
        packet.out().bytes(BytesIn(content_).first(more));
        const std::size_t size = packet.seal(Checksum(key));
        hear(1, {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)}, false, datagram_lane);
    }
    void hear(std::size_t at, const std::vector<std::byte>& frame, bool honest, Lane lane = {}) {
        const std::vector<std::byte> exact(frame.begin(), frame.end());
        Native& side = sides_[at];
        const auto malformed = side.stats().malformed;
        if (!feed(now_, side, lane, exact, {}))
            return void(must(!honest || side.state() == Native::State::closed));
        LinkEvent event;
        std::size_t events = 0, bytes = 0;
        while (side.poll_event(event)) {
            must(++events <= exact.size());
            must(event.payload.size() <= message_bytes_max);
            for (const std::byte byte : event.payload) bytes += std::to_integer<std::size_t>(byte);
        }
        must(!honest || side.stats().malformed == malformed);
        sink_ = bytes;
    }
    void mutate(std::vector<std::byte>& frame) {
        for (const Edit& edit : edits_) {
            const std::size_t at = frame.empty() ? 0 : edit.a % frame.size();
            const auto place = frame.begin() + static_cast<std::ptrdiff_t>(at);
            if (edit.what == step::insert) {
                frame.insert(place, edit.b / 4 + 1, std::byte(edit.b));
                continue;
            }
            if (frame.empty()) continue;
            if (edit.what == step::flip) *place ^= std::byte{1} << edit.b % 8;
            if (edit.what == step::set) *place = std::byte(edit.b);
            if (edit.what == step::cut) frame.resize(at);
        }
        edits_.clear();
    }

    std::array<std::byte, 7000> content_{};
    Pool pool_{1200, 1 << 16};
    Instant now_{1'000'000'000'000};
    Native sides_[2] = {{pool_, options(true), key, now_, Random(1)},
                        {pool_, options(false), key, now_, Random(2)}};
    std::size_t backlog_[2] = {0, 0}, room_[2] = {1100, 1100};
    std::size_t streams_[2] = {2, 2};             // for what is large, each way
    std::vector<std::vector<std::byte>> open_[2]; // and what is in them
    std::uint64_t raw_number_ = 0;
    std::vector<Edit> edits_;
    volatile std::size_t sink_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const auto talk = [&](auto conversation) {
        for (std::size_t at = 1; at + 3 <= size && at < 600; at += 3)
            conversation.take(data[at], data[at + 1], data[at + 2]);
    };
    if (data[0] < 0x80)
        talk(Conversation<StreamLink<reliability::Native, Checksum>>(data[0]));
    else if (data[0] < 0xC0)
        talk(Conversation<StreamLink<reliability::NativeWithDatagrams, Checksum>>(data[0]));
    else
        talk(Conversation<StreamLink<reliability::NativeWithBulk, Checksum>>(data[0]));
    return 0;
}
