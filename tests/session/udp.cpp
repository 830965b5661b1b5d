// The same sessions over real sockets, in real time, on this machine alone.
#include <doctest/doctest.h>

#include <string>

#include "talk.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"

using namespace play;
using transport::IpAddress;
using transport::Udp;
using transport::UdpOptions;
using UdpNet = NetOver<Udp>;

namespace {

const UdpOptions local{.bind = IpAddress::v4(127, 0, 0, 1, 0)};

std::string address_of(const UdpNet& net) { return "127.0.0.1:" + std::to_string(net.port()); }

} // namespace

TEST_CASE("over Udp two sessions meet, talk in every way, and need no allocation once they have settled") {
    allocations::Talk<UdpNet> talk{Udp(local), Udp(local)};
    talk.meets_and_talks();
    CHECK(talk.at_host.shots > 2900);
    CHECK(talk.at_host.sparks > 0);
    CHECK(talk.at_guest.marks > 0);
}

TEST_CASE("a datagram that goes to and fro between threads needs no allocation") {
    transport::Threaded<Udp> a{Udp(local)}, b{Udp(local)};
    const auto at_a = a.open(0), at_b = b.open(0);
    REQUIRE(at_a);
    REQUIRE(at_b);
    int thrown = 0, heard = 0;
    const auto give_back = [&](const IpAddress& from, Lane lane, BytesIn bytes) {
        ++heard;
        (void)b.send(from, lane, bytes);
    };
    const allocations::Count count;
    for (int i = 0; i < 20'000 && heard < 2000; ++i) {
        thrown += a.send(*at_b, {}, bytes_of("ball")) == Sent::sent;
        a.flush();
        b.wait(now() + milliseconds(1));
        b.poll(give_back);
        b.flush();
        a.poll([](const IpAddress&, Lane, BytesIn) {});
    }
    CHECK(count.calls() == 0);
    CHECK(heard >= 2000); // several may come at once
    CHECK(heard <= thrown);
}

TEST_CASE("over Udp a wrong address, an unknown host and a port in use have their names") {
    UdpNet first({}, Udp(local)), second({}, Udp(local));
    REQUIRE(first.host(0));
    CHECK(second.host(first.port()).error() == Error::port_in_use);
    CHECK(second.status() == Status::idle);
    CHECK(second.join("nonexistent.invalid:4000").error() == Error::unknown_host);
    CHECK(second.join("127.0.0.1").error() == Error::bad_address);
    CHECK(second.join("127.0.0.1:0").error() == Error::bad_address);
    CHECK(second.status() == Status::idle);
    REQUIRE(second.join(address_of(first)));
    CHECK(second.join(address_of(first)).error() == Error::already_open);
}

TEST_CASE("over Udp a join to where nobody listens ends with the timeout") {
    UdpNet nobody({}, Udp(local)), caller({.timeout = 300_ms}, Udp(local));
    allocations::Listener listener;
    REQUIRE(nobody.host(0));
    const std::string address = address_of(nobody);
    nobody.leave();
    nobody.tick(now(), listener);
    CHECK(!nobody.transport().is_open());
    REQUIRE(caller.join(address));
    for (int i = 0; i < 20'000 && caller.status() == Status::joining; ++i) {
        caller.wait(now() + milliseconds(5));
        caller.tick(now(), listener);
    }
    CHECK(caller.status() == Status::closed);
}

TEST_CASE("over Udp a guest goes on from another port as the peer that it is") {
    UdpNet host({}, Udp(local)), guest({}, Udp(local));
    Player at_host, at_guest;
    REQUIRE(host.host(0));
    REQUIRE(guest.join(address_of(host)));
    const auto run_until = [&](auto&& holds) {
        for (int i = 0; i < 20'000 && !holds(); ++i) {
            guest.wait(now() + milliseconds(2));
            guest.tick(now(), at_guest);
            host.tick(now(), at_host);
        }
        return holds();
    };
    REQUIRE(run_until([&] { return guest.status() == Status::joined; }));
    const std::uint16_t before = guest.port();
    REQUIRE(guest.send(PeerId::host(), Line{"before"}));
    REQUIRE(guest.move());
    CHECK(guest.port() != before);
    REQUIRE(guest.send(PeerId::host(), Line{"after"}));
    REQUIRE(host.broadcast(Line{"to whom it was"}));
    CHECK(run_until(
        [&] { return at_host.lines == "1:before 1:after" && at_guest.lines == "0:to whom it was"; }));
    CHECK(at_host.notices.find('-') == std::string::npos);
}

TEST_CASE("over Udp guests of both families, and one that could have either, meet in one room on one port") {
    UdpNet host, four({}, Udp(UdpOptions{.ipv6 = false})), six({}, Udp(UdpOptions{.ipv4 = false})), either;
    if (!Udp(UdpOptions{.bind = IpAddress::parse("[::1]:1").value_or({}), .ipv4 = false}).open(0)) return;
    Player at_host, at_four, at_six, at_either;
    REQUIRE(host.host(0));
    const std::string port = ":" + std::to_string(host.port());
    REQUIRE(four.join("127.0.0.1" + port));
    REQUIRE(six.join("[::1]" + port));
    REQUIRE(either.join("[::1]" + port));
    const auto run_until = [&](auto&& holds) {
        for (int i = 0; i < 20'000 && !holds(); ++i) {
            host.wait(now() + milliseconds(2));
            host.tick(now(), at_host);
            four.tick(now(), at_four);
            six.tick(now(), at_six);
            either.tick(now(), at_either);
        }
        return holds();
    };
    REQUIRE(run_until([&] {
        return four.status() == Status::joined && six.status() == Status::joined &&
               either.status() == Status::joined;
    }));
    REQUIRE(four.send(PeerId::host(), Line{"four"}));
    CHECK(run_until([&] { return !at_host.lines.empty(); }));
    REQUIRE(six.send(PeerId::host(), Line{"six"}));
    REQUIRE(host.broadcast(Line{"all"}));
    CHECK(run_until([&] {
        return at_host.lines.find("six") != std::string::npos && at_four.lines == "0:all" &&
               at_six.lines == "0:all" && at_either.lines == "0:all";
    }));
    CHECK(host.health().peer_count == 3);
}
