// The same sessions over real connections, in real time, on this machine alone.
#include <doctest/doctest.h>

#include <string>

#include "parts.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/tcp.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::Tcp;
using TcpNet = NetOver<Tcp>;

namespace {

ConnectionOptions local() {
    ConnectionOptions options;
    options.bind = IpAddress::loopback(0);
    return options;
}
std::string address_of(const TcpNet& net) { return "127.0.0.1:" + std::to_string(net.port()); }

// Turns both until `done`, for as long as a patient run takes.
template <class Listener, class F>
void turn(TcpNet& host, Listener& at_host, TcpNet& guest, Listener& at_guest, F&& done) {
    for (int i = 0; i < 60'000 && !done(); ++i) {
        guest.wait(now() + milliseconds(1));
        guest.tick(now(), at_guest);
        host.tick(now(), at_host);
    }
}

} // namespace

TEST_CASE("over Tcp what is large comes whole, who leaves says so, and who is cut off is told") {
    TcpNet host({}, Tcp(local())), guest({}, Tcp(local()));
    Player at_host, at_guest;
    REQUIRE(host.host(0));
    const std::string address = address_of(host);
    REQUIRE(guest.join(address));
    turn(host, at_host, guest, at_guest, [&] { return guest.status() == Status::joined; });
    const std::string large(60'000, 'x');
    for (int i = 0; i < 3; ++i) {
        CHECK(host.broadcast(Line{large}));
        CHECK(guest.send(PeerId::host(), Line{large}));
    }
    turn(host, at_host, guest, at_guest,
         [&] { return at_host.lines.size() > 180'000 && at_guest.lines.size() > 180'000; });
    CHECK(at_host.lines == "1:" + large + " 1:" + large + " 1:" + large);
    CHECK(at_guest.lines == "0:" + large + " 0:" + large + " 0:" + large);
    CHECK(guest.send(PeerId::host(), Line{"last words"}));
    guest.leave();
    turn(host, at_host, guest, at_guest, [&] {
        return at_host.notices.find("1:-/left") != std::string::npos && !guest.transport().is_open();
    });
    CHECK(at_host.lines.find("last words") != std::string::npos);
    CHECK(at_host.notices.find("1:-/left") != std::string::npos);
    CHECK(!guest.transport().is_open());
    // Again, and the host's program is gone without a word.
    Player::take(at_guest.notices);
    REQUIRE(guest.join(address));
    turn(host, at_host, guest, at_guest, [&] { return guest.status() == Status::joined; });
    REQUIRE(guest.status() == Status::joined);
    host.transport().close();
    turn(host, at_host, guest, at_guest, [&] { return guest.status() == Status::closed; });
    CHECK(at_guest.notices.find("closed/connection_lost") != std::string::npos);
    // And nobody is there to answer.
    Player::take(at_guest.notices);
    REQUIRE(guest.join(address));
    turn(host, at_host, guest, at_guest, [&] { return guest.status() == Status::closed; });
    CHECK(at_guest.notices.find("closed/connection_lost") != std::string::npos);
}

TEST_CASE("over Tcp a guest who comes before its host gets in when that is up, and again when it is back") {
    TcpNet probe({}, Tcp(local())), guest({}, Tcp(local()));
    REQUIRE(probe.host(0));
    const std::string address = address_of(probe);
    const std::uint16_t port = probe.port();
    probe.transport().close(); // nobody is there
    Player at_host, at_guest;
    for (int round = 0; round < 2; ++round) {
        TcpNet host({}, Tcp(local()));
        int joins = 0;
        for (int i = 0; i < 60'000 && guest.status() != Status::joined; ++i) {
            if (guest.status() == Status::idle || guest.status() == Status::closed) {
                if (++joins == 4) REQUIRE(host.host(port));
                REQUIRE(guest.join(address));
            }
            guest.wait(now() + milliseconds(1));
            guest.tick(now(), at_guest);
            if (joins >= 4) host.tick(now(), at_host);
        }
        REQUIRE(guest.status() == Status::joined);
        CHECK(joins == 4);
        const std::string refused = Player::take(at_guest.notices);
        CHECK(refused.find("closed/connection_lost") != std::string::npos);
        CHECK(guest.send(PeerId::host(), Line{"here"}));
        turn(host, at_host, guest, at_guest, [&] { return !at_host.lines.empty(); });
        CHECK(at_host.lines.find("here") != std::string::npos);
        at_host = Player();
        host.transport().close(); // its program is gone without a word
        turn(host, at_host, guest, at_guest, [&] { return guest.status() == Status::closed; });
        CHECK(guest.status() == Status::closed);
    }
}
