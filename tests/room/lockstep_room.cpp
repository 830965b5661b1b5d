#include "tenon/room/lockstep_room.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lockstep_pair.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/follower.hpp"
#include "tenon/room/kernel_part.hpp"
#include "tenon/room/lockstep_guest.hpp"
#include "tenon/room/lockstep_host.hpp"
#include "tenon/room/lockstep_part.hpp"
#include "tenon/room/lockstep_words.hpp"
#include "tenon/room/simulation.hpp"
#include "tenon/room/state_transfer.hpp"

using namespace pair_of;

namespace {

template <class P>
void run(P& pair, int turns) {
    for (int i = 0; i < turns; ++i) pair.turn();
}

} // namespace

TEST_CASE("a guest gets the state in parts, joins at a tick, and both come to the same") {
    Pair<> pair;
    pair.host_battle.units.resize(2000, 7); // eight parts and more
    run(pair, 120);
    CHECK(pair.refused == Error::none);
    const LockstepFigures host = pair.host.figures(), guest = pair.guest.figures();
    CHECK(guest.loads == 1);
    CHECK(host.settled.value > 100);
    CHECK(guest.settled.value + 3 > host.settled.value);
    CHECK(pair.host_battle.units.size() == 2600);
    pair.host_battle.next = 9;
    run(pair, 60);
    CHECK(pair.guest_battle.sum != 1);
    CHECK(pair.host_battle.desyncs == 0);
    // Let both come to rest on the same tick.
    for (int i = 0; i < 9 && pair.guest.figures().settled != pair.host.figures().settled; ++i) pair.turn();
    CHECK(pair.guest.figures().checksum == pair.host.figures().checksum);
}

TEST_CASE("who may not say inputs does nothing in every tick, whatever it says, and the room does not wait") {
    Pair<> pair;
    pair.guest_battle.next = 5;
    run(pair, 60);
    REQUIRE(pair.guest.figures().settled.value > 30);
    const auto ticks_take = [&](std::uint64_t host, std::uint64_t guest, int turns) {
        std::uint64_t wrong = 0, before = pair.host_battle.sum;
        for (int i = 0; i < turns; ++i) {
            pair.turn();
            wrong += pair.host_battle.sum != (before * 5 + host) * 5 + guest ? 1 : 0;
            before = pair.host_battle.sum;
        }
        return wrong;
    };
    CHECK(ticks_take(1, 5, 30) == 0);
    // The guest does not know yet: its inputs count as nothing, and both go on alike.
    pair.host_room.lets = false;
    run(pair, 30);
    CHECK(pair.host_room.forbidden > 0);
    CHECK(ticks_take(1, 0, 30) == 0);
    // It knows, and is not even asked.
    pair.guest_room.speaks = false;
    run(pair, 30);
    pair.host_room.forbidden = 0;
    const std::uint64_t agreed = pair.host.figures().agreed.value;
    CHECK(ticks_take(1, 0, 60) == 0);
    CHECK(pair.host.figures().agreed.value >= agreed + 59);
    CHECK(pair.host_room.forbidden == 0);
    pair.host_room.lets = pair.guest_room.speaks = true;
    run(pair, 30);
    CHECK(ticks_take(1, 5, 30) == 0);
    CHECK(pair.refused == Error::none);
    CHECK(pair.host_battle.desyncs == 0);
    CHECK(pair.guest.figures().settled.value + 3 > pair.host.figures().settled.value);
    for (int i = 0; i < 9 && pair.guest.figures().settled != pair.host.figures().settled; ++i) pair.turn();
    CHECK(pair.guest.figures().checksum == pair.host.figures().checksum);
}

TEST_CASE("words may be lost, doubled and late") {
    Pair<> pair;
    std::vector<std::byte> late;
    int count = 0;
    for (int i = 0; i < 600; ++i)
        pair.turn([&](bool to_guest, std::vector<std::byte>& word) {
            // Parts and other ordered words travel on a channel that loses nothing.
            if (word[0] != std::byte{lockstep_word::inputs} && word[0] != std::byte{lockstep_word::sets})
                return true;
            ++count;
            if (count % 7 == 0) pair.hear(to_guest, word);
            if (to_guest && count % 5 == 0 && !late.empty()) pair.hear(true, late);
            if (to_guest && count % 9 == 0) late = word;
            return count % 4 != 0;
        });
    CHECK(pair.refused == Error::none);
    CHECK(pair.guest.figures().settled.value > 570);
    CHECK(pair.host_battle.desyncs == 0);
}

TEST_CASE("a silent guest is waited for as long as the room's patience, and not again until it is back") {
    Pair<> pair;
    run(pair, 60);
    const auto silent = [](bool to_guest, auto&) { return to_guest; };
    const std::uint64_t before = pair.host.figures().agreed.value;
    for (int i = 0; i < 14; ++i) pair.turn(silent); // 233 ms
    CHECK(pair.host.figures().agreed.value <= before + 1);
    for (int i = 0; i < 46; ++i) pair.turn(silent);
    CHECK(pair.host.figures().agreed.value > before + 40);
    CHECK(pair.host.figures().next.value >= before + 58);
    run(pair, 60);
    const std::uint64_t back = pair.host.figures().agreed.value;
    run(pair, 1);
    for (int i = 0; i < 12; ++i) pair.turn(silent);
    CHECK(pair.host.figures().agreed.value <= back + 4); // it is waited for again
}

