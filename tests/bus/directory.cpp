#include "tenon/bus/directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr std::uint64_t game = 5, key = 99;

struct Heard {
    bus::Directory directory{game, {4, 4}};
    Instant now{1'000'000'000'000};

    Error room(bus::Inbox host, std::uint64_t instance, std::uint32_t number, std::uint32_t players,
               std::uint32_t epoch = 0, std::uint64_t seal = key, bool closed = false) {
        bus::Listing word;
        word.host = host;
        word.instance = instance;
        word.number = number;
        word.players = players;
        word.epoch.number = epoch;
        word.closed = closed;
        word.age = 5_s;
        word.room = bus::Name("lobby");
        std::byte bytes[bus::word_bytes_max];
        return directory.hear(now, BytesIn(bytes).first(write(bytes, word, game, seal))).error();
    }
    Error peer(bus::Inbox from, std::uint32_t number, std::uint64_t instance = 0, bool leaves = false,
               std::uint64_t seal = key) {
        bus::Presence word;
        word.from = from;
        word.instance = instance;
        word.number = number;
        word.leaves = leaves;
        word.age = 3_s;
        std::byte bytes[bus::word_bytes_max];
        return directory.hear(now, BytesIn(bytes).first(write(bytes, word, game, seal))).error();
    }
    std::size_t rooms() const {
        std::size_t count = 0;
        directory.for_each_room([&](const bus::Directory::Room&) { ++count; });
        return count;
    }
    void pass(Duration time) {
        now += time;
        directory.turn(now);
    }
};

} // namespace

TEST_CASE("rooms and peers are known while they say so") {
    Heard heard;
    CHECK(heard.room(1, 10, 1, 3) == Error::none);
    CHECK(heard.peer(1, 2) == Error::none);
    CHECK(heard.directory.best("lobby")->since == heard.now - 5_s);
    CHECK(heard.directory.peer(1)->since == heard.now - 3_s);
    CHECK(heard.directory.best("another") == nullptr);
    heard.pass(3_s);
    CHECK(heard.rooms() == 1);
    CHECK(heard.room(1, 10, 3, 4) == Error::none);
    CHECK(heard.directory.best("lobby")->what.players == 4);
    CHECK(heard.directory.best("lobby")->since == heard.now - 8_s);
    heard.pass(3_s);
    CHECK(heard.directory.peer(1)->away);
    CHECK(heard.rooms() == 1);
    heard.pass(1_s);
    CHECK(heard.rooms() == 0);
    CHECK(heard.peer(1, 4) == Error::none);
    CHECK_FALSE(heard.directory.peer(1)->away);
    heard.pass(bus::gone_after);
    CHECK(heard.directory.peer(1) == nullptr);
}

TEST_CASE("who leaves, and a room that closes, are forgotten at once") {
    Heard heard;
    (void)heard.room(1, 10, 1, 1);
    (void)heard.peer(1, 2);
    CHECK(heard.room(1, 10, 3, 1, 0, key, true) == Error::none);
    CHECK(heard.peer(1, 4, 0, true) == Error::none);
    CHECK(heard.rooms() == 0);
    CHECK(heard.directory.peer(1) == nullptr);
    CHECK(heard.room(2, 10, 3, 1, 0, key, true) == Error::none); // of nobody that is known
    CHECK(heard.rooms() == 0);
}

TEST_CASE("the larger room is the one to go to, and of one room the latest host") {
    Heard heard;
    (void)heard.room(1, 10, 1, 3);
    (void)heard.room(2, 20, 1, 4);
    CHECK(heard.directory.best("lobby")->what.host == 2);
    (void)heard.room(3, 10, 1, 2, 1); // the first room has another host
    CHECK(heard.rooms() == 2);
    CHECK(heard.directory.newest(10)->what.host == 3);
    (void)heard.room(2, 20, 2, 2);
    CHECK(heard.directory.best("lobby")->what.instance == 10); // of two of a size always the same
    std::size_t sides = 0;
    heard.directory.for_each_side([&](const bus::Directory::Room&) { ++sides; });
    CHECK(sides == 3);
}

TEST_CASE("words that are old, doubled, too many or too often are refused by name") {
    Heard heard;
    CHECK(heard.peer(1, 5) == Error::none);
    CHECK(heard.peer(1, 5) == Error::duplicate);
    CHECK(heard.peer(1, 4) == Error::stale);
    Error last = Error::none;
    for (std::uint32_t i = 6; i < 40; ++i) last = heard.peer(1, i);
    CHECK(last == Error::flooded);
    for (bus::Inbox from = 2; from <= 4; ++from) CHECK(heard.peer(from, 1) == Error::none);
    CHECK(heard.peer(5, 1) == Error::over_bound);
    heard.pass(20_s);
    int taken = 0;
    for (bus::Inbox from = 100; from < 400; ++from) {
        taken += heard.peer(from, 1) == Error::none ? 1 : 0;
        (void)heard.peer(from, 2, 0, true);
    }
    CHECK(taken < 200); // a crowd that somebody makes up
    const auto& refusals = heard.directory.refusals();
    for (const Error why : {Error::duplicate, Error::stale, Error::flooded, Error::over_bound})
        CHECK(refusals.of(why) != 0);
    std::byte bytes[8] = {std::byte{2}};
    CHECK_FALSE(heard.directory.hear(heard.now, bytes));
    bytes[0] = std::byte{9};
    CHECK(heard.directory.hear(heard.now, bytes).error() == Error::unknown_message);
    CHECK(heard.directory.hear(heard.now, {}).error() == Error::truncated);
}

TEST_CASE("of the own room only its members are believed") {
    Heard heard;
    heard.directory.know(10, key);
    CHECK(heard.room(1, 10, 1, 3, 0, key + 1) == Error::forged_presence);
    CHECK(heard.room(1, 10, 1, 3) == Error::none);
    CHECK(heard.room(1, 20, 1, 3, 0, key + 1) == Error::none); // of another room that can't be told
    CHECK(heard.peer(1, 1, 10) == Error::none);
    CHECK(heard.peer(1, 2, 0, true, key + 1) == Error::forged_presence); // somebody says that it goes
    CHECK(heard.directory.peer(1) != nullptr);
    CHECK(heard.peer(1, 3, 0, true) == Error::none);
    CHECK(heard.directory.peer(1) == nullptr);
}
