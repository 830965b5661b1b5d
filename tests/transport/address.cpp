#include "tenon/transport/address.hpp"

#include <doctest/doctest.h>

#include <string>
#include <unordered_set>

#include "tenon/core/random.hpp"
#include "tenon/transport/connection_address.hpp"

using namespace tenon;
using transport::IpAddress;

static std::string told(const char* text) {
    const Result<IpAddress> address = IpAddress::parse(text);
    return address ? std::string(address->text().view()) : std::string(name(address.error()));
}

TEST_CASE("an address is read in the forms that people write, and written in one") {
    CHECK(told("192.0.2.1:4000") == "192.0.2.1:4000");
    CHECK(told("255.255.255.255:65535") == "255.255.255.255:65535");
    CHECK(told(":4000") == "127.0.0.1:4000");
    CHECK(told("4000") == "127.0.0.1:4000");
    CHECK(told("[2001:db8::1]:4000") == "[2001:db8::1]:4000");
    CHECK(told("[2001:DB8:0:0:0:0:0:1]:4000") == "[2001:db8::1]:4000");
    CHECK(told("[::]:1") == "[::]:1");
    CHECK(told("[::1]:1") == "[::1]:1");
    CHECK(told("[1::]:1") == "[1::]:1");
    CHECK(told("[1:2:3:4:5:6:7:8]:1") == "[1:2:3:4:5:6:7:8]:1");
    CHECK(told("[1:2:3:4:5:6:7::]:1") == "[1:2:3:4:5:6:7:0]:1");
    CHECK(told("[1:0:0:2:0:0:0:3]:1") == "[1:0:0:2::3]:1");
    CHECK(told("[64:ff9b::192.0.2.1]:1") == "[64:ff9b::c000:201]:1");
    CHECK(told("[fe80::1%7]:1") == "[fe80::1%7]:1");
    CHECK(told("[::ffff:192.0.2.1]:1") == "192.0.2.1:1");
    CHECK(IpAddress::parse("[::ffff:192.0.2.1]:9")->hash() == IpAddress::v4(192, 0, 2, 1, 9).hash());
}

TEST_CASE("what is no address is a bad address") {
    for (const char* text : {"",
                             ":",
                             "x",
                             "host",
                             "host:1",
                             "1.2.3.4",
                             "1.2.3.4:",
                             "1.2.3.4:0",
                             "1.2.3.4:65536",
                             "1.2.3.4:+1",
                             "1.2.3:1",
                             "1.2.3.4.5:1",
                             "1.2.3.256:1",
                             "01.2.3.4:1",
                             "1..3.4:1",
                             "1.2.3.4 :1",
                             "::1:1",
                             "[::1]",
                             "[::1]:",
                             "[::1]1",
                             "[::1",
                             "[]:1",
                             "[:]:1",
                             "[:::]:1",
                             "[:1]:1",
                             "[1:]:1",
                             "[1::2::3]:1",
                             "[1:2]:1",
                             "[12345::]:1",
                             "[1:2:3:4:5:6:7:8:9]:1",
                             "[1:2:3:4:5:6:7::8]:1",
                             "[::1.2.3]:1",
                             "[::1.2.3.4:5]:1",
                             "[1:2:3:4:5:6:7:1.2.3.4]:1",
                             "[fe80::1%]:1",
                             "[fe80::1%eth0]:1",
                             "[fe80::1%4294967296]:1",
                             "[g::]:1",
                             "a:99999999999999999999"}) {
        CAPTURE(text);
        CHECK(IpAddress::parse(text).error() == Error::bad_address);
    }
    CHECK(transport::split_address("host:1"));
    CHECK(transport::split_address("host").error() == Error::bad_address);
}

TEST_CASE("any address survives being written and read, and differs from its neighbours") {
    Random random(4);
    for (int i = 0; i < 20000; ++i) {
        IpAddress address;
        for (auto& byte : address.bytes)
            byte = static_cast<std::uint8_t>(random.chance(0.6) ? 0 : random.next());
        if (random.chance(0.2)) address = IpAddress::v4(1, static_cast<std::uint8_t>(random.next()), 3, 4, 1);
        address.port = static_cast<std::uint16_t>(random.between(1, 65535));
        if (!address.is_v4() && random.chance(0.3)) address.scope = static_cast<std::uint32_t>(random.next());
        const auto text = address.text();
        INFO(std::string(text.view()));
        const Result<IpAddress> read = IpAddress::parse(text);
        REQUIRE(read);
        CHECK(*read == address);
        CHECK(read->hash() == address.hash());
        IpAddress other = address;
        other.bytes[random.below(16)] ^= static_cast<std::uint8_t>(1u << random.below(8));
        CHECK(!(other == address));
    }
}

TEST_CASE("hashes spread over the addresses of one network and the ports of one host") {
    std::unordered_set<std::uint64_t> low;
    for (unsigned i = 0; i < 4096; ++i) {
        low.insert(
            IpAddress::v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 7).hash() &
            0xFFFF);
        low.insert(IpAddress::loopback(static_cast<std::uint16_t>(i + 1)).hash() & 0xFFFF);
    }
    // 8,192 even draws out of 65,536 leave 7,700 distinct; a hash that loses a byte leaves a few hundred.
    CHECK(low.size() > 7000);
}

TEST_CASE("addresses that were chosen to have one hash have different ones by another seed") {
    // Two ports of two hosts in one network of 64 bits: the hosts are as far apart as what the ports come to.
    const auto with_host = [](std::uint64_t host, std::uint16_t port) {
        IpAddress address{{0x20, 0x01, 0x0D, 0xB8}, 0, port};
        for (std::size_t i = 0; i < 8; ++i) address.bytes[8 + i] = static_cast<std::uint8_t>(host >> (8 * i));
        return address;
    };
    const auto of_port = [](std::uint16_t port) { return splitmix(0xB80D'0120u ^ splitmix(port)); };
    const IpAddress one = with_host(1, 1000), other = with_host(1 ^ of_port(1000) ^ of_port(1001), 1001);
    CHECK_FALSE(one == other);
    CHECK(one.hash() == other.hash());
    using transport::ConnectionAddress;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        const std::uint64_t seed = splitmix(i); // as tables draw theirs
        CHECK(one.hash(seed) != other.hash(seed));
        CHECK(ConnectionAddress{one}.hash(seed) != ConnectionAddress{other}.hash(seed));
    }
}

TEST_CASE("bytes of any kind are refused or read, without harm") {
    Random random(9);
    const std::string_view letters = "0123456789abcdef:[].%:x";
    for (int i = 0; i < 200000; ++i) {
        std::string text;
        for (std::uint64_t n = random.below(30); n > 0; --n) text += letters[random.below(letters.size())];
        if (const Result<IpAddress> address = IpAddress::parse(text)) {
            INFO(text);
            CHECK(*IpAddress::parse(address->text()) == *address);
        }
    }
}

TEST_CASE("an address knows what it is") {
    CHECK(IpAddress::any().is_any());
    CHECK(IpAddress::any_v4().is_any());
    CHECK(IpAddress::any_v4().is_v4());
    CHECK(!IpAddress::any().is_v4());
    CHECK(!IpAddress::loopback(1).is_any());
    CHECK(IpAddress::loopback(1).is_loopback());
    CHECK(IpAddress::loopback_v6(1).is_loopback());
    CHECK(!IpAddress::any().is_loopback());
    CHECK(!IpAddress::v4(10, 0, 0, 1, 1).is_loopback());
}