TEST_CASE("after a stall no more ticks are run at once than catch_up says") {
    Pair<> pair;
    run(pair, 60);
    pair.now += 400_ms;
    for (int i = 0; i < 6; ++i) {
        const std::uint64_t before = pair.host.figures().next.value;
        pair.turn();
        CHECK(pair.host.figures().next.value - before <= 8);
    }
    CHECK(pair.host.figures().next.value > 75);
    // What is longer is let go, but for half a second.
    const std::uint64_t before = pair.host.figures().next.value;
    pair.now += 20_s;
    run(pair, 60);
    CHECK(pair.host.figures().next.value - before < 60 + 35);
    CHECK(pair.guest.figures().next.value + 3 > pair.host.figures().next.value);
    CHECK(pair.refused == Error::none);
}

TEST_CASE("whoever comes out differently hears of it, with the field, and is right again after a resync") {
    Pair<> pair;
    run(pair, 60);
    pair.guest_battle.units[17] = 1;
    run(pair, 30);
    CHECK(pair.host_battle.desyncs == 1);
    CHECK(pair.guest_battle.desyncs == 1);
    CHECK(pair.host_battle.field == "Battle.1[17]");
    CHECK(pair.host_battle.desync_tick == pair.guest_battle.desync_tick);
    CHECK(pair.host.resync(PeerId{7}).error() == Error::unknown_peer);
    CHECK(pair.host.resync(PeerId{1}));
    run(pair, 60);
    CHECK(pair.guest.figures().loads == 2);
    CHECK(pair.guest_battle.units[17] == 0);
    CHECK(pair.host_battle.desyncs == 1);
}

TEST_CASE("words that no honest peer says are refused") {
    const auto refused = [](bool to_guest, std::vector<int> bytes) {
        Pair<> pair;
        run(pair, 30);
        REQUIRE(pair.refused == Error::none);
        std::vector<std::byte> word;
        for (const int byte : bytes) word.push_back(static_cast<std::byte>(byte));
        pair.hear(to_guest, word);
        return pair.refused;
    };
    CHECK(refused(false, {}) == Error::malformed);
    CHECK(refused(false, {9}) == Error::malformed);
    CHECK(refused(false, {lockstep_word::sets, 1}) == Error::malformed); // the host's word
    CHECK(refused(true, {lockstep_word::inputs, 1}) == Error::malformed);
    CHECK(refused(false, {lockstep_word::inputs, 1, 0}) == Error::malformed); // cut short
    CHECK(refused(false, {lockstep_word::inputs, 1, 5, 5, 1, 0x3F, 0, 0}) ==
          Error::malformed);                                                               // a large input
    CHECK(refused(false, {lockstep_word::inputs, 7, 5, 5, 1, 0x3F, 0, 0}) == Error::none); // of another state
    CHECK(refused(true, {lockstep_word::part, 0}) == Error::malformed);
    CHECK(refused(true, {lockstep_word::part, 9, 3, 1}) == Error::malformed); // a part without its beginning
    CHECK(refused(true, {lockstep_word::part, 1, 0, 1, 1}) == Error::malformed); // more than it says
    CHECK(refused(true, {lockstep_word::pace, 1}) == Error::malformed);
    CHECK(refused(true, {lockstep_word::desync, 1, 200}) == Error::malformed);
    CHECK(refused(false, {lockstep_word::differs, 1}) == Error::malformed);
}

TEST_CASE("a blob goes in parts and comes out whole") {
    for (const std::size_t size :
         {std::size_t(1), std::size_t(1000), std::size_t(1001), std::size_t(54'321)}) {
        StateSender sender;
        const BytesOut blob = sender.prepare(size);
        for (std::size_t i = 0; i < size; ++i) blob[i] = static_cast<std::byte>(i * 7);
        sender.start(size);
        StateReceiver receiver;
        StateReceiver::Read read = StateReceiver::Read::more;
        while (sender.active()) {
            CHECK(read == StateReceiver::Read::more);
            std::byte part[StateSender::part_bytes_max + StateSender::head_bytes_max];
            ByteWriter out{BytesOut(part)};
            sender.sent(sender.write_part(out));
            REQUIRE(out.ok());
            ByteReader in(BytesIn(part, out.position()));
            read = receiver.read(in);
        }
        CHECK(read == StateReceiver::Read::whole);
        REQUIRE(receiver.blob().size() == size);
        for (std::size_t i = 0; i < size; ++i) REQUIRE(receiver.blob()[i] == static_cast<std::byte>(i * 7));
    }
}

TEST_CASE("followers are found by their id") {
    Followers followers;
    CHECK(followers.add(PeerId{3}) != nullptr);
    CHECK(followers.add(PeerId{3}) == followers.find(PeerId{3}));
    CHECK(followers.add(PeerId{5}) != nullptr);
    followers.remove(PeerId{3});
    CHECK(followers.find(PeerId{3}) == nullptr);
    CHECK(followers.size() == 1);
    CHECK(followers[0].id == PeerId{5});
}

TEST_CASE("a room without a kernel carries nothing of one") {
    using None = KernelPart<Rules, codec::Bits, clock::Independent<>, FakeRoom>;
    static_assert(std::is_empty_v<None>);
    None none;
    CHECK(none.feed(Instant{5}) == Instant{5});
    CHECK(none.back(Instant{5}) == Instant{5});
    CHECK(none.next() == Instant::never());
    CHECK(none.resync(PeerId{1}).error() == Error::unknown_peer);
    CHECK(none.figures().next == Tick{0});
}
