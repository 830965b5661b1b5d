#include "tenon/room/doorkeeper.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/core/random.hpp"
#include "tenon/transport/address.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::IpAddress;

namespace {

constexpr Instant start{9'000'000'000};
IpAddress v4(std::uint32_t number, std::uint16_t port = 4000) {
    return IpAddress::v4(static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
                         static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number), port);
}
// How many of so many requests at once are looked at.
int let(Doorkeeper& keeper, Instant now, const IpAddress& from, int asked, bool costs = false) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += keeper.lets(now, from, costs) ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("an address comes so often and no more, from whichever ports") {
    Doorkeeper keeper({.handshakes = {10, 5}}, {1, 2}, nullptr);
    CHECK(let(keeper, start, v4(7, 1), 3) == 3);
    CHECK(let(keeper, start, v4(7, 2), 9) == 2);
    CHECK(let(keeper, start, v4(8), 9) == 5);
    CHECK(let(keeper, start + 1_s, v4(7), 90) == 5);
    CHECK(keeper.figures().limited == 7 + 4 + 85);
}

TEST_CASE("first calls and those who come back are counted for themselves, by their address") {
    Doorkeeper keeper({.handshakes = {10, 5}, .calls = {100, 20}, .returns = {2, 4}}, {1, 2}, nullptr);
    const auto calls = [&](Instant now, const IpAddress& from, int asked) {
        int count = 0;
        for (int i = 0; i < asked; ++i) count += keeper.hears(now, from) ? 1 : 0;
        return count;
    };
    const auto returns = [&](Instant now, const IpAddress& from, int asked) {
        int count = 0;
        for (int i = 0; i < asked; ++i) count += keeper.returns(now, from) ? 1 : 0;
        return count;
    };
    CHECK(calls(start, v4(7), 90) == 20);
    CHECK(calls(start, v4(8), 90) == 20);
    CHECK(keeper.figures().limited == 140);
    CHECK(returns(start, v4(7), 90) == 4);
    CHECK(returns(start, v4(8), 1) == 1);
    CHECK(let(keeper, start, v4(7), 9) == 5);
    CHECK(keeper.figures().limited == 144); // who comes back is counted by the peer whose place it is
    CHECK(calls(start + 100_ms, v4(7), 90) == 10);
    CHECK(returns(start + 1_s, v4(7), 90) == 2);
}

TEST_CASE("of IPv6 all who have 64 bits in common come as one") {
    Doorkeeper keeper({.handshakes = {10, 5}}, {1, 2}, nullptr);
    const auto at = [](std::string_view text) { return *IpAddress::parse(text); };
    CHECK(let(keeper, start, at("[2001:db8:1:2::1]:80"), 4) == 4);
    CHECK(let(keeper, start, at("[2001:db8:1:2:ffff::2]:81"), 4) == 1);
    CHECK(let(keeper, start, at("[2001:db8:1:3::1]:80"), 9) == 5);
}

TEST_CASE("what costs an exchange of keys is limited for all together, at nobody's own expense") {
    Doorkeeper keeper({.handshakes = {10, 8}, .exchanges = {100, 20}}, {1, 2}, nullptr);
    int all = 0;
    for (std::uint32_t i = 0; i < 50; ++i) all += let(keeper, start, v4(i), 5, true);
    CHECK(all == 20);
    CHECK(let(keeper, start, v4(49), 9, false) == 8); // who was refused has lost nothing of its own
    CHECK(let(keeper, start + 100_ms, v4(50), 20, true) == 8);
}

TEST_CASE("a thousand addresses that come too often take few others with them") {
    Turnstile turnstile({20, 20}, {3, 4});
    const auto name = [](std::uint32_t i) { return "host" + std::to_string(i); };
    for (std::uint32_t flooder = 0; flooder < 1000; ++flooder)
        for (int i = 0; i < 30; ++i) turnstile.take(start, name(flooder));
    int refused = 0;
    for (std::uint32_t honest = 0; honest < 1000; ++honest)
        refused += turnstile.take(start, name(100'000 + honest)) ? 0 : 1;
    CHECK(refused < 60); // (1 - e^(-1000/2048))^4 is 2 in 100
}

TEST_CASE("whose places are taken by others is let in again when they have rested") {
    Turnstile turnstile({20, 20}, {3, 4});
    for (std::uint32_t flooder = 0; flooder < 30'000; ++flooder)
        for (int i = 0; i < 30; ++i) turnstile.take(start, std::to_string(flooder));
    CHECK_FALSE(turnstile.take(start, "honest"));
    CHECK(turnstile.take(start + 100_ms, "honest"));
}

TEST_CASE("no limit means none, and no table") {
    Doorkeeper keeper(Limits::none(), {1, 2}, nullptr);
    CHECK(let(keeper, start, v4(7), 100'000, true) == 100'000);
}

TEST_CASE("the list is that of the program where it has one") {
    BanList list;
    Doorkeeper own({}, {1, 2}, nullptr), shared({}, {1, 2}, &list);
    REQUIRE(list.add(banned_address(v4(7)), BanList::for_good, ""));
    CHECK(shared.stops(banned_address(v4(7, 99))) != nullptr);
    CHECK(shared.stops(banned_address(v4(8))) == nullptr);
    CHECK(own.stops(banned_address(v4(7))) == nullptr);
    CHECK(shared.figures().banned == 1);
}
