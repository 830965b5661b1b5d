#include "tenon/replica/lockstep.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "duel.hpp"
#include "tenon/replica/inputs.hpp"
#include "tenon/replica/stepper.hpp"

using namespace duel;

namespace {

constexpr PeerId ann{0}, bob{1}, cyd{2};
using Run = Stepper<Move, codec::Bits>;

void begin(Lockstep& book, std::uint64_t tick = 0) { book.begin(tick, bytes_of_move(0), 2); }
bool note(Lockstep& book, PeerId peer, std::uint64_t tick, std::int32_t by) {
    return book.note(peer, tick, bytes_of_move(by));
}
// Carries a tick that the host has closed over to a guest.
bool carry(Lockstep& host, std::uint64_t tick, Lockstep& guest) {
    std::byte bytes[400];
    ByteWriter out{BytesOut(bytes)};
    host.write_set(out, tick);
    REQUIRE(out.ok());
    return guest.read_set(BytesIn(bytes, out.position()));
}

} // namespace

TEST_CASE("a tick is closed with everybody's input, and comes out the same on a guest") {
    Lockstep host, guest;
    begin(host);
    begin(guest);
    CHECK(host.join(ann));
    CHECK(host.join(bob));
    CHECK(!host.join(bob));
    for (std::size_t i = 0; i < 2; ++i) host[i].absent = false;
    Battle at_host, at_guest;
    Run run;
    for (std::uint64_t tick = 0; tick < 600; ++tick) {
        CHECK(note(host, ann, tick, static_cast<std::int32_t>(tick)));
        REQUIRE(host.waits_for() != nullptr);
        CHECK(host.waits_for()->id == bob);
        CHECK(note(host, bob, tick, -7));
        CHECK(!note(host, bob, tick, 8)); // said is said
        CHECK(host.waits_for() == nullptr);
        host.close();
        CHECK(host.agreed() == tick + 1);
        CHECK(carry(host, tick, guest));
        run.run(host, tick, at_host);
        CHECK(at_host.joined == (tick == 0));
        run.run(guest, tick, at_guest);
        CHECK(!at_guest.guessed);
    }
    CHECK(at_host.sum == at_guest.sum);
    CHECK(at_host.sum != 0);
}

TEST_CASE("what is not known is guessed, and a wrong guess is told") {
    Lockstep book;
    begin(book);
    book.join(ann);
    book.join(bob);
    Battle battle;
    Run run;
    note(book, ann, 0, 1);
    note(book, bob, 0, 5);
    book.close();
    CHECK(book.take_spoilt() == 0); // they joined
    run.run(book, 0, battle);
    CHECK(!battle.guessed);
    note(book, ann, 1, 1);
    run.run(book, 1, battle);
    CHECK(battle.guessed);
    note(book, ann, 2, 1);
    run.run(book, 2, battle);
    CHECK(book.take_spoilt() == Lockstep::never);
    CHECK(note(book, bob, 1, 5)); // as guessed
    CHECK(book.take_spoilt() == Lockstep::never);
    CHECK(note(book, bob, 2, 6));
    CHECK(book.take_spoilt() == 2);
    CHECK(book.take_spoilt() == Lockstep::never);
    run.run(book, 2, battle);
    CHECK(!battle.guessed);
}

TEST_CASE("a peer that says nothing repeats itself a little, and then does nothing") {
    Lockstep host, guest;
    begin(host);
    begin(guest);
    host.join(ann);
    host.join(bob);
    std::vector<std::string> seen;
    for (std::uint64_t tick = 0; tick < 6; ++tick) {
        note(host, ann, tick, 1);
        if (tick == 0 || tick == 5) note(host, bob, tick, 9);
        CHECK(host.lacks_somebody() == (tick != 0 && tick != 5));
        host.close();
        REQUIRE(carry(host, tick, guest));
        guest.for_tick(tick, [&](const Lockstep::Member& member, const InputCell& cell) {
            if (member.id != bob) return;
            CHECK(cell.missing == (tick != 0 && tick != 5));
            CHECK(cell.is(bytes_of_move(tick < 3 || tick == 5 ? 9 : 0)));
        });
    }
}

