// A room with an honest guest and a hostile one, and strangers at its door. Whatever they say, the host
// stands, the honest guest stays and hears everything that the host tells it, in order; nobody gets in
// unasked, nobody is heard with what its role forbids, and no stranger gets more bytes than it sent.
//   input: u8 whether the hostile guest seals its packets by hand, then (u8 how, u8 size, bytes)...; see
//   `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

#include "../link/plain_words.hpp"

namespace {

using namespace plain;

using namespace tenon;
using transport::MemoryAddress;

namespace how {
constexpr std::uint8_t who =
    0x03; // 0 a stranger's datagram, 1 the same with a right checksum, else the guest
constexpr std::uint8_t kind = 0x1C;   // of the stranger's datagram, or whether the guest's message is ordered
constexpr std::uint8_t cookie = 0x20; // the stranger has solved its riddle
constexpr std::uint8_t number = 0x40; // one of two strangers
constexpr std::uint8_t waits = 0x80;  // 300 milliseconds instead of 5
} // namespace how

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    std::uint32_t turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
struct Mark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 300)); }
};
using Arena =
    Game<"arena", 1, State<Ship>, Command<Steer>, Event<Mark, Newest>, Event<Shot, Reliable>,
         Event<Line, Ordered>, Roles<Role<"guest", Ship, Steer, Mark, Shot>, Role<"editor", Everything>>>;
using Net = Session<Arena, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;
using HostileRoom =
    Room<MemoryAddress, reliability::AckVector, topology::ClientServer, tenon::Plain, RightsOf<Arena>>;

constexpr std::uint16_t peers_max = 4;
constexpr MemoryAddress host_address{1, 4000}, hostile_address{3, 4000};
constexpr std::array<MemoryAddress, 2> strangers{MemoryAddress{8, 1}, MemoryAddress{9, 1}};

void must(bool holds) {
    if (!holds) std::abort();
}
Options options(std::uint64_t seed) {
    Options options;
    options.room = "lobby";
    options.peers_max = peers_max;
    options.message_bytes_max = 3000;
    options.queue_bytes_max = 16384;
    options.pool_bytes_max = 1 << 20;
    options.seed = seed;
    return options;
}
Terms terms() {
    Terms terms;
    terms.game = stable_id(Arena::name);
    terms.room = stable_id("lobby");
    terms.schema = Arena::schema_hash();
    terms.game_version = Arena::version;
    terms.codec = static_cast<std::uint32_t>(stable_id(codec::Bits::name));
    terms.features = terms.required = 4;
    terms.type_hashes = Arena::type_hashes();
    return terms;
}

struct Player {
    std::uint32_t told = 0; // how many of the host's numbered shots came, each once
    Net* host = nullptr;    // of the host's own
    Ship state() { return {1}; }
    Steer command() { return {2}; }
    void on(PeerId, const Steer&) {}
    void on(PeerId, const Mark&) {}
    void on(PeerId peer, const Line&) { must(host == nullptr || host->role_of(peer) == "editor"); }
    void on(PeerId peer, const Shot&) { told += peer == PeerId::host() ? 1 : 0; }
};

class Hall {
  public:
    explicit Hall(bool by_hand)
        : by_hand_(by_hand),
          host_(options(1), transport::Memory(exchange_, 1)),
          honest_(options(2), transport::Memory(exchange_, 2)),
          hostile_(options(3), terms(), {}, 1200, tenon::Pulse{}, 3) {
        at_host_.host = &host_;
        must(static_cast<bool>(host_.host(4000)) && static_cast<bool>(honest_.join("host1:4000")));
        must(static_cast<bool>(hostile_.join(now_, host_address)));
        for (int i = 0; i < 8; ++i) step();
        must(honest_.status() == Status::joined && hostile_.status() == Status::joined);
        key_ = hostile_.seat_of(PeerId::host())->link.seal().key();
        handmade_ = by_hand;
    }

    void take(std::uint8_t how, BytesIn bytes) {
        if ((how & how::who) <= 1)
            call(how, bytes);
        else if (by_hand_)
            seal(bytes);
        else
            say(how, bytes);
        now_ += milliseconds(how & how::waits ? 300 : 5);
        if (how & how::waits) (void)host_.set_role(hostile_.self(), how & how::number ? "editor" : "guest");
        must(static_cast<bool>(host_.send(honest_.self(), Shot{++sent_})));
        step();
        check();
    }
    void finish() {
        for (int i = 0; i < 4; ++i, now_ += milliseconds(30)) step();
        must(player_.told == sent_);
        must(host_.roster().contains(honest_.self()));
    }

