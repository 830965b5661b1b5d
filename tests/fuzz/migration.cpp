// A room that could do without its host, with two honest peers and a hostile one, who knows the room's key.
// Whatever it says, at the door or over its link, as a guest, or as the host that it may have become: nobody
// falls over, the honest ones have either one authority or the hostile one's, and no list grows without end.
//   input: u8 whether the host is lost in the middle, then (u8 how, u8 size, bytes)...; see `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

namespace {

using namespace tenon;
using transport::MemoryAddress;

namespace how {
constexpr std::uint8_t what = 0x03;     // 0 a datagram, 1 a claim with a right seal, 2 a word, 3 an event
constexpr std::uint8_t whom = 0x04;     // of the two honest peers
constexpr std::uint8_t kind = 0x38;     // of the claim, or the first byte of the word
constexpr std::uint8_t stranger = 0x40; // says the datagram; of a word: eight more
constexpr std::uint8_t waits = 0x80;    // 700 milliseconds instead of 5
} // namespace how

struct Ship {
    std::uint32_t x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 300)); }
};
using Talk = Game<"migrating", 1, State<Ship>, Event<Shot, Reliable>, Event<Line, Ordered>>;
using Net = Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, topology::AuthorityHosted<>,
                    reliability::AckVector>;
using HostileRoom = Room<MemoryAddress, reliability::AckVector, topology::AuthorityHosted<>>;

void must(bool holds) {
    if (!holds) std::abort();
}
Options options(std::uint64_t seed) {
    Options options;
    options.room = "lobby";
    options.peers_max = 4;
    options.message_bytes_max = 3000;
    options.queue_bytes_max = 16384;
    options.pool_bytes_max = 1 << 20;
    options.ledger_bytes_max = 16384;
    options.succeed_after = milliseconds(600);
    options.away_for = seconds(5);
    options.seed = seed;
    return options;
}

struct Player {
    Ship state() { return {1}; }
    void on(PeerId, const Shot&) {}
    void on(PeerId, const Line&) {}
};

class Village {
  public:
    Village()
        : hostile_(options(3), Net::RoomType::Contract::terms(options(3)),
                   Net::RoomType::Contract::carriage(), 1200, tenon::Pulse{milliseconds(200)}, 3) {
        must(static_cast<bool>(nets_[0].host(4000)) && static_cast<bool>(nets_[1].join("host1:4000")));
        run(10);
        must(static_cast<bool>(hostile_.join(now_, MemoryAddress{1, 4000})));
        run(10);
        must(nets_[1].status() == Status::joined && hostile_.status() == Status::joined);
        room_key_ = hostile_.estate().succession().room_key();
        must(room_key_ != 0);
    }
    void lose_host() { lost_ = true; }

    void take(std::uint8_t how, BytesIn bytes) {
        const std::size_t whom = (how & how::whom) != 0 || lost_ ? 1 : 0;
        const auto kind = static_cast<std::uint8_t>((how & how::kind) >> 3);
        switch (how & how::what) {
            case 0:
                return deliver(whom, how, bytes);
            case 1:
                return claim(whom, how, kind, bytes);
            case 2:
                return say(room_word::estate,
                           static_cast<std::uint8_t>(kind + ((how & how::stranger) != 0 ? 8 : 0)), bytes);
            default:
                return say(room_word::filed, kind, bytes);
        }
    }
    void go_on(std::uint8_t how) {
        for (Net& net : nets_) (void)net.broadcast(Shot{1});
        run((how & how::waits) != 0 ? 14 : 1, (how & how::waits) != 0 ? milliseconds(50) : milliseconds(5));
        check();
    }
    void finish() {
        run(60, milliseconds(50));
        check();
    }

