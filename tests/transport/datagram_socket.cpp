#include "tenon/transport/datagram_socket.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <system_error>
#include <utility>

#include "tenon/transport/host_names.hpp"
#include "tenon/transport/stream_socket.hpp"
#include "tenon/transport/system_socket.hpp"

using namespace tenon;
using transport::IpAddress;
using transport::detail::DatagramSocket;
using transport::detail::is_later;
using transport::detail::StreamSocket;
using transport::detail::SystemAddress;
using transport::detail::to_error;

namespace {

DatagramSocket bound(const IpAddress& at, bool v4, bool both = false) {
    DatagramSocket socket;
    REQUIRE(!socket.open(v4, both));
    REQUIRE(!socket.bind(at, v4));
    return socket;
}

// What is there, or arrives soon.
std::string heard(const DatagramSocket& socket, IpAddress& from, std::size_t room = 100) {
    std::string bytes(room, '\0');
    std::size_t size = 0;
    std::error_code code;
    for (int tries = 0; tries < 1000; ++tries) {
        code = socket.receive(from, BytesOut(reinterpret_cast<std::byte*>(bytes.data()), bytes.size()), size);
        if (!is_later(code)) break;
        transport::detail::sleep_on(socket.handle(), false, milliseconds(10));
    }
    // Of a datagram that is too long, Windows says so, and others give what had room.
    if (code == std::errc::message_size) size = room;
    return bytes.substr(0, size);
}

} // namespace

TEST_CASE("addresses go to the system and back unchanged, and its errors have our names") {
    const IpAddress four = IpAddress::v4(192, 0, 2, 1, 4000), six = *IpAddress::parse("[fe80::1%7]:4000");
    CHECK(SystemAddress(four, true).get() == four);
    CHECK(SystemAddress(four, false).get() == four); // mapped into IPv6 on the way
    CHECK(SystemAddress(six, false).get() == six);
    CHECK(SystemAddress(four, true).size() == sizeof(sockaddr_in));
    CHECK(SystemAddress(four, false).size() == sizeof(sockaddr_in6));
    CHECK(SystemAddress(four, true).v4.sin_port == htons(4000));
    SystemAddress used(six, false);
    used.set(IpAddress::v4(192, 0, 2, 2, 4001), true); // what was there before leaves nothing behind
    CHECK(used.get() == IpAddress::v4(192, 0, 2, 2, 4001));
    CHECK(used.set(four, false) == sizeof(sockaddr_in6));
    CHECK(used.get() == four);
    CHECK(to_error(std::make_error_code(std::errc::address_in_use)) == Error::port_in_use);
    CHECK(to_error(std::make_error_code(std::errc::permission_denied)) == Error::not_permitted);
    CHECK(to_error(std::make_error_code(std::errc::network_unreachable)) == Error::unreachable);
    CHECK(to_error(std::make_error_code(std::errc::no_buffer_space)) == Error::system);
}

TEST_CASE("a socket never blocks, goes where it is moved, and is closed with its owner") {
    DatagramSocket a = bound(IpAddress::loopback(0), true);
    const IpAddress at = a.local_address();
    CHECK(at.port != 0);
    CHECK(at.is_v4());
    IpAddress from;
    std::byte bytes[10];
    std::size_t size = 0;
    CHECK(is_later(a.receive(from, bytes, size)));
#if !defined(_WIN32)
    CHECK((::fcntl(a.handle(), F_GETFD, 0) & FD_CLOEXEC) != 0);
#endif
    DatagramSocket b = bound(IpAddress::loopback(0), true);
    {
        const DatagramSocket moved = std::move(a);
        CHECK(!a.is_open());
        CHECK(moved.local_address() == at);
        CHECK(DatagramSocket().bind(at, true)); // there is none
        DatagramSocket second;
        REQUIRE(!second.open(true, false));
        CHECK(to_error(second.bind(at, true)) == Error::port_in_use);
        REQUIRE(!b.send(at, true, bytes_of("hello")));
        CHECK(heard(moved, from) == "hello");
        CHECK(from == b.local_address());
    }
    a = bound(at, true); // the port is free again
    CHECK(a.local_address() == at);
    REQUIRE(!a.open(true, false)); // another socket in the place of the one before
    CHECK(a.local_address().port == 0);
}

TEST_CASE("a socket of IPv6 hears IPv4 where both are asked for, and not otherwise") {
    DatagramSocket v4 = bound(IpAddress::loopback(0), true);
    DatagramSocket probe;
    if (probe.open(false, true) || probe.bind(IpAddress::loopback_v6(0), false)) {
        MESSAGE("IPv6 is not here");
        return;
    }
    IpAddress from;
    const DatagramSocket both = bound(IpAddress::any(), false, true);
    IpAddress to = IpAddress::loopback(both.local_address().port);
    REQUIRE(!v4.send(to, true, bytes_of("by v4")));
    CHECK(heard(both, from) == "by v4");
    CHECK(from == v4.local_address());
    REQUIRE(!both.send(from, false, bytes_of("back"))); // mapped
    CHECK(heard(v4, from) == "back");
    CHECK(from == to);
    REQUIRE(!probe.send(IpAddress::loopback_v6(to.port), false, bytes_of("by v6")));
    CHECK(heard(both, from) == "by v6");
    CHECK(from == probe.local_address());

    const DatagramSocket one = bound(IpAddress::any(), false, false);
    to.port = one.local_address().port;
    (void)v4.send(to, true, bytes_of("not for you")); // may be refused at the next call
    REQUIRE(!probe.send(IpAddress::loopback_v6(to.port), false, bytes_of("for you")));
    CHECK(heard(one, from) == "for you");
}

TEST_CASE("what is too long is refused on its way out, and cut where there is no room for it") {
    const DatagramSocket a = bound(IpAddress::loopback(0), true), b = bound(IpAddress::loopback(0), true);
    IpAddress from;
    CHECK(a.send(b.local_address(), true, bytes_of(std::string(65508, 'x'))) == std::errc::message_size);
    REQUIRE(!a.send(b.local_address(), true, bytes_of("")));
    REQUIRE(!a.send(b.local_address(), true, bytes_of("0123456789")));
    CHECK(heard(b, from).empty());
    CHECK(heard(b, from, 4) == "0123");
}

TEST_CASE("what the name service says is a code with a sentence") {
    const auto parts = transport::split_address("nonexistent.invalid:4000");
    REQUIRE(parts);
    std::error_code code;
    const auto none = transport::detail::look_up(*parts, code, [](const IpAddress&) { return true; });
    CHECK(none.error() == Error::unknown_host);
    CHECK(code);
    CHECK(!code.message().empty());
}
