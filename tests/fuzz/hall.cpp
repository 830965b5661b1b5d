// A hall with two games, an honest guest in a room of each, a room that comes and goes, and strangers who may
// get in and then say what they like. Whatever comes, both honest guests stay and hear all that their rooms
// tell them, in order; no stranger gets in without a cookie, nor more bytes than it sent; and the hall keeps
// exactly the addresses of who is in.
//   input: (u8 how, u8 size, bytes)...; see `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
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
constexpr std::uint8_t what = 0x03;   // 0 bytes as they are, 1 with a right checksum, 2 sealed frames of one
                                      // who is in, 3 the side room is closed, or made
constexpr std::uint8_t kind = 0x1C;   // of the meeting datagram
constexpr std::uint8_t fair = 0x20;   // it is one that an honest caller would send, to a room that bytes name
constexpr std::uint8_t number = 0x40; // one of two strangers
constexpr std::uint8_t waits = 0x80;  // 300 milliseconds instead of 5
} // namespace how

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Arena = Game<"arena", 1, State<Ship>, Event<Shot, Reliable>>;
using Chat = Game<"chat", 1, Event<Shot, Ordered>>;
template <class G>
using NetOf = Session<G, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                      reliability::AckVector>;
using Net = NetOf<Arena>;
using ChatNet = NetOf<Chat>;

constexpr MemoryAddress host_address{1, 4000};
constexpr std::array<MemoryAddress, 2> strangers{MemoryAddress{8, 1}, MemoryAddress{9, 1}};

void must(bool holds) {
    if (!holds) std::abort();
}

struct Keeper {
    void on(PeerId, const Shot&) {}
};
struct Honest {
    std::uint32_t told = 0;
    void on(PeerId from, const Shot& shot) {
        if (from == PeerId::host()) must(shot.number == ++told);
    }
};
struct Stranger {
    Challenge riddle;
    Accept accept;
    std::uint64_t schema = 0, number = 100;
    std::size_t heard_from = 0, told_to = 0;
    bool asked_fairly = false, in = false;
};

class House {
  public:
    House()
        : hall_({.rooms_max = 4, .seed = 5}, transport::Memory(exchange_, 1)),
          player_(options("red", 2), transport::Memory(exchange_, 2)),
          talker_(options("red", 3), transport::Memory(exchange_, 3)) {
        must(static_cast<bool>(hall_.open(4000)));
        red_ = *hall_.host<Net>(options("red", 11));
        chat_ = *hall_.host<ChatNet>(options("red", 12));
        side_ = *hall_.host<Net>(options("side", 13));
        must(static_cast<bool>(player_.join("host1:4000")) && static_cast<bool>(talker_.join("host1:4000")));
        for (int i = 0; i < 8; ++i) step();
        must(player_.status() == Status::joined && talker_.status() == Status::joined);
    }
    void take(std::uint8_t how, BytesIn bytes) {
        const std::size_t number = (how & how::number) != 0 ? 1 : 0;
        Stranger& who = strangers_[number];
        std::array<std::byte, 1500> datagram{};
        std::size_t size = std::min<std::size_t>(bytes.size(), 1200);
        copy(datagram.data(), bytes.first(size));
        const unsigned what = how & how::what;
        if (what == 1) size = call(who, how, bytes, datagram);
        if (what == 2) size = seal(who, bytes, datagram);
        if (what == 3) {
            // Who was made to leave stays outside: each request is good for one stay.
            if (hall_.close(side_))
                (void)bytes;
            else
                side_ = hall_.host<Net>(options("side", 13)).value_or(side_);
            size = 0;
        }
        if (size != 0) {
            who.heard_from += size;
            exchange_.deliver(host_address, strangers[number], {}, BytesIn(datagram).first(size));
        }
        now_ += milliseconds(how & how::waits ? 300 : 5);
        ++said_;
        must(static_cast<bool>(hall_.room<Net>(red_)->broadcast(Shot{said_})));
        must(static_cast<bool>(hall_.room<ChatNet>(chat_)->broadcast(Shot{said_})));
        step();
        check();
    }
    void finish() {
        for (int i = 0; i < 4; ++i, now_ += milliseconds(30)) step();
        must(at_player_.told == said_ && at_talker_.told == said_);
        check();
        hall_.close();
        for (int i = 0; i < 4; ++i) step();
        must(!hall_.is_open() && hall_.guest_count() == 0 && hall_.room_count() == 0);
        must(player_.status() == Status::closed && talker_.status() == Status::closed);
    }