  private:
    void deliver(std::size_t whom, std::uint8_t how, BytesIn bytes) {
        const MemoryAddress from = (how & how::stranger) != 0 ? MemoryAddress{8, 1} : hostile_at;
        exchange_.deliver(nets_[whom].transport().local_address(), from, {}, bytes);
    }
    // Whatever it says, it is sealed well.
    void claim(std::size_t whom, std::uint8_t how, std::uint8_t kind, BytesIn bytes) {
        ByteReader in(bytes);
        Claim claim;
        claim.kind = static_cast<Claim::Kind>(kind % Claim::kind_count);
        claim.game = stable_id(Talk::name);
        claim.room = stable_id("lobby");
        claim.epoch.number = in.u8();
        claim.epoch.authority = PeerId{in.u8()};
        claim.from = PeerId{in.u8()};
        claim.about = PeerId{in.u8()};
        claim.nonce = in.u8();
        const std::uint8_t more = in.u8();
        claim.handed = (more & 1) != 0;
        claim.size = more >> 1;
        std::array<std::byte, meeting::claim_bytes> datagram{};
        must(write(datagram, claim, room_key_) == datagram.size());
        deliver(whom, how, datagram);
    }
    // To its host, or as one to all of its guests.
    void say(MessageType word, std::uint8_t kind, BytesIn bytes) {
        std::array<std::byte, 300> said{};
        std::size_t size = std::min(bytes.size(), said.size() - 1);
        if (word == room_word::estate) said[0] = static_cast<std::byte>(kind | (size > 200 ? 8 : 0));
        copy(said.data() + (word == room_word::estate ? 1 : 0), bytes.first(size));
        size += word == room_word::estate ? 1 : 0;
        const Post post{
            word, kind % 2 != 0 ? Delivery::reliable : Delivery::ordered, BytesIn(said).first(size), {}, 0};
        hostile_.for_each_seat([&](auto& seat) { (void)hostile_.push(seat, post); });
    }
    void run(int steps, Duration pause = milliseconds(5)) {
        for (int i = 0; i < steps; ++i, now_ += pause) step();
    }
    void step() {
        for (std::size_t i = lost_ ? 1 : 0; i < nets_.size(); ++i) nets_[i].tick(now_, players_[i]);
        hostile_.handle_timeout(now_);
        listen();
        std::array<std::byte, 1200> buffer{};
        for (int sent = 0; sent < 200; ++sent) {
            const auto out = hostile_.poll_transmit(now_, buffer);
            if (!out) break;
            exchange_.deliver(out.to, hostile_at, {}, BytesIn(buffer).first(out.size));
        }
        exchange_.take_outgoing([&](const MemoryAddress& from, const MemoryAddress& to, Lane, BytesIn bytes) {
            if (!(to == hostile_at)) return (void)exchange_.deliver(to, from, {}, bytes);
            hostile_.handle_datagram(now_, from, bytes);
            listen();
        });
    }
    void listen() {
        RoomEvent event;
        while (hostile_.poll_event(event)) {
        }
    }
    void check() {
        for (std::size_t i = lost_ ? 1 : 0; i < nets_.size(); ++i) {
            must(nets_[i].roster().size() <= 300);
            must(nets_[i].health().queued_bytes <= 8 * 3 * 16384);
        }
    }

    static constexpr MemoryAddress hostile_at{3, 4000};
    transport::Exchange exchange_{1};
    Instant now_{1'000'000'000};
    std::array<Net, 2> nets_{Net(options(1), transport::Memory(exchange_, 1)),
                             Net(options(2), transport::Memory(exchange_, 2))};
    std::array<Player, 2> players_{};
    HostileRoom hostile_;
    std::uint64_t room_key_ = 0;
    bool lost_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    ByteReader in(BytesIn(reinterpret_cast<const std::byte*>(data), size));
    Village village;
    const int lost_at = (in.u8() & 1) != 0 ? 3 : -1;
    for (int turns = 0; in.left() != 0 && turns < 24; ++turns) {
        if (turns == lost_at) village.lose_host();
        const std::uint8_t how = in.u8();
        const std::size_t wanted = in.u8();
        village.take(how, in.bytes(std::min(wanted, in.left())));
        village.go_on(how);
    }
    village.finish();
    return 0;
}