  private:
    // A stranger's datagram, of any kind.
    void call(std::uint8_t how, BytesIn bytes) {
        const std::size_t who = (how & how::number) != 0 ? 1 : 0;
        std::array<std::byte, 1500> datagram{};
        std::size_t size = std::min(bytes.size(), datagram.size());
        copy(datagram.data(), bytes.first(size));
        if ((how & how::who) == 1) {
            const std::uint8_t kind =
                static_cast<std::uint8_t>(meeting::hello + ((how & how::kind) >> 2) % 5);
            size = kind == meeting::connect ? meeting::connect_bytes : std::max<std::size_t>(128, size);
            std::copy_backward(datagram.begin(), datagram.begin() + 300, datagram.begin() + 305);
            datagram[0] = static_cast<std::byte>(kind);
            // An honest one, but for what it is called.
            const Connect fair{riddles_[who].nonce,
                               riddles_[who].cookie,
                               riddles_[who].stamp,
                               protocol_version,
                               terms(),
                               text_of(bytes.first(std::min<std::size_t>(bytes.size(), name_bytes_max))),
                               bytes.first(std::min<std::size_t>(bytes.size(), 40)),
                               {}};
            if ((how & how::cookie) != 0 && kind == meeting::hello)
                size = write(datagram, Hello{bytes.size(), terms().game});
            if ((how & how::cookie) != 0 && kind == meeting::connect) size = write(datagram, fair);
            store_le(&datagram[1], detail::meeting_checksum(BytesIn(datagram).first(size)));
        }
        heard_from_[who] += size;
        exchange_.deliver(host_address, strangers[who], {}, BytesIn(datagram).first(size));
    }
    // Frames of the input in a packet that the hostile guest has sealed.
    void seal(BytesIn frames) {
        std::array<std::byte, 1400> packet{};
        PacketWriter writer(packet, number_++, 0x40'0000);
        writer.out().bytes(frames);
        const std::size_t size = writer.seal(tenon::Checksum(key_));
        exchange_.deliver(host_address, hostile_address, {}, BytesIn(packet).first(size));
    }
    // A message of any type, which goes by the link's own rules.
    void say(std::uint8_t how, BytesIn bytes) {
        auto* seat = hostile_.seat_of(PeerId::host());
        if (seat == nullptr || bytes.empty()) return;
        const MessageType type{std::to_integer<std::uint16_t>(bytes[0])};
        const auto delivery = static_cast<Delivery>((how & how::kind) >> 2 & 3);
        (void)hostile_.push(*seat, {type, delivery, bytes.subspan(1), {}, 0});
        if ((how & how::cookie) != 0) (void)seat->link.push_command(type, bytes.subspan(1));
    }

    void step() {
        host_.tick(now_, at_host_);
        carry();
        honest_.tick(now_, player_);
        if (!handmade_) speak_hostile();
        carry();
    }
    void speak_hostile() {
        hostile_.handle_timeout(now_);
        std::array<std::byte, 1200> buffer{};
        while (const auto out = hostile_.poll_transmit(now_, buffer))
            exchange_.deliver(out.to, hostile_address, {}, BytesIn(buffer).first(out.size));
    }
    void carry() {
        exchange_.take_outgoing([&](const MemoryAddress& from, const MemoryAddress& to, Lane, BytesIn bytes) {
            for (std::size_t who = 0; who < strangers.size(); ++who)
                if (to == strangers[who]) answer(who, bytes);
            if (to == hostile_address && !handmade_) {
                hostile_.handle_datagram(now_, from, bytes);
                RoomEvent event;
                while (hostile_.poll_event(event)) {
                }
            } else {
                exchange_.deliver(to, from, {}, bytes);
            }
        });
    }
    void answer(std::size_t who, BytesIn bytes) {
        const std::uint8_t kind = meeting_kind(bytes);
        admitted_[who] = admitted_[who] || kind == meeting::accept;
        told_to_[who] += bytes.size();
        must(admitted_[who] || told_to_[who] <= heard_from_[who]);
        if (kind == meeting::challenge) riddles_[who] = read_challenge(bytes).value_or({});
    }
    void check() {
        const Health health = host_.health();
        must(honest_.status() == Status::joined && host_.status() == Status::hosting);
        must(host_.roster().size() <= 1 + peers_max && honest_.roster().size() <= 1 + peers_max);
        must(health.peer_count + 1 == host_.roster().size());
        must(health.queued_bytes <= peers_max * 3 * 16384);
    }

    transport::Exchange exchange_{1};
    Instant now_{1'000'000'000};
    bool by_hand_, handmade_ = false;
    Net host_, honest_;
    HostileRoom hostile_;
    Player at_host_, player_;
    std::uint64_t key_ = 0, number_ = 100;
    std::uint32_t sent_ = 0;
    std::array<Challenge, 2> riddles_{};
    std::array<std::size_t, 2> heard_from_{}, told_to_{};
    std::array<bool, 2> admitted_{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    ByteReader in(BytesIn(reinterpret_cast<const std::byte*>(data), size));
    Hall hall((in.u8() & 1) != 0);
    for (int turns = 0; in.left() != 0 && turns < 40; ++turns) {
        const std::uint8_t how = in.u8();
        const std::size_t wanted = in.u8();
        hall.take(how, in.bytes(std::min(wanted, in.left())));
    }
    hall.finish();
    return 0;
}