  private:
    static Options options(std::string_view room, std::uint64_t seed) {
        Options options;
        options.room = room;
        options.peers_max = 4;
        options.message_bytes_max = 3000;
        options.queue_bytes_max = 16384;
        options.pool_bytes_max = 1 << 20;
        options.seed = seed;
        return options;
    }

    // A datagram of the handshake with a right checksum; a fair one is well-made but for what it names.
    std::size_t call(Stranger& who, std::uint8_t how, BytesIn bytes, std::array<std::byte, 1500>& datagram) {
        const auto kind = static_cast<std::uint8_t>(meeting::hello + ((how & how::kind) >> 2) % 6);
        const std::uint8_t first = bytes.empty() ? std::uint8_t(0) : std::to_integer<std::uint8_t>(bytes[0]);
        constexpr std::array<std::string_view, 4> rooms{"red", "side", "none", ""};
        const Options named = options(rooms[first % 4], 1);
        Terms terms = (first & 4) != 0 ? ChatNet::RoomType::Contract::terms(named)
                                       : Net::RoomType::Contract::terms(named);
        if ((first & 8) != 0) terms.game = stable_id("other");
        if ((first & 16) != 0) terms.schema ^= 1;
        if ((how & how::fair) != 0 && kind == meeting::hello)
            return write(datagram, Hello{bytes.size(), terms.game, protocol_version});
        if ((how & how::fair) != 0 && kind == meeting::connect) {
            who.asked_fairly = who.asked_fairly || who.riddle.cookie != 0;
            who.schema = terms.schema;
            return write(datagram, Connect{who.riddle.nonce,
                                           who.riddle.cookie,
                                           who.riddle.stamp,
                                           protocol_version,
                                           terms,
                                           "eve",
                                           bytes.first(std::min<std::size_t>(bytes.size(), 40)),
                                           {}});
        }
        const std::size_t size =
            kind == meeting::connect ? meeting::connect_bytes : std::max<std::size_t>(128, bytes.size() + 5);
        std::copy_backward(datagram.begin(), datagram.begin() + 300, datagram.begin() + 305);
        datagram[0] = static_cast<std::byte>(kind);
        store_le(&datagram[1], detail::meeting_checksum(BytesIn(datagram).first(size)));
        return size;
    }
    // Frames of the input in a packet of one who was let in.
    static std::size_t seal(Stranger& who, BytesIn frames, std::array<std::byte, 1500>& datagram) {
        PacketWriter writer(datagram, who.number++, 0x40'0000);
        writer.out().bytes(frames);
        return writer.seal(tenon::Checksum(link_key(who.schema, who.accept.nonce, who.accept.host_nonce)));
    }

    void step() {
        hall_.tick(now_);
        carry();
        player_.tick(now_, at_player_);
        talker_.tick(now_, at_talker_);
        carry();
    }
    void carry() {
        exchange_.take_outgoing([&](const MemoryAddress& from, const MemoryAddress& to, Lane, BytesIn bytes) {
            for (std::size_t who = 0; who < strangers.size(); ++who)
                if (to == strangers[who]) answer(strangers_[who], bytes);
            exchange_.deliver(to, from, {}, bytes);
        });
    }
    static void answer(Stranger& who, BytesIn bytes) {
        const std::uint8_t kind = meeting_kind(bytes);
        if (kind == meeting::challenge) who.riddle = read_challenge(bytes).value_or({});
        if (kind == meeting::accept) {
            must(who.asked_fairly);
            who.accept = read_accept(bytes).value_or({});
            who.in = true;
        }
        who.told_to += bytes.size();
        must(who.in || who.told_to <= who.heard_from);
    }
    void check() {
        std::size_t guests = 0;
        const auto count = [&](auto& room, auto&) { guests += room.roster().size() - 1; };
        hall_.for_each<Net>(count);
        hall_.for_each<ChatNet>(count);
        must(hall_.guest_count() == guests && guests >= 2);
        must(player_.status() == Status::joined && talker_.status() == Status::joined);
    }

    transport::Exchange exchange_{1};
    Instant now_{1'000'000'000};
    tenon::Hall<Plays<Net, Keeper>, Plays<ChatNet, Keeper>> hall_;
    Net player_;
    ChatNet talker_;
    Honest at_player_, at_talker_;
    RoomKey red_, chat_, side_;
    std::array<Stranger, 2> strangers_{};
    std::uint32_t said_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in(BytesIn(reinterpret_cast<const std::byte*>(data), size));
    House house;
    for (int turns = 0; in.left() != 0 && turns < 40; ++turns) {
        const std::uint8_t how = in.u8();
        const std::size_t wanted = in.u8();
        house.take(how, in.bytes(std::min(wanted, in.left())));
    }
    house.finish();
    return 0;
}