TEST_CASE("who comes and who goes is part of a tick, so that all agree") {
    Lockstep host, guest;
    begin(host);
    begin(guest);
    host.join(ann);
    host.join(cyd);
    const auto close = [&] {
        const std::uint64_t tick = host.agreed();
        host.close();
        REQUIRE(carry(host, tick, guest));
        return tick;
    };
    close();
    host.join(bob);
    host.join(PeerId{9});
    host.leave(PeerId{9}); // gone before it came
    CHECK(host.find(PeerId{9}) == nullptr);
    const std::uint64_t joined = close();
    CHECK(!guest.plays(bob, joined - 1));
    CHECK(guest.plays(bob, joined));
    CHECK(guest[1].id == bob); // in peer order
    Battle battle;
    Run run;
    host.leave(cyd);
    const std::uint64_t left = close();
    CHECK(guest.plays(cyd, left - 1));
    CHECK(!guest.plays(cyd, left));
    run.run(guest, left, battle);
    CHECK(battle.left == std::vector<PeerId>{cyd});
    for (std::uint64_t i = 0; i < Lockstep::window + 1; ++i) close();
    CHECK(guest.find(cyd) == nullptr); // forgotten when nobody can ask any more
    CHECK(host.find(cyd) == nullptr);
}

TEST_CASE("a newcomer gets who plays, each with its last input, and follows from there") {
    Lockstep host, late;
    begin(host);
    host.join(ann);
    host.join(bob);
    for (std::uint64_t tick = 0; tick < 40; ++tick) {
        note(host, ann, tick, 3);
        note(host, bob, tick, 4);
        if (tick == 35) host.leave(bob);
        host.close();
    }
    std::byte bytes[400];
    for (const std::uint64_t from : {std::uint64_t(30), std::uint64_t(35), std::uint64_t(36)}) {
        ByteWriter out{BytesOut(bytes)};
        host.write_members(out, from);
        ByteReader in(BytesIn(bytes, out.position()));
        begin(late, from);
        REQUIRE(late.read_members(in));
        CHECK(in.left() == 0);
        CHECK(late.size() == (from <= 35 ? 2 : 1));
        for (std::uint64_t tick = from; tick < 40; ++tick) CHECK(carry(host, tick, late));
        CHECK(late[0].last.is(bytes_of_move(3)));
    }
}

TEST_CASE("inputs that are too old, too far ahead, too large or a stranger's are not taken") {
    Lockstep book;
    begin(book, 10);
    book.join(ann);
    CHECK(!note(book, ann, 9, 1));
    CHECK(!note(book, ann, 10 + Lockstep::ahead_max, 1));
    CHECK(note(book, ann, 10 + Lockstep::ahead_max - 1, 1));
    CHECK(!note(book, bob, 10, 1));
    const std::vector<std::byte> large(InputCell::bytes_max + 1);
    CHECK(!book.note(ann, 10, large));
    CHECK(book.known_end(book[0]) == 10);
    note(book, ann, 10, 1);
    note(book, ann, 11, 1);
    CHECK(book.known_end(book[0]) == 12);
}

TEST_CASE("sets that no host writes are refused") {
    const auto refused = [](std::initializer_list<int> bytes) {
        Lockstep guest;
        begin(guest, 5);
        std::vector<std::byte> set;
        for (const int byte : bytes) set.push_back(static_cast<std::byte>(byte));
        return !guest.read_set(set);
    };
    CHECK(!refused({0}));
    CHECK(refused({}));
    CHECK(refused({0, 0}));        // something is left over
    CHECK(refused({1}));           // a change that is not there
    CHECK(refused({1, 2}));        // somebody leaves who was not there
    CHECK(!refused({1, 3, 0}));    // peer 1 joins, and does nothing
    CHECK(!refused({1, 3, 0x40})); // as before: the neutral input
    CHECK(refused({1, 3, 0x41}));  // as before has no size
    CHECK(refused({1, 3, 54}));    // more than an input may be
    CHECK(refused({1, 3, 2, 1}));  // less than it says
    CHECK(refused({2, 3, 3, 0}));  // joins twice
    CHECK(refused({2, 3, 2, 0}));  // comes and goes at once
}

TEST_CASE("Inputs finds each peer's order") {
    Ring<Input<Move>> ring;
    ring.push_back({ann, {1}});
    ring.push_back({cyd, {2}});
    const PeerId gone[] = {bob};
    const Inputs<Move> inputs(ring, gone);
    CHECK(inputs.size() == 2);
    CHECK(inputs[1].peer == cyd);
    REQUIRE(inputs.of(cyd) != nullptr);
    CHECK(inputs.of(cyd)->by == 2);
    CHECK(inputs.of(bob) == nullptr);
    CHECK(inputs.left()[0] == bob);
    int sum = 0;
    for (const auto& input : inputs) sum += input.order.by;
    CHECK(sum == 3);
}

TEST_CASE("bytes that are no input are nobody's word, and step gets a neutral one") {
    Lockstep book;
    begin(book);
    book.join(ann);
    const std::vector<std::byte> nonsense(9, std::byte{0xFF});
    CHECK(book.note(ann, 0, nonsense));
    Battle battle;
    battle.sum = 5;
    Run().run(book, 0, battle);
    CHECK(battle.sum == 15);
}
