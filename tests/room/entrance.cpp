#include "tenon/room/entrance.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "tenon/transport/memory.hpp"

#include "../link/plain_words.hpp"

using namespace tenon;
using namespace tenon::literals;
using Address = transport::MemoryAddress;

using namespace plain;

namespace {

constexpr Instant start{100'000'000'000};
constexpr Address stranger{7, 4000};

bool is_five(std::uint64_t game) { return game == 5; }

BytesIn told_nothing(std::uint64_t) { return {}; }

struct Caller {
    std::array<std::byte, 1200> bytes{};
    std::size_t size = 0;
    BytesIn datagram() const { return {bytes.data(), size}; }
};
template <class T>
Caller saying(const T& what) {
    Caller caller;
    caller.size = write(caller.bytes, what);
    REQUIRE(caller.size != 0);
    return caller;
}

} // namespace

TEST_CASE(
    "a first call is answered with a riddle, and only its solver is heard, at its address and in time") {
    Entrance<Address, Plain> door(SipKey{1, 2}, Plain());
    CHECK(door.greet(start, stranger, saying(Hello{42, 5}).datagram(), is_five));
    REQUIRE(door.front() != nullptr);
    CHECK(door.front()->to == stranger);
    const auto riddle = read_challenge(BytesIn(door.front()->bytes, door.front()->size));
    REQUIRE(riddle);
    CHECK(riddle->nonce == 42);
    Connect connect;
    connect.nonce = 42;
    connect.cookie = riddle->cookie;
    connect.stamp = riddle->stamp;
    connect.name = "ann";
    CHECK(door.hear(start + 10_ms, stranger, saying(connect).datagram(), told_nothing));
    CHECK(door.hear(start + cookie_life, stranger, saying(connect).datagram(), told_nothing));
    // What it was told already it is told again, and nothing else happens.
    const std::array<std::byte, 3> told{std::byte{1}, std::byte{2}, std::byte{3}};
    const auto same = [&](std::uint64_t nonce) { return nonce == 42 ? BytesIn(told) : BytesIn(); };
    CHECK(door.hear(start, stranger, saying(connect).datagram(), same).error() == Error::duplicate);
    door.pop();
    REQUIRE(door.front() != nullptr);
    CHECK(text_of({door.front()->bytes, door.front()->size}) == text_of(told));
    CHECK(!door.hear(start + cookie_life + 1_ms, stranger, saying(connect).datagram(), told_nothing));
    CHECK(!door.hear(start - 1_ms, stranger, saying(connect).datagram(), told_nothing));
    CHECK(!door.hear(start, Address{7, 4001}, saying(connect).datagram(), told_nothing));
    CHECK(!door.hear(start, Address{8, 4000}, saying(connect).datagram(), told_nothing));
    CHECK(!Entrance<Address, Plain>(SipKey{1, 3}, Plain())
               .hear(start, stranger, saying(connect).datagram(), told_nothing));
    connect.cookie ^= 1;
    CHECK(!door.hear(start, stranger, saying(connect).datagram(), told_nothing));
    connect.cookie ^= 1;
    connect.nonce = 43;
    CHECK(!door.hear(start, stranger, saying(connect).datagram(), told_nothing));
    connect.nonce = 42;
    Caller cut = saying(connect);
    cut.size -= 1;
    CHECK(!door.hear(start, stranger, cut.datagram(), told_nothing));
}

TEST_CASE("who calls for another game or by another protocol hears so at once") {
    Entrance<Address, Plain> door(SipKey{1, 2}, Plain());
    const auto told = [&](const Hello& hello) {
        CHECK(door.greet(start, stranger, saying(hello).datagram(), is_five));
        const auto refusal = read_refusal(BytesIn(door.front()->bytes, door.front()->size));
        door.pop();
        REQUIRE(refusal);
        CHECK(refusal->nonce == hello.nonce);
        return refusal->reason;
    };
    CHECK(told({1, 6}) == Error::wrong_game);
    CHECK(told({2, 5, protocol_version + 0x100}) == Error::version_mismatch);
    CHECK(door.front() == nullptr);
}

TEST_CASE("no answer is longer than its question, and a short question has none") {
    Entrance<Address, Plain> door(SipKey{1, 2}, Plain());
    const Caller hello = saying(Hello{42, 5});
    for (std::size_t size = 5; size < hello.size; ++size)
        CHECK(!door.greet(start, stranger, hello.datagram().first(size), is_five));
    CHECK(door.front() == nullptr);
    CHECK(door.greet(start, stranger, hello.datagram(), is_five));
    CHECK(door.front()->size <= hello.size);
    door.pop();
    door.reply(stranger, Refusal{1, Error::schema_mismatch, std::string(500, 'x')});
    CHECK(door.front()->size != 0);
    CHECK(door.front()->size <= hello.size);
    door.pop();
    std::array<std::byte, Plain::accept_bytes_max> answer{};
    door.repeat(stranger, BytesIn(answer).first(write(answer, Accept{})));
    CHECK(door.front()->size <= hello.size);
}

TEST_CASE("however many strangers call, few answers wait, and they are all that is kept") {
    Entrance<Address, Plain> door(SipKey{1, 2}, Plain());
    const Caller hello = saying(Hello{42, 5});
    for (std::uint32_t i = 0; i < 100'000; ++i) door.greet(start, {i, 1}, hello.datagram(), is_five);
    std::uint32_t answers = 0;
    for (; door.front() != nullptr; door.pop()) CHECK(door.front()->to.host == answers++); // in their order
    CHECK(answers == 1024);
    door.greet(start, stranger, hello.datagram(), is_five);
    door.clear();
    CHECK(door.front() == nullptr);
}

TEST_CASE("answers leave in their order until no more is taken, and none goes missing") {
    Entrance<Address, Plain> door(SipKey{1, 2}, Plain());
    const Caller hello = saying(Hello{42, 5});
    for (std::uint32_t i = 0; i < 5; ++i) door.greet(start, {i, 1}, hello.datagram(), is_five);
    std::array<std::byte, 128> buffer{};
    std::string left;
    std::size_t room = 3;
    const auto lend = [&](const Address& to) {
        if (room != 0) left += std::to_string(to.host);
        return room != 0 ? BytesOut(buffer) : BytesOut();
    };
    CHECK_FALSE(door.drain(lend, [&](std::size_t size) { return --room, size != 0; }));
    CHECK(left == "012");
    room = 5;
    CHECK_FALSE(door.drain(lend, [&](std::size_t) { return false; })); // taken, and then no more
    CHECK(left == "0123");
    CHECK(door.drain(lend, [&](std::size_t) { return true; }));
    CHECK(left == "01234");
    CHECK(door.front() == nullptr);
}
