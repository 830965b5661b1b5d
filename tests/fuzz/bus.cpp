// Three who meet on a bus, two of them in one room by now, and whatever bytes are said there, in their
// inboxes and straight to them, as they are and with their checksum made right: nobody falls over, what is
// read is written the same again, no list grows without end, and the two stay together.
//   input: (u8 how, u8 size, bytes)...; see `how`
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/bus/hybrid.hpp"
#include "tenon/bus/lobby.hpp"
#include "tenon/bus/local.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/transport/memory.hpp"

namespace {

using namespace tenon;

namespace how {
constexpr std::uint8_t whom = 0x03;  // of the three; 3: under the room's subject
constexpr std::uint8_t right = 0x04; // the checksum is put behind it
constexpr std::uint8_t straight = 0x08;
constexpr std::uint8_t named = 0x10; // the first number is the inbox of one of them, by its first byte
constexpr std::uint8_t waits = 0x80; // a third of a second instead of a moment
} // namespace how

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"fuzzed", 1, Event<Word, Reliable>>;
using Net = Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, topology::Hybrid<bus::Local>,
                    reliability::AckVector>;
constexpr std::uint64_t game = stable_id("fuzzed");

void must(bool holds) {
    if (!holds) std::abort();
}
Options options(std::uint64_t seed) {
    Options options;
    options.room = "lobby";
    options.peers_max = 4;
    options.message_bytes_max = 3000;
    options.pool_bytes_max = 1 << 20;
    options.seed = seed;
    return options;
}

// What was read, written again, is what was read.
template <class Word>
void check_rewritten(const Result<Word>& read, BytesIn word, auto&&... key) {
    if (!read) return;
    std::array<std::byte, 4096> again{};
    const std::size_t size = write(again, *read, game, key...);
    const std::size_t tail = sizeof...(key) != 0 ? 12 : 4; // whose seal it was can't be told
    must(size == word.size());
    must(std::equal(word.begin(), word.end() - static_cast<std::ptrdiff_t>(tail), again.begin()));
}
void check_read(BytesIn word) {
    check_rewritten(bus::read_ask(word, game), word);
    check_rewritten(bus::read_listing(word, game), word, std::uint64_t(1));
    check_rewritten(bus::read_presence(word, game), word, std::uint64_t(1));
    check_rewritten(bus::read_greeting(word, game), word);
    check_rewritten(bus::read_probe(word, game), word);
    check_rewritten(bus::read_carried(word, game), word);
}

struct Player {
    void on(PeerId, const Word&) {}
};

class Fire {
  public:
    Fire() {
        for (int i = 0; i < 2; ++i)
            must(static_cast<bool>(nets_[i].meet(bus::Local(hub_), {.look_for = milliseconds(100)})));
        run(25);
        must(nets_[0].roster().size() == 2 && nets_[1].roster().size() == 2);
        must(static_cast<bool>(nets_[2].meet(bus::Local(hub_), {.look_for = milliseconds(100)})));
    }
    void say(std::uint8_t which, BytesIn said) {
        std::vector<std::byte> word(said.begin(), said.end());
        if ((which & how::named) != 0 && word.size() >= 10) {
            const auto inbox = nets_[std::to_integer<unsigned>(word[1]) % 3].meeting().self();
            store_le(word.data() + 1, inbox);
        }
        if ((which & how::right) != 0) {
            const std::uint32_t sum = bus::detail::checksum(game, word);
            word.resize(word.size() + 4);
            store_le(word.data() + word.size() - 4, sum);
        }
        check_read(word);
        const unsigned whom = which & how::whom;
        if (whom == 3)
            (void)hostile_.publish(bus::room_subject(game, stable_id("lobby")).view(), word);
        else if ((which & how::straight) == 0)
            (void)hostile_.publish(bus::inbox_subject(nets_[whom].meeting().self()).view(), word);
        else if (nets_[whom].port() != 0)
            (void)exchange_.deliver({whom + 1, nets_[whom].port()}, {9, 900}, Lane{}, word);
        run((which & how::waits) != 0 ? 16 : 1);
    }
    void check() {
        run(60);
        for (int i = 0; i < 2; ++i) {
            must(nets_[i].status() == Status::joined || nets_[i].status() == Status::hosting);
            must(nets_[i].roster().contains(nets_[1 - i].self()));
            must(nets_[i].meeting().directory().room_count() <= 32);
            must(nets_[i].meeting().directory().peers().size() <= 256);
        }
        must(lobby_.directory().room_count() <= 8 && lobby_.directory().peers().size() <= 8);
    }

  private:
    void run(int steps) {
        for (int i = 0; i < steps; ++i, now_ += milliseconds(20)) {
            for (Net& net : nets_) net.tick(now_, player_);
            lobby_.tick(now_);
            exchange_.deliver_all();
        }
    }

    transport::Exchange exchange_{1};
    bus::Hub hub_;
    Net nets_[3] = {Net(options(1), transport::Memory(exchange_, 1)),
                    Net(options(2), transport::Memory(exchange_, 2)),
                    Net(options(3), transport::Memory(exchange_, 3))};
    bus::Lobby<bus::Local> lobby_{bus::Local(hub_), "fuzzed", {8, 8}};
    bus::Local hostile_{hub_};
    Player player_;
    Instant now_{1'000'000'000'000};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    Fire fire;
    for (int said = 0; in.left() != 0 && said < 200; ++said) {
        const std::uint8_t which = in.u8(), wanted = in.u8();
        fire.say(which, in.bytes(std::min<std::size_t>(wanted, in.left())));
    }
    fire.check();
    return 0;
}
