#include "tenon/lan/udp.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include "tenon/schema/game.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"lan-udp-test", 1, Event<Word, Ordered>>;

// A port that is free now; signs share theirs, so none is taken by another's.
std::uint16_t free_port() {
    lan::Udp udp;
    const auto at = udp.open(0);
    REQUIRE(at);
    return at->port;
}
// Two signs and a lobby on this machine: what the lobby has found.
std::string found(const lan::UdpOptions& how) {
    const std::uint16_t port = free_port();
    lan::Sign<Talk> one{lan::Udp(how)}, two{lan::Udp(how)};
    lan::Lobby<Talk> lobby{lan::Udp(how)};
    if (!one.open(port)) return "can't open";
    if (!two.open(port) || !lobby.open(port)) return "can't share";
    for (int i = 0; i < 200 && lobby.size() < 2; ++i) {
        lobby.tick(tenon::now());
        lobby.transport().wait(tenon::now() + 5_ms);
        one.tick(tenon::now(), {.room = "one", .port = 4001, .players = 1, .places = 2});
        two.tick(tenon::now(), {.room = "two", .port = 4002, .players = 1, .places = 2});
        lobby.transport().wait(tenon::now() + 5_ms);
    }
    std::string rooms;
    for (const char* name : {"one", "two"})
        for (const auto& room : lobby)
            if (room.what.room.view() == name) {
                CHECK(room.fits);
                CHECK(room.address.port == (room.what.room.view() == "one" ? 4001 : 4002));
                CHECK(!room.address.is_any());
                rooms += name;
            }
    return rooms;
}

} // namespace

TEST_CASE("two hosts on one machine are found by broadcast, and by both") {
    CHECK(found({.multicast = false}) == "onetwo");
    CHECK(found({}) == "onetwo");
}

TEST_CASE("and by multicast, where an interface has it") {
    for (const bool v4 : {true, false}) {
        bool has = false;
        transport::for_each_interface([&](const transport::Interface& one) {
            has = has || (one.multicast && one.address.is_v4() == v4);
        });
        const std::string rooms = found({.ipv4 = v4, .ipv6 = !v4, .broadcast = false});
        if (has)
            CHECK(rooms == "onetwo");
        else
            std::printf("skipped: no interface here has multicast over %s (%s)\n", v4 ? "IPv4" : "IPv6",
                        rooms.c_str());
    }
}

TEST_CASE("who waits in a local network is woken by either family, however long it would have slept") {
    for (const bool v4 : {true, false}) {
        lan::Udp udp;
        REQUIRE(udp.open(0));
        lan::Udp alone({.ipv4 = v4, .ipv6 = !v4});
        const auto at = alone.open(0);
        if (!at) continue; // IPv6 is not everywhere
        const auto to =
            v4 ? transport::IpAddress::loopback(at->port) : transport::IpAddress::loopback_v6(at->port);
        REQUIRE(udp.send(to, {}, bytes_of("wake up")) == Sent::sent);
        alone.wait(Instant::never());
        std::string heard;
        alone.poll([&](const transport::IpAddress&, Lane, BytesIn said) { heard = text_of(said); });
        CHECK(heard == "wake up");
    }
}

TEST_CASE("a socket of the local network is a transport like others") {
    lan::Udp udp;
    CHECK(!udp.is_open());
    std::array<std::byte, 1300> bytes{};
    CHECK(udp.send(transport::IpAddress::loopback(9), {}, bytes_of("x")) == Sent::closed);
    udp.shout(9, bytes_of("x"));
    const auto at = udp.open(0);
    REQUIRE(at);
    CHECK(udp.open(0).error() == Error::already_open);
    CHECK(udp.local_address() == *at);
    CHECK(udp.send(transport::IpAddress::loopback(at->port), {}, bytes) == Sent::too_big);
    CHECK(udp.send(transport::IpAddress::loopback(at->port), {}, bytes_of("hello")) == Sent::sent);
    std::string heard;
    for (int i = 0; i < 200 && heard.empty(); ++i) {
        udp.wait(tenon::now() + 5_ms);
        udp.poll([&](const transport::IpAddress& from, Lane, BytesIn said) {
            heard = std::string(text_of(said));
            CHECK(from.port == at->port);
            udp.close(); // which a handler may
        });
    }
    CHECK(heard == "hello");
    CHECK(!udp.is_open());
    CHECK(udp.resolve("10.0.0.1:5")->port == 5);
}

static_assert(tenon::TransportPolicy<tenon::lan::Udp>);
