#include "tenon/link/remedy.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("sides of one major version understand each other") {
    CHECK(speaks_with_us(protocol_version));
    CHECK(speaks_with_us(protocol_version | 0xFF));
    CHECK_FALSE(speaks_with_us(protocol_version + 0x100));
    CHECK_FALSE(speaks_with_us(1));
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
