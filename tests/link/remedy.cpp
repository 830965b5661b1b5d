#include "tenon/link/remedy.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;

TEST_CASE("sides of one major version understand each other") {
    CHECK(speaks_with_us(protocol_version));
    CHECK(speaks_with_us(protocol_version | 0xFF));
    CHECK_FALSE(speaks_with_us(protocol_version + 0x100));
    CHECK_FALSE(speaks_with_us(1));
}

TEST_CASE("a caller of another profile is told what differs") {
    CHECK(Remedy::codec("bits").text() == "the host's codec is bits, this program's is another");
    CHECK(Remedy::codec({}).text() == "the host's codec is another");
    CHECK(Remedy::features(5, 4).text() == "the host has reliability::AckRetry, this program has not");
    CHECK(Remedy::features(4, 6).text() == "this program has reliability::Redundant, the host has not");
    CHECK(Remedy::features(0, 5).text() == "this program has reliable delivery, the host has not");
    CHECK(Remedy::features(4 | 8 | 16, 4).text() == "the host has topology::Mesh, this program has not");
    CHECK(Remedy::features(4 | 8, 4).text() ==
          "the host has topology::AuthorityHosted, this program has not");
    CHECK(Remedy::features(4 | 8, 4 | 8 | 32).text() ==
          "this program has a topology with a bus, the host has not");
    CHECK(Remedy::features(4, 4 | 64).text() == "the host has another profile");
    for (std::uint32_t bits = 0; bits < 128; ++bits) {
        CHECK(Remedy::features(bits, 0).text().size() <= 80);
        CHECK(Remedy::features(0, bits).text().size() <= 80);
        CHECK(Remedy::features(bits, bits ^ 2).text().size() <= 80);
    }
    CHECK(Remedy::codec(std::string(100, 'c')).text().size() <= 80);
    CHECK(Remedy::road(true).text() == "the host's road carries datagrams beside its stream, yours does not");
    CHECK(Remedy::road(false).text() == "your road carries datagrams beside its stream, the host's does not");
}

TEST_CASE("a caller of another version is told which side to update") {
    CHECK(Remedy::game(3, 2).text() == "the host plays version 3, this program 2: update it");
    CHECK(Remedy::game(3, 12).text() ==
          "the host plays version 3, this program 12: the host needs an update");
    CHECK(Remedy::protocol(0x0201).text() ==
          "the host speaks protocol 1.0, this program 2.1: the host needs an update");
    CHECK(Remedy::protocol(1).text() == "the host speaks protocol 1.0, this program 0.1: update it");
    CHECK(Remedy::game(0xFFFF'FFFF, 0xFFFF'FFFE).text() ==
          "the host plays version 4294967295, this program 4294967294: update it");
    CHECK(Remedy::protocol(0xFFFF).text().size() <= 80);
    CHECK(Remedy::game(1, 0xFFFF'FFFF).text().size() <= 80); // what a refusal has room for
}
